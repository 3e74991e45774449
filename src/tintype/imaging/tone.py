"""Whether a picture has colour: grey, toned with one colour for each lightness (sepia, cyanotype), or of many colours.

The colour that lightness predicts is taken out, and what is left over cells of the picture is measured; the noise of
lossy coding averages out over a cell. `tintype.data.grey` has the same measure, made faster by OpenCV for millions of
pictures, and says on what the limits were measured.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .color import srgb_to_lab

Kind = Literal["colour", "toned", "grey"]

MOST_RESIDUAL = 0.7  # C*ab that is left of a grey or evenly toned picture
MOST_TONED_RESIDUAL = 2.0  # and of a warm one with contrast: lossy coding of the tone leaves more
WARM_HUES = (20.0, 115.0)  # degrees in the ab plane: brown-red, sepia, yellow, olive
LEAST_CONTRAST = 15.0  # standard deviation of L*: with less, any picture seems to have one colour
LEAST_CHROMA = 2.0  # C*ab; below it a tone cannot be told from neutral grey
CELLS, SIDE = 8, 128  # across the short side: of the grid, of the pixels looked at
LEVELS, _SMOOTHING = 256, 8  # of L*, and how many of them share their mean colour
_PRIOR = 1e-3


@dataclass(frozen=True)
class Tone:
    """``residual``: C*ab left without the tone, the 99th percentile over cells; ``chroma``: mean C*ab; ``hue``: in
    degrees; ``contrast``: standard deviation of L*."""

    residual: float
    chroma: float
    hue: float
    contrast: float

    @property
    def kind(self) -> Kind:
        """``grey``: no colour; ``toned``: one colour for each lightness, as in a sepia print; ``colour``: all else,
        hand-tinted prints among it."""
        if self.residual <= MOST_RESIDUAL:
            return "toned" if self.chroma >= LEAST_CHROMA else "grey"
        warm = WARM_HUES[0] <= self.hue <= WARM_HUES[1] and self.chroma >= LEAST_CHROMA
        if warm and self.contrast >= LEAST_CONTRAST and self.residual <= MOST_TONED_RESIDUAL:
            return "toned"
        return "colour"


def measure_tone(rgb: NDArray[np.uint8]) -> Tone:
    """The figures of uint8 RGB (H, W, 3), of any size."""
    small = _reduced(rgb, SIDE)
    lab = srgb_to_lab(small.astype(np.float32) / 255)
    lightness, ab = lab[..., 0], lab[..., 1:]
    means = ab.mean((0, 1))
    level = (lightness.clip(0, 100) * ((LEVELS - 1) / 100) + 0.5).astype(np.uint8)
    left = np.stack([without_tone(level, ab[..., i] - means[i]) for i in range(2)], axis=-1)
    cells = _cell_means(left)
    return Tone(
        residual=float(np.percentile(np.hypot(cells[..., 0], cells[..., 1]), 99)),
        chroma=float(np.hypot(ab[..., 0], ab[..., 1]).mean()),
        hue=math.degrees(math.atan2(float(means[1]), float(means[0]))) % 360,
        contrast=float(lightness.std()),
    )


def _reduced(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    scale = side / min(height, width)
    if scale >= 1:
        return rgb
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX))


def _cell_means(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over about 8 cells across the short side."""
    height, width = planes.shape[:2]
    side = max(1, min(height, width) // CELLS)
    rows, columns = max(1, height // side), max(1, width // side)
    cut = planes[: rows * side, : columns * side] if min(height, width) >= side else planes
    return np.asarray(cut.reshape(rows, side, columns, side, 2).mean((1, 3)), np.float32)


def without_tone(level: NDArray[np.uint8], plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """``plane``, a or b with mean 0, less its mean over the pixels of about the same lightness."""
    window = np.bartlett(2 * _SMOOTHING + 1)
    sums, counts = (
        np.convolve(np.bincount(level.ravel(), weights, LEVELS), window, "same") for weights in (plane.ravel(), None)
    )
    tone = sums / (counts + _PRIOR * _SMOOTHING * level.size / LEVELS)
    return np.asarray(plane - tone.astype(np.float32)[level], np.float32)
