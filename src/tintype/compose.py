"""From the colours a network answers with, at low resolution, to chroma planes for a picture of any size."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.color import chroma_for_luma
from tintype.errors import WeightsError
from tintype.photo import Photo
from tintype.planes import NEUTRAL, Plane, half_size, resize_plane

# Colours are matched to the luma at this many pixels along the longer side, at most: finer than any answer of
# a network, and small enough for exact colour science.
WORKING_SIDE = 384


def compose(photo: Photo, ab: NDArray[np.float32]) -> Photo:
    """The photo with the colours `ab`, its luma untouched.

    ab: (h, w, 2) float32, CIE a and b for a grid that covers exactly the whole picture, of any size.

    The chroma planes have half size where the photo's own format stores them so, else full size. They may ask
    for more than fits at some pixel's luma; `Photo.rgb` and `Photo.encode` take back what does not.

    Raises ValueError for another shape and WeightsError for values that are not finite.
    """
    if ab.ndim != 3 or ab.shape[2] != 2 or not ab.size:
        raise ValueError(f"ab must be (h, w, 2) and not empty, not {ab.shape}")
    if not np.isfinite(ab).all():
        raise WeightsError("the model answered with values that are not finite: it is broken, or its input was")
    width, height = _working_size(photo.width, photo.height)
    light = Image.fromarray(photo.luma).resize((width, height), Image.Resampling.BOX)
    luma = np.asarray(light, np.float32) / 255
    working = np.stack([_resize_float(ab[..., i], width, height) for i in range(2)], axis=-1)
    size = half_size(photo.width, photo.height) if photo.has_half_chroma else (photo.width, photo.height)
    cb, cr = (resize_plane(_to_plane(c), *size) for c in chroma_for_luma(luma, working))
    return photo.with_chroma(cb, cr)


def _working_size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, WORKING_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resize_float(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def _to_plane(chroma: NDArray[np.float32]) -> Plane:
    return np.round(chroma * 255 + NEUTRAL).clip(0, 255).astype(np.uint8)
