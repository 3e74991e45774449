"""Whether a picture has colour at all: the one criterion that the data doctor and training share.

A grey photograph may be stored as RGB, and an old print has a tint: sepia, selenium, the yellow of its paper. All of
these have one colour for each lightness. So the colour that lightness predicts is taken out, and the rest is measured.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

# Measured on 42,646 small pictures (short side 96 to 256, mostly WebP). The 115 grey ones leave 0.07 or less. Then come
# the moon on black (0.99) and a sepia beach (1.05); from 1.2 on mist and snow lie among the sepia.
MOST_RESIDUAL = 0.7

# Lossy coding of the tint itself leaves more: of 3,553 photographs toned by us and coded as JPEG or WebP at quality 60
# to 95, 84 in 100 leave less than 2, and there they overlap with mist and bare mountains. Those are bluish or of low
# contrast; the tints of old prints are warm. So up to this limit only warm pictures with contrast count as tinted.
MOST_TINTED_RESIDUAL = 2.0
WARM_HUES = (20.0, 115.0)  # degrees in the ab plane: brown-red, sepia, yellow, olive
LEAST_CONTRAST = 15.0  # standard deviation of L*: with less, any picture seems to have one colour
LEAST_CHROMA = 2.0  # C*ab; below it a tint cannot be told from neutral grey

_CELLS, _SIDE = 8, 128  # across the short side: of the grid, of the pixels looked at
_LEVELS, _SMOOTHING = 256, 8  # of L*, and how many of them share their mean colour
_PRIOR = 1e-3  # pull of the mean tint on each level, in shares of the pixels that it would have if all had as many

Kind = Literal["colour", "tinted", "grey"]


@dataclass(frozen=True)
class Tint:
    """`residual`: C*ab left without the tint; `chroma`: mean C*ab; `hue`: degrees; `contrast`: deviation of L*."""

    residual: float
    chroma: float
    hue: float
    contrast: float

    @property
    def kind(self) -> Kind:
        """`grey`: no colour. `tinted`: one colour for each lightness, as in a sepia print. `colour`: all else."""
        if self.residual <= MOST_RESIDUAL:
            return "tinted" if self.chroma >= LEAST_CHROMA else "grey"
        warm = WARM_HUES[0] <= self.hue <= WARM_HUES[1] and self.chroma >= LEAST_CHROMA
        if warm and self.contrast >= LEAST_CONTRAST and self.residual <= MOST_TINTED_RESIDUAL:
            return "tinted"
        return "colour"


def monotone(rgb: NDArray[np.uint8]) -> float:
    """C*ab that is left in uint8 RGB (H, W, 3) after a tint that depends on lightness alone is taken out; 0 is grey.

    The 99th percentile over a grid of 8 cells across the short side: one coloured object of a cell's size is enough to
    make a colour picture, while the noise of lossy coding averages out.
    """
    return measure_tint(rgb).residual


def is_grey(rgb: NDArray[np.uint8]) -> bool:
    """True when nothing but lightness, and perhaps a cleanly coded tint, is in uint8 RGB (H, W, 3)."""
    return monotone(rgb) <= MOST_RESIDUAL


def measure_tint(rgb: NDArray[np.uint8]) -> Tint:
    """All figures of uint8 RGB (H, W, 3), of any size."""
    small = _reduce(np.ascontiguousarray(rgb), _SIDE).astype(np.float32) / 255
    lightness, *ab = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2LAB))
    means = [float(plane.mean()) for plane in ab]
    level = (lightness * ((_LEVELS - 1) / 100) + 0.5).astype(np.uint8)
    left = [_reduce(_without_tint(level, plane - mean), _CELLS) for plane, mean in zip(ab, means, strict=True)]
    return Tint(
        residual=float(np.percentile(np.hypot(*left), 99)),
        chroma=float(cv2.magnitude(*ab).mean()),
        hue=math.degrees(math.atan2(means[1], means[0])) % 360,
        contrast=float(lightness.std()),
    )


def _reduce(pixels: NDArray[Any], short_side: int) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _without_tint(level: NDArray[np.uint8], plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """`plane`, a or b with mean 0, less its mean over the pixels of about the same lightness `level`."""
    window = np.bartlett(2 * _SMOOTHING + 1)
    sums, counts = (
        np.convolve(np.bincount(level.ravel(), weights, _LEVELS), window, "same") for weights in (plane.ravel(), None)
    )
    tint = sums / (counts + _PRIOR * _SMOOTHING * level.size / _LEVELS)
    return np.asarray(plane - tint.astype(np.float32)[level], np.float32)
