"""DDColor (Kang et al. 2023, "DDColor: towards photo-realistic image colorization via dual decoders").

Given is the neutral sRGB picture, 0 to 1, of the lightness alone; ImageNet's mean and deviation are taken away inside
the graph. The answer is ab in CIE units, at the size of the input.
"""

from collections.abc import Sequence

import numpy as np

from tintype.imaging.color import luma_from_lightness
from tintype.imaging.types import Planes
from tintype.network.graph_reader import Port

from .contract import Contract, star_of


class DDColor(Contract):
    """One input of three planes, an answer of two."""

    def feed(self, lightness: Planes, hints: Planes | None, inputs: Sequence[Port]) -> list[Planes]:
        grey = luma_from_lightness(star_of(lightness))
        return [np.repeat(grey, 3, axis=1)]


CONTRACTS = (DDColor("ddcolor", "DDColor", given=(3,), answered=2, size=512, multiple=32),)
