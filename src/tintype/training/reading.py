"""How a model file reads colours from its distribution: a temperature, and gains by hue, by lightness, and for skin."""

import math
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from torch.nn import functional

TEMPERATURE = 0.6
# L*, 0 to 100. A light stands so far above the mean of its picture, and there are lights in pictures that are darker
# than this; below SHADE a place shows little colour. Each with the softness of its limit.
LIT_ABOVE, LIT_SOFTNESS = 30.0, 5.0
DARK_PICTURE, PICTURE_SOFTNESS = 45.0, 4.0
SHADE, SHADE_SOFTNESS = 18.0, 4.0
LIT_SHARE, SHARE_SOFTNESS = 0.25, 0.05  # of the picture; where more is bright it is day, seen through an arch
WARM_HUE = 55.0  # degrees in ab: the median skin of six groups of tone lies between 47 and 56 (300 portraits)


@dataclass(frozen=True)
class Reading:
    """Annealed mean and gains, part of the graph of a model file.

    `temperature` sharpens the colour distribution (1: plain mean); `chroma_gain` multiplies its mean, which is always
    paler than photographs are, and `warm_gain` does at the hue of skin, which is paler than most. `skin` is a file of a
    `SkinProbe`; where it finds skin, colours of that hue are multiplied by `skin_gain`, and before that the colours of
    skin become likelier by the probe's odds to the power of `skin_odds`: 1 is Bayes' rule, were the probe all that is
    known; 0, none of it.

    Lamps, candles and what they shine on have one hue but any strength, so that a mean over the strengths is nearly
    white: where a dark picture is `lit`, colours are multiplied by `light_gain`. In the `shade` nobody sees a colour
    that is right, only one that is wrong: there all gains are multiplied by `shade_gain`.
    """

    temperature: float = TEMPERATURE
    chroma_gain: float = 1.0
    warm_gain: float | None = None
    skin: str | Path | None = None
    skin_gain: float = 1.0
    light_gain: float | None = None
    shade_gain: float = 1.0
    skin_odds: float = 0.0

    @property
    def by_lightness(self) -> bool:
        """Do gains depend on lightness?"""
        return self.light_gain is not None or self.shade_gain != 1

    def gain(self, ab: Tensor, lightness: Tensor | None = None, skin: Tensor | None = None) -> Tensor | float:
        """What to multiply colours (N, 2, h, w) by, where `lightness` (N, 1, h, w), in [-1, 1], is that of the places,
        and `skin` (N, 1, h, w) the probability of skin, 0 to 1. A colour keeps its hue, so that dividing undoes it."""
        gain = gain_by_hue(ab, self.chroma_gain, self.warm_gain)
        if lightness is not None and self.light_gain is not None:
            lights = lit(lightness) if skin is None else lit(lightness) * (1 - skin) ** 2  # a face is no lamp
            gain = gain + (self.light_gain - gain) * lights
        if lightness is not None and self.shade_gain != 1:
            gain = gain * (1 - (1 - self.shade_gain) * shade(lightness))
        return gain if skin is None else gain + (self.skin_gain - gain) * skin * warm_share(ab)


DEFAULT = Reading()


def lit(lightness: Tensor) -> Tensor:
    """How surely places of pictures, lightness (N, 1, h, w) in [-1, 1], are lights of a dark one, or lit by them:
    0 to 1, of the same shape."""
    light = to_l(lightness)
    mean = light.mean((2, 3), keepdim=True)
    above = ((light - mean - LIT_ABOVE) / LIT_SOFTNESS).sigmoid() * ((DARK_PICTURE - mean) / PICTURE_SOFTNESS).sigmoid()
    share = above.mean((2, 3), keepdim=True)
    return above * ((LIT_SHARE - share) / SHARE_SOFTNESS).sigmoid()


def shade(lightness: Tensor) -> Tensor:
    """How surely places, lightness (N, 1, h, w) in [-1, 1], lie in the dark: 0 to 1, of the same shape."""
    return ((SHADE - to_l(lightness)) / SHADE_SOFTNESS).sigmoid()


def to_l(lightness: Tensor) -> Tensor:
    """L*, 0 to 100, of lightness in [-1, 1]."""
    return (lightness.float() + 1) * 50


def at_stride(lightness: Tensor, stride: int) -> Tensor:
    """The mean lightness of cells: (N, 1, H, W) -> (N, 1, H / stride, W / stride)."""
    return functional.avg_pool2d(lightness, stride)


def gain_by_hue(ab: Tensor, gain: float, warm_gain: float | None) -> Tensor | float:
    """What to multiply colours (N, 2, h, w) by, (N, 1, h, w): `warm_gain` at the hue of skin, `gain` a right angle from
    it and beyond, by the squared cosine between them."""
    return gain if warm_gain is None else gain + (warm_gain - gain) * warm_share(ab)


def warm_share(ab: Tensor) -> Tensor:
    """How near the hues of colours (N, 2, h, w) are to that of skin, (N, 1, h, w): the squared cosine, 0 beyond 90°."""
    warm = ab[:, :1] * math.cos(math.radians(WARM_HUE)) + ab[:, 1:] * math.sin(math.radians(WARM_HUE))
    return warm.clamp(min=0) ** 2 / ((ab**2).sum(1, keepdim=True) + 1e-6)
