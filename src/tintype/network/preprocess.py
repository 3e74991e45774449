"""Network input: working size, padding to a multiple, and a downscale that keeps the lines of drawings."""

import numpy as np
import numpy.typing as npt

from tintype.errors import TintypeError
from tintype.imaging.types import Plane

# How many times the working size the long side may be; a longer panorama is made smaller instead.
LONGEST = 4
# The network answers at a quarter of its input's size: sides that are multiples of 4 lose nothing at the
# edges.
STRIDE = 4


def working_size(height: int, width: int, size: int) -> tuple[int, int]:
    """Height and width of what the network sees of a picture, in pixels, before padding.

    The short side becomes ``size``, unless the long side would then exceed four times that; the aspect ratio
    is kept to within the rounding of both sides to multiples of 4.

    Raises:
        TintypeError: ``size`` is outside 16 to 4096.
    """
    if not 16 <= size <= 4096:
        raise TintypeError(f"size is {size} pixels, 16 to 4096 are possible; the model's own size is best left alone")
    scale = min(size / min(height, width), LONGEST * size / max(height, width))
    return rounded(height * scale), rounded(width * scale)


def fitted_size(height: int, width: int, room: tuple[int, int]) -> tuple[int, int]:
    """Height and width of what a network that takes ``room`` alone sees of a picture: all of it, as large as fits."""
    scale = min(room[0] / height, room[1] / width)
    return min(room[0], rounded(height * scale)), min(room[1], rounded(width * scale))


def rounded(side: float) -> int:
    """A side in whole pixels that loses nothing at the network's edges."""
    return max(STRIDE, round(side / STRIDE) * STRIDE)


def pad(plane: Plane, multiple: int, is_drawing: bool) -> Plane:
    """Continue the picture, right and below, up to whole multiples: a photo by its mirror image, a drawing by
    empty paper, since half a second face would be painted along with the first."""
    height, width = plane.shape
    return pad_to(plane, (height + -height % multiple, width + -width % multiple), is_drawing)


def pad_to(plane: Plane, room: tuple[int, int], is_drawing: bool = False) -> Plane:
    """As `pad`, up to a height and width."""
    margins = ((0, room[0] - plane.shape[0]), (0, room[1] - plane.shape[1]))
    if is_drawing:
        return np.pad(plane, margins, constant_values=1)
    return np.pad(plane, margins, mode="symmetric")


def darkest(luma: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """The darkest pixel of each block, of a side that brings the drawing near to ``height`` x ``width``.

    Lines then stay about a pixel wide and black, as the network knows them; averaging would fade them to paper.
    """
    side = round(min(luma.shape[0] / height, luma.shape[1] / width))
    if side < 2:
        return luma
    rows, columns = (-(-length // side) for length in luma.shape)
    margins = ((0, rows * side - luma.shape[0]), (0, columns * side - luma.shape[1]))
    blocks = np.pad(luma, margins, mode="edge").reshape(rows, side, columns, side)
    return np.asarray(blocks.min(axis=1).min(axis=2))
