"""Array types by their elements; shapes and ranges stand in the docstrings of what takes and returns them."""

import numpy as np
from numpy.typing import NDArray

Plane8 = NDArray[np.uint8]  # (h, w), 0 to 255: luma, chroma, a mask
Pixels = NDArray[np.uint8]  # (h, w, 3), RGB
Plane = NDArray[np.float32]  # (h, w) or (h, w, channels)
Planes = NDArray[np.float32]  # (N, channels, H, W), as networks have them
Floats = NDArray[np.float32]  # any shape
