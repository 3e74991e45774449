"""Whether a picture has colour at all: the one criterion that the data doctor and training share.

The measure and its limits are those of `tintype.imaging.tone`, made faster by OpenCV for millions of pictures.

The limits were measured on 42,646 small pictures (short side 96 to 256, mostly WebP). The 115 grey ones leave 0.07 or
less. Then come the moon on black (0.99) and a sepia beach (1.05); from 1.2 on mist and snow lie among the sepia. Lossy
coding of the tint itself leaves more: of 3,553 photographs toned by us and coded as JPEG or WebP at quality 60 to 95,
84 in 100 leave less than 2, and there they overlap with mist and bare mountains. Those are bluish or of low contrast;
the tints of old prints are warm. So up to that limit only warm pictures with contrast count as tinted.
"""

import math
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from tintype.imaging.tone import CELLS, LEVELS, SIDE, Tone, without_tone

Kind = Literal["colour", "tinted", "grey"]


class Tint(Tone):
    """A tone, called as data sets are sorted: one colour for each lightness, as in a sepia print, is "tinted"."""

    @property
    def kind(self) -> Kind:  # type: ignore[override]
        """`grey`: no colour. `tinted`: one colour for each lightness. `colour`: all else."""
        kind = super().kind
        return "tinted" if kind == "toned" else kind


def monotone(rgb: NDArray[np.uint8]) -> float:
    """C*ab that is left in uint8 RGB (H, W, 3) after a tint that depends on lightness alone is taken out; 0 is grey.

    The 99th percentile over a grid of 8 cells across the short side: one coloured object of a cell's size is enough to
    make a colour picture, while the noise of lossy coding averages out.
    """
    return measure_tint(rgb).residual


def measure_tint(rgb: NDArray[np.uint8]) -> Tint:
    """All figures of uint8 RGB (H, W, 3), of any size."""
    small = _reduce(np.ascontiguousarray(rgb), SIDE).astype(np.float32) / 255
    lightness, *ab = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2LAB))
    means = [float(plane.mean()) for plane in ab]
    level = (lightness * ((LEVELS - 1) / 100) + 0.5).astype(np.uint8)
    left = [_reduce(without_tone(level, plane - mean), CELLS) for plane, mean in zip(ab, means, strict=True)]
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
