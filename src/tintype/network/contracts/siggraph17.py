"""Zhang et al. 2017, "Real-time user-guided image colorization with learned deep priors": colours can be told to it.

Given are L*, ab of the hints in CIE units, and a mask that is 1 where there is a hint and 0 elsewhere. The mask is not
centred: a network that was made for 0 and 1 and is given -0.5 and 0.5 answers with a cast and does not spread hints.
"""

from collections.abc import Sequence

import numpy as np

from tintype.imaging.types import Planes
from tintype.network.graph_reader import Port

from .contract import Contract, star_of

HINT_SCALE = 110.0  # CIE units that tintype's own planes hold as 1
MASKS = ("mask", "map")


class Siggraph17(Contract):
    """Three inputs, of one, two and one plane, in any order: L*, ab of the hints, their mask."""

    def feed(self, lightness: Planes, hints: Planes | None, inputs: Sequence[Port]) -> list[Planes]:
        count, _, height, width = lightness.shape
        told = np.zeros((count, 3, height, width), np.float32) if hints is None else hints
        mask = told[:, 2:]
        single = [port for port in inputs if port.channels == 1]
        named = [port for port in single if any(word in port.name.lower() for word in MASKS)]
        # By its name if that tells, else L* comes first as everywhere.
        mask_port = named[0] if len(named) == 1 else single[-1]
        planes = {2: told[:, :2] * mask * np.float32(HINT_SCALE)}
        return [
            planes[2] if port.channels == 2 else mask if port is mask_port else star_of(lightness) for port in inputs
        ]


CONTRACTS = (
    Siggraph17(
        "siggraph17",
        "Zhang 2017, with hints",
        given=(1, 2, 1),
        answered=2,
        size=256,
        multiple=8,
        takes_hints=True,
    ),
)
