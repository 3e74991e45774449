"""What a coloured picture is measured by, against the photograph it was made grey from.

Pictures are uint8 sRGB (H, W, 3). Work is done in strips: many megapixels need little memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import color
from .types import Pixels

# Rounding to 8 bits alone is a mean squared error of 1/12; equal pictures are not known to be closer.
ROUNDING_ERROR = 1 / 12

# Pixels in a strip: the temporaries of CIEDE2000 stay in the cache.
_STRIP = 1 << 14


@dataclass(frozen=True)
class Figures:
    """The measures of one picture.

    psnr: in dB, larger is closer to the truth. ciede2000: mean CIEDE2000 difference of the pixels, smaller is
    closer. colorfulness and colorfulness_abs: Hasler and Suesstrunk's figure and its absolute-value variant
    (`tintype.imaging.color`). mean_chroma: mean of sqrt(a^2 + b^2), in CIE units.
    """

    psnr: float
    ciede2000: float
    colorfulness: float
    colorfulness_abs: float
    mean_chroma: float


def measure(rgb: Pixels, truth: Pixels) -> Figures:
    """All measures of a picture against the truth; both uint8 (H, W, 3) of one size.

    Raises ValueError when the sizes differ or there is no pixel.
    """
    return measure_all([rgb], truth)[0]


def measure_all(pictures: Sequence[Pixels], truth: Pixels) -> list[Figures]:
    """`measure` for several colourings of one picture: what concerns the truth alone is worked out once."""
    for rgb in pictures:
        _check(rgb, truth)
    squares, differences, chromas = np.zeros((3, len(pictures)))
    for start in range(0, truth.shape[0] * truth.shape[1], _STRIP):
        strip = slice(start, start + _STRIP)
        true_part = truth.reshape(-1, 3)[strip]
        true_lab = color.srgb_to_lab(true_part * np.float32(1 / 255))
        for i, rgb in enumerate(pictures):
            part = rgb.reshape(-1, 3)[strip]
            lab = true_lab if rgb is truth else color.srgb_to_lab(part * np.float32(1 / 255))
            chromas[i] += np.hypot(lab[:, 1], lab[:, 2]).sum(dtype=np.float64)
            if rgb is not truth:
                squares[i] += _squared_error(part, true_part)
                differences[i] += color.ciede2000(lab, true_lab).sum(dtype=np.float64)
    pixels = truth.shape[0] * truth.shape[1]
    return [
        Figures(
            psnr=_decibels(squares[i] / (3 * pixels)),
            ciede2000=float(differences[i] / pixels),
            colorfulness=color.colorfulness(rgb),
            colorfulness_abs=color.colorfulness_abs(rgb),
            mean_chroma=float(chromas[i] / pixels),
        )
        for i, rgb in enumerate(pictures)
    ]


def psnr(rgb: Pixels, truth: Pixels) -> float:
    """Peak signal-to-noise ratio in dB over R, G and B together; larger is closer, 58.9 at most.

    The squared error is taken to be at least the 1/12 that rounding to 8 bits costs, so equal pictures score
    58.9 dB instead of infinity, and a mean over pictures stays a number. Raises ValueError as `measure` does.
    """
    _check(rgb, truth)
    parts = zip(rgb, truth, strict=True)
    return _decibels(sum(_squared_error(row, true_row) for row, true_row in parts) / rgb.size)


def _check(rgb: Pixels, truth: Pixels) -> None:
    if rgb.shape != truth.shape or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise ValueError(f"pictures of shape {rgb.shape} and {truth.shape}: give two (H, W, 3) of one size")
    if rgb.dtype != np.uint8 or truth.dtype != np.uint8:
        raise ValueError(f"pictures of {rgb.dtype} and {truth.dtype}: give uint8, 0 to 255")


def _squared_error(part: Pixels, truth: Pixels) -> float:
    # float64, because the sum of squares of one strip already overflows 32-bit integers.
    gap = np.subtract(part, truth, dtype=np.float64)
    return float(np.vdot(gap, gap))


def _decibels(mean_square: float) -> float:
    return float(10 * np.log10(255**2 / max(mean_square, ROUNDING_ERROR)))
