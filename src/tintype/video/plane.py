"""The luma plane of a decoded picture of any pixel format: as it is where there is one, else worked out."""

from typing import Any

import numpy as np

from tintype.imaging.color import linear_to_srgb
from tintype.imaging.types import Floats

from .levels import BT709, Luma, Signal


def luma_of(picture: Any, width: int, height: int, signal: Signal) -> Luma:
    """The luma (H, W) at the signal's depth and range, copied out of the decoder."""
    if (picture.width, picture.height) != (width, height):
        picture = picture.reformat(width=width, height=height)
    kind = picture.format
    if "f32" in kind.name:
        return _of_linear(picture, signal)
    if kind.is_rgb and signal.full_range:
        return _of_rgb(picture, signal)
    if not is_readable(kind):
        name = f"gray{_bits(signal)}" if kind.name.startswith("gray") else planar_444(signal.depth)
        full = "JPEG" if signal.full_range else "MPEG"
        space = "ITU709" if signal.matrix == BT709 else "ITU601"
        target = {"dst_colorspace": space, "dst_color_range": full} if kind.is_rgb else {}
        picture = picture.reformat(format=name, **target)
    luma = plane_of(picture, 0)
    if signal.depth > 8 and luma.itemsize == 1:
        return luma.astype(np.uint16) << (signal.depth - 8)
    return luma


def plane_of(picture: Any, index: int) -> Luma:
    """A plane (h, w) of a picture with planes, copied."""
    plane, deep = picture.planes[index], max(c.bits for c in picture.format.components) > 8
    sample = np.dtype("<u2") if deep else np.dtype(np.uint8)
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
    return np.array(rows[:, : plane.width * sample.itemsize].view(sample))


def planar_444(depth: int) -> str:
    """FFmpeg's name for Y'CbCr in planes of full size at that depth."""
    return "yuv444p" if depth <= 8 else f"yuv444p{depth}le"


def is_readable(kind: Any) -> bool:
    """Whether plane 0 is luma, in the machine's byte order, one sample after the other."""
    name = kind.name
    if kind.is_rgb or (kind.is_big_endian and max(c.bits for c in kind.components) > 8):
        return False
    return name.startswith(("gray", "yuvj", "nv12", "nv16", "nv21", "nv24")) or (
        name.startswith("yuv") and "p" in name[3:] and kind.is_planar
    )


def _bits(signal: Signal) -> str:
    return "" if signal.depth == 8 else f"{signal.depth}le" if signal.depth in (9, 10, 12, 14, 16) else "16le"


def _of_rgb(picture: Any, signal: Signal) -> Luma:
    """Luma of full-range RGB, by the signal's matrix; exactly the grey where all three are alike."""
    depth = signal.depth
    name = "gbrp" if depth == 8 else f"gbrp{depth}le"
    if picture.format.name != name:
        picture = picture.reformat(format=name)
    green, blue, red = (plane_of(picture, i) for i in range(3))
    if np.array_equal(green, blue) and np.array_equal(green, red):
        return green
    kr, kb = (np.float32(weight) for weight in signal.weights)
    mixed = kr * red.astype(np.float32) + kb * blue + (1 - kr - kb) * green
    return np.round(mixed).clip(0, (1 << depth) - 1).astype(green.dtype)


def _of_linear(picture: Any, signal: Signal) -> Luma:
    """Luma of scene light in floats (OpenEXR), seen as sRGB shows it; what is brighter than white is white."""
    grey = picture.format.name.startswith("gray")
    planes = [_float_plane(picture, i) for i in range(1 if grey else 3)]
    coded = [linear_to_srgb(np.nan_to_num(plane, posinf=1, neginf=0).clip(0, 1)) for plane in planes]
    kr, kb = signal.weights
    mixed = coded[0] if grey else kr * coded[2] + kb * coded[1] + (1 - kr - kb) * coded[0]
    if signal.full_range:
        return np.round(mixed * ((1 << signal.depth) - 1)).astype(np.uint16)
    unit = 1 << (signal.depth - 8)
    return np.round((16 + 219 * mixed) * unit).astype(np.uint16)


def _float_plane(picture: Any, index: int) -> Floats:
    plane = picture.planes[index]
    order = ">f4" if picture.format.is_big_endian else "<f4"
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
    return rows[:, : plane.width * 4].view(order).astype(np.float32)
