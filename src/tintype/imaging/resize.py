"""Bicubic resizing of float planes."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FloatPlane = NDArray[np.float32]


def resize_float(plane: FloatPlane, width: int, height: int) -> FloatPlane:
    """Bicubic, antialiased when it shrinks."""
    if plane.shape == (height, width):
        return plane
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32)
