"""The task of a network: what it is given and what it predicts."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class PairForm:
    """What a network is given and what it answers.

    `condition`: the photograph's lightness, or a line drawing made of it. `target`: two planes of ab ("ab", and
    "distribution" when the network answers with logits over them), the whole picture in Lab ("lab") or in RGB
    ("rgb"), or its light alone, without the damage that the condition has ("light"). ab planes are CIE units divided by
    `scale`; L is L*/50 - 1 and RGB is in [-1, 1]. The answer has one position for `stride` pixels.
    """

    condition: Literal["lightness", "sketch"] = "lightness"
    target: Literal["distribution", "ab", "lab", "rgb", "light"] = "distribution"
    scale: float = 1.0
    stride: int = 4

    @property
    def channels(self) -> int:
        """Planes of the target."""
        return {"lab": 3, "rgb": 3, "light": 1}.get(self.target, 2)
