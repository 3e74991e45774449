"""Luma and chroma planes: turning, resizing and joining them, with the light left exactly as it was.

Planes are uint8 arrays (H, W). Luma is BT.601 full-range Y'; chroma (Cb, Cr) is centred at 128 and has either
the luma's size or half of it, rounded up, in both directions.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.parallel import spread, strips

from .color import ycc_to_rgb
from .gamut import reduce_chroma_ycc
from .types import Plane8

Chroma = tuple[Plane8, Plane8]

NEUTRAL = 128
# Rows that are halved at a time: even, and few enough for the cache.
_HALVED = 256

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turn_upright(plane: Plane8, orientation: int) -> Plane8:
    """The plane as it should be seen, given the EXIF orientation 1..8 of the file."""
    if orientation == 1:
        return plane
    return as_plane(Image.fromarray(plane).transpose(_TURNS[orientation]))


def turn_deep(plane: NDArray[np.uint16], orientation: int) -> NDArray[np.uint16]:
    """`turn_upright` for 16 bits."""
    flip = {2: plane[:, ::-1], 3: plane[::-1, ::-1], 4: plane[::-1], 5: plane.T, 6: plane[::-1].T}
    flip |= {7: plane[::-1, ::-1].T, 8: plane.T[::-1]}
    return np.ascontiguousarray(flip.get(orientation, plane))


def as_plane(image: Image.Image) -> Plane8:
    """The pixels of a one-channel 8-bit Pillow image, read-only."""
    return np.asarray(image, dtype=np.uint8)


def half_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of 4:2:0 chroma planes."""
    return (width + 1) // 2, (height + 1) // 2


def resize_plane(plane: Plane8, width: int, height: int) -> Plane8:
    """Bicubic, antialiased when it shrinks."""
    if plane.shape == (height, width):
        return plane
    return as_plane(Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC))


def halve_plane(plane: Plane8) -> Plane8:
    """Mean of every 2x2 block; odd edges count alone, as JPEG encoders do it."""
    return as_plane(Image.fromarray(plane).reduce(2))


def halve_in_threads(plane: Plane8) -> Plane8:
    """`halve_plane`, in strips."""
    height, width = plane.shape
    halved = np.empty(half_size(width, height)[::-1], np.uint8)
    pairs = width % 2 == 0 and plane.flags.c_contiguous

    def work(rows: slice) -> None:
        for at in range(rows.start, rows.stop, _HALVED):
            part = slice(at, min(at + _HALVED, rows.stop))
            target = halved[part.start // 2 : -(-part.stop // 2)]
            target[:] = _halve_pairs(plane[part]) if pairs and part.stop % 2 == 0 else halve_plane(plane[part])

    spread(work, strips(height, max(1, (1 << 20) // width // _HALVED) * _HALVED))
    return halved


def _halve_pairs(plane: Plane8) -> NDArray[np.uint16]:
    """`halve_plane` for even sides, two neighbours at a time, read as one number of 16 bits."""
    pairs = plane.view(np.uint16)
    sums = (pairs & np.uint16(255)) + (pairs >> np.uint16(8))
    means = sums[0::2] + sums[1::2]
    means += np.uint16(2)
    means >>= np.uint16(2)
    return means


def chroma_is_neutral(chroma: Chroma) -> bool:
    """Whether every pixel is grey."""
    return all(int(plane.min()) == NEUTRAL == int(plane.max()) for plane in chroma)


def grey_of(rgb: Image.Image) -> Plane8:
    """BT.601 luma of an RGB image, rounded to the nearest integer."""
    return as_plane(rgb.convert("L"))


def join_rgb(luma: Plane8, chroma: Chroma | None) -> Image.Image:
    """An RGB image whose BT.601 luma is at most 1 of 255 off `luma` anywhere.

    Chroma planes of half size are enlarged. Colours that do not fit at their luma lose chroma, pixel by
    pixel, at constant hue in Y'CbCr, where clipping would change the light.
    """
    if chroma is None:
        return Image.fromarray(luma).convert("RGB")
    height, width = luma.shape
    cb, cr = (resize_plane(plane, width, height) for plane in chroma)
    joined = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, cb, cr)]).convert("RGB")
    off = np.flatnonzero(grey_of(joined) != luma)
    if not off.size:
        return joined
    y = luma.reshape(-1)[off].astype(np.float32) / 255
    shifted = [(plane.reshape(-1)[off].astype(np.float32) - NEUTRAL) / 255 for plane in (cb, cr)]
    blue, red = reduce_chroma_ycc(y, *shifted)
    fitted = ycc_to_rgb(np.stack([y, blue, red], axis=-1))
    rgb = np.array(joined)
    rgb.reshape(-1, 3)[off] = np.round(fitted * 255).clip(0, 255).astype(np.uint8)
    return Image.fromarray(rgb)
