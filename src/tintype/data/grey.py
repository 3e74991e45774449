"""Whether a picture has colour at all: the one criterion that the data doctor and training share.

A grey photograph may be stored as RGB, and an old print has a tint: sepia, selenium, the yellow of its paper. All of
these have one colour for each lightness. So the colour that lightness predicts is taken out, and the rest is measured.
"""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

# Measured on 42,646 small pictures (short side 96 to 256, WebP). Every truly grey one, 115 in number, leaves 0.08 or
# less. The next, a sepia photograph, leaves 1.03, the first photograph of a foggy mountain 1.11; misty and snowy
# landscapes lie from there on. Any limit from 0.1 to 1 gives the same 115.
MOST_RESIDUAL = 0.7

# Lossy coding of the tint itself leaves more: of 3,553 photographs toned by us and coded as JPEG or WebP at quality 60
# to 95, 9 in 10 leave less than 2.0, and there they overlap with mist and bare mountains. Those are bluish or of low
# contrast; the tints of old prints are warm. So up to this limit only warm pictures with contrast count as tinted.
MOST_TINTED_RESIDUAL = 2.0
WARM_HUES = (20.0, 115.0)  # degrees in the ab plane: brown-red, sepia, yellow, olive
LEAST_CONTRAST = 15.0  # standard deviation of L*: with less, any picture seems to have one colour
LEAST_CHROMA = 2.0  # C*ab; below it a tint cannot be told from neutral grey

_CELLS, _FINE, _SIDE = 8, 32, 128
_KNOTS = 8  # of the piecewise linear tint over L*
_RIDGE = 0.02  # keeps knots without pixels at the mean tint

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
    lab = _reduce(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), _FINE)
    ab = lab[..., 1:].reshape(-1, 2)
    mean = ab.mean(0)
    tint = _tint_over_lightness(lab[..., 0].ravel(), ab - mean)
    left = (ab - mean - tint).reshape(*lab.shape[:2], 2)
    cells = np.linalg.norm(_reduce(left, _CELLS), axis=2)
    return Tint(
        residual=float(np.percentile(cells, 99)),
        chroma=float(np.linalg.norm(ab, axis=1).mean()),
        hue=float(np.degrees(np.arctan2(mean[1], mean[0])) % 360),
        contrast=float(lab[..., 0].std()),
    )


def _reduce(pixels: NDArray[Any], short_side: int) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    scale = short_side / min(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _tint_over_lightness(lightness: NDArray[np.float32], ab: NDArray[np.float32]) -> NDArray[np.float32]:
    """The best piecewise linear function of `lightness` (N,) for `ab` (N, 2) of mean 0, at each pixel."""
    place = np.clip(lightness / 100 * _KNOTS, 0, _KNOTS)
    lower = np.minimum(place.astype(np.int64), _KNOTS - 1)
    share = place - lower
    rows = np.arange(len(lightness))
    basis = np.zeros((len(lightness), _KNOTS + 1), np.float32)
    basis[rows, lower] = 1 - share
    basis[rows, lower + 1] = share
    ridge = _RIDGE * len(lightness) / _KNOTS * np.eye(_KNOTS + 1, dtype=np.float32)
    knots = np.linalg.solve(basis.T @ basis + ridge, basis.T @ ab)
    return np.asarray(basis @ knots, np.float32)
