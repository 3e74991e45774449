"""How a model file reads colours from its distribution: a temperature, and gains by hue and where there is skin."""

import math
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

TEMPERATURE = 0.6
WARM_HUE = 55.0  # degrees in ab: the median skin of six groups of tone lies between 47 and 56 (300 portraits)


@dataclass(frozen=True)
class Reading:
    """Annealed mean and gains, part of the graph of a model file.

    `temperature` sharpens the colour distribution (1: plain mean); `chroma_gain` multiplies its mean, which is always
    paler than photographs are, and `warm_gain` does at the hue of skin, which is paler than most. `skin` is a file of a
    `SkinProbe`; where it finds skin, colours of that hue are multiplied by `skin_gain`.
    """

    temperature: float = TEMPERATURE
    chroma_gain: float = 1.0
    warm_gain: float | None = None
    skin: str | Path | None = None
    skin_gain: float = 1.0

    def gain(self, ab: Tensor, skin: Tensor | None = None) -> Tensor | float:
        """What to multiply colours (N, 2, h, w) by, where `skin` (N, 1, h, w) is the probability of skin, 0 to 1. A
        colour keeps its hue, so that dividing undoes it."""
        gain = gain_by_hue(ab, self.chroma_gain, self.warm_gain)
        return gain if skin is None else gain + (self.skin_gain - gain) * skin * warm_share(ab)


DEFAULT = Reading()


def gain_by_hue(ab: Tensor, gain: float, warm_gain: float | None) -> Tensor | float:
    """What to multiply colours (N, 2, h, w) by, (N, 1, h, w): `warm_gain` at the hue of skin, `gain` a right angle from
    it and beyond, by the squared cosine between them."""
    return gain if warm_gain is None else gain + (warm_gain - gain) * warm_share(ab)


def warm_share(ab: Tensor) -> Tensor:
    """How near the hues of colours (N, 2, h, w) are to that of skin, (N, 1, h, w): the squared cosine, 0 beyond 90°."""
    warm = ab[:, :1] * math.cos(math.radians(WARM_HUE)) + ab[:, 1:] * math.sin(math.radians(WARM_HUE))
    return warm.clamp(min=0) ** 2 / ((ab**2).sum(1, keepdim=True) + 1e-6)
