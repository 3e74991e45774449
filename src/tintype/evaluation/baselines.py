"""What a model has to beat, and what it could reach: colourings that no network is needed for."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.colorizer.compose import compose
from tintype.imaging import color
from tintype.photo.photo import Photo

GREY = "grey"
SEPIA = "sepia"
TRUE_CHROMA = "true chroma 32x32"

# The one colour of the sepia baseline, a and b in CIE units: a mild brown tone.
SEPIA_AB = (4.0, 10.0)
# Samples of true chroma along each side of the picture.
TRUE_CHROMA_SIDE = 32

# Rows of a picture turned into Lab at a time, so that many megapixels need little memory.
_ROWS = 64


def baselines(truth: Photo) -> Iterator[tuple[str, Photo]]:
    """The name and the picture of each baseline, made from the true luma as a model's picture is."""
    grey = truth.grey()
    yield GREY, grey
    yield SEPIA, compose(grey, np.full((TRUE_CHROMA_SIDE, TRUE_CHROMA_SIDE, 2), SEPIA_AB, np.float32))
    yield TRUE_CHROMA, compose(grey, reduced_ab(truth.rgb(), TRUE_CHROMA_SIDE, TRUE_CHROMA_SIDE))


def reduced_ab(rgb: NDArray[np.uint8], columns: int, rows: int) -> NDArray[np.float32]:
    """The a and b of a picture (H, W, 3), averaged over a grid of cells: (rows, columns, 2), in CIE units."""
    ab = np.empty((*rgb.shape[:2], 2), np.float32)
    for start in range(0, len(rgb), _ROWS):
        strip = slice(start, start + _ROWS)
        ab[strip] = color.srgb_to_lab(rgb[strip] * np.float32(1 / 255))[..., 1:]
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(ab[..., i])).resize((columns, rows), Image.Resampling.BOX))
        for i in range(2)
    ]
    return np.stack(planes, axis=-1)
