"""Bicubic resizing of float planes."""

import numpy as np
from PIL import Image

from .types import Plane


def resize_float(plane: Plane, width: int, height: int) -> Plane:
    """Bicubic, antialiased when it shrinks."""
    if plane.shape == (height, width):
        return plane
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32)
