"""Colour that changes from pixel to pixel: the grain of networks that are pushed to be vivid.

Blotchiness (`blotchiness`) looks at clouds and leaves out the finest structure, which JPEG blurs in photographs. This
is that finest structure: chroma less its own mean over a few pixels, where lightness is quiet at that scale. A network
that answers each pixel for itself, or that a critic has taught its own pattern, has it all over; photographs hardly.
"""

import numpy as np
from PIL import Image

from tintype.imaging import color
from tintype.imaging.types import Pixels

from .blotchiness import LONGEST, QUIET, smoothed

# Larger pictures are reduced to this short side, at which networks answer; smaller ones are taken as they are.
SIDE = 256


def pixelation(rgb: Pixels) -> float:
    """Root mean square of the finest chroma, in CIE units, of one uint8 sRGB picture (H, W, 3); 0 for a grey one.

    Raises ValueError for anything else.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise ValueError(f"a picture of shape {rgb.shape} and type {rgb.dtype}: give uint8 (H, W, 3)")
    lab = color.srgb_to_lab(_fitted(rgb) * np.float32(1 / 255)).astype(np.float32)
    finest = lab - smoothed(lab, 1)
    energy = smoothed(finest**2, 2)
    quiet = (1 + energy[..., 0] / QUIET**2) ** -2
    return float(np.sqrt((quiet * (energy[..., 1] + energy[..., 2])).mean(dtype=np.float64)))


def _fitted(rgb: Pixels) -> Pixels:
    height, width = rgb.shape[:2]
    scale = SIDE / min(height, width)
    if scale >= 1 and max(height, width) <= 2 * LONGEST:
        return rgb
    scale = min(1.0, scale)
    size = (min(2 * LONGEST, max(1, round(width * scale))), min(2 * LONGEST, max(1, round(height * scale))))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR))
