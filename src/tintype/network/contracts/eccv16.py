"""Zhang et al. 2016, "Colorful image colorization": L* in, ab in CIE units out, both norms inside the graph.

The automatic half of siggraph17, exported without its hints, has the same interface. Graphs that came from Caffe want
L* - 50 and answer at a quarter of 224 pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tintype.imaging.types import Planes
from tintype.network.graph_reader import Interface, Port

from .contract import Contract, star_of

CAFFE_INPUT, CAFFE_ANSWER = (224, 224), (56, 56)


@dataclass(frozen=True)
class Eccv16(Contract):
    """One input of one plane, an answer of two; `centre` is what L* lacks of itself."""

    centre: float = 0.0

    def fits(self, interface: Interface) -> bool:
        if not super().fits(interface):
            return False
        answers = [port.size for port in interface.outputs if port.channels == self.answered]
        is_caffe = interface.inputs[0].size == CAFFE_INPUT and CAFFE_ANSWER in answers
        return is_caffe == bool(self.centre)

    def feed(self, lightness: Planes, hints: Planes | None, inputs: Sequence[Port]) -> list[Planes]:
        return [star_of(lightness) - np.float32(self.centre)]


CONTRACTS = (
    Eccv16("eccv16", "Zhang 2016, or siggraph17 without hints", (1,), 2, size=256, multiple=8),
    Eccv16("eccv16-caffe", "Zhang 2016, from Caffe", (1,), 2, size=224, multiple=8, centre=50.0),
)
