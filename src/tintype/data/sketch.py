"""Line drawings from photographs: Canny edges, black on white paper, as the UvU-Net's training data.

Source: Canny, "A computational approach to edge detection", IEEE PAMI 8 (1986), in OpenCV's implementation.
"""

from typing import Literal

import cv2
import numpy as np

from tintype.errors import TintypeError
from tintype.imaging.types import Pixels

from .background import Method, foreground

LOW, HIGH = 70, 200  # of the gradient's 3x3 Sobel magnitude |dx| + |dy|; what UvU-Net used
SMALLEST, LARGEST = 16, 8192


def sketch(rgb: Pixels, mask: Pixels | None = None, *, low: float = LOW, high: float = HIGH) -> Pixels:
    """The edges of a picture, uint8 (H, W): paper 255, lines 0, one pixel wide.

    rgb: uint8 (H, W, 3); only its BT.601 luma counts. An edge starts where the gradient exceeds `high` and goes on
    while it exceeds `low`. `mask`, uint8 (H, W), is a foreground (`tintype.data.background`): lines outside of it,
    beyond a narrow margin, are erased.

    Bring the picture to its final size first. Edges are one pixel wide whatever the size, and which of them exceed the
    thresholds depends on it: edges of a large picture made smaller afterwards are grey, thin, and too many.

    Lines are found in the whole picture and then erased, rather than found in a picture with a white background: its
    border would be drawn too, in the shape of the mask with all its faults, also where there is nothing to see.

    Raises ValueError for other shapes or types.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise ValueError(f"rgb must be uint8 (H, W, 3) and not empty, not {rgb.dtype} {rgb.shape}")
    if mask is not None and (mask.shape != rgb.shape[:2] or mask.dtype != np.uint8):
        raise ValueError(f"mask must be uint8 {rgb.shape[:2]}, not {mask.dtype} {mask.shape}")
    lines = cv2.Canny(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), low, high)
    if mask is not None:
        lines[_widened(mask) < 128] = 0
    return np.asarray(cv2.bitwise_not(lines), np.uint8)


def make_sketch(
    rgb: Pixels,
    size: int | None = None,
    background: Literal["keep", "remove"] = "keep",
    *,
    low: float = LOW,
    high: float = HIGH,
    method: Method = "auto",
) -> Pixels:
    """A drawing of a whole photograph: resize, find edges, erase the background's; uint8 (H, W).

    `size` is the drawing's short side in pixels (16 to 8192; the picture's own when None); the aspect ratio is kept.
    `method` finds the foreground when the background is removed.

    Raises TintypeError when the size or a threshold is out of range, or the method is not to be had.
    """
    check_thresholds(low, high)
    if size is not None:
        rgb = _resized(rgb, size)
    mask = foreground(rgb, method) if background == "remove" else None
    return sketch(rgb, mask, low=low, high=high)


def check_thresholds(low: float, high: float) -> None:
    """Raises TintypeError unless 0 <= low <= high."""
    if not 0 <= low <= high:
        raise TintypeError(f"thresholds are {low:g} and {high:g}; wanted is 0 <= low <= high, usual are {LOW}, {HIGH}")


def check_size(size: int) -> None:
    """Raises TintypeError for a short side out of range."""
    if not SMALLEST <= size <= LARGEST:
        raise TintypeError(f"size is {size} pixels, {SMALLEST} to {LARGEST} are possible; 256 is usual for a model")


def _resized(rgb: Pixels, size: int) -> Pixels:
    check_size(size)
    height, width = rgb.shape[:2]
    scale = size / min(height, width)
    if scale == 1:
        return rgb
    to = max(size, round(width * scale)), max(size, round(height * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, to, interpolation=how), np.uint8)


def _widened(mask: Pixels) -> Pixels:
    """The mask with a margin of 1/64 of the short side: the outline lies on the mask's border, or just outside."""
    reach = 1 + min(mask.shape) // 64
    return np.asarray(cv2.dilate(mask, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
