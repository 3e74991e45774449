"""What a contract is: how a published family of colourisers is asked, and how its answer is to be read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tintype.imaging.types import Planes
from tintype.network.graph_reader import Interface, Port


@dataclass(frozen=True)
class Contract:
    """The interface of a family of networks.

    Attributes:
        name: what it is called in `--model NAME:FILE.onnx`.
        family: of which networks, in words.
        given: channels of the inputs, in any order.
        answered: channels of the output that is the answer.
        size: short side in pixels that the family likes best, where the graph takes any.
        multiple: what both sides must then be a multiple of.
        takes_hints: whether colours at places can be told to it.
    """

    name: str
    family: str
    given: tuple[int, ...]
    answered: int
    size: int
    multiple: int
    takes_hints: bool = False

    def fits(self, interface: Interface) -> bool:
        """Whether a graph may be of this family, by its inputs and outputs alone. Channels of an output that nothing
        is said of count as any."""
        given = [port.channels for port in interface.inputs]
        if any(port.type not in ("float32", "float16", "float64") for port in interface.inputs):
            return False
        if None in given or sorted(number or 0 for number in given) != sorted(self.given):
            return False
        return any(port.channels == self.answered or port.channels is None for port in interface.outputs)

    def feed(self, lightness: Planes, hints: Planes | None, inputs: Sequence[Port]) -> list[Planes]:
        """What each of `inputs` is given for lightness (1, 1, H, W), L*/50 - 1, and hints (1, 3, H, W): a/110, b/110
        and a mask of 0 and 1."""
        raise NotImplementedError

    def ab(self, answer: Planes, lightness: Planes) -> Planes:
        """ab (1, 2, h, w) in CIE units of an answer (1, `answered`, h, w) to lightness (1, 1, H, W)."""
        return answer

    def believes(self, answer: Planes) -> bool:
        """Whether an answer to mid grey can be one of this family; tells apart what shapes cannot."""
        return True


def star_of(lightness: Planes) -> Planes:
    """L*, 0 to 100, of planes L*/50 - 1."""
    return np.asarray(np.clip(lightness * np.float32(50) + np.float32(50), 0, 100), np.float32)
