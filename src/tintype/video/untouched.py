"""Frames that keep the colours they have: their own chroma planes, exact where the target has the source's sampling."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .codecs import Settings, chroma_size
from .levels import BT709, Luma
from .need import need_cv2
from .plane import is_readable, planar_444, plane_of
from .reader import FilmInfo

_SEMI_PLANAR = ("nv12", "nv16", "nv21", "nv24")


def chroma_of(picture: Any, info: FilmInfo, settings: Settings) -> tuple[Luma, Luma]:
    """Cb and Cr of a decoded picture at the depth and size of ``settings``, lying as the frame does.

    Bit for bit those of the source where it has planes of that sampling and no more bits; else averaged down, doubled
    up or, of RGB, worked out by the film's matrix.
    """
    width, height = chroma_size(settings, (info.width, info.height))
    if (picture.width, picture.height) != (info.width, info.height):
        picture = picture.reformat(width=info.width, height=info.height)
    if picture.format.name.startswith("gray"):
        neutral = np.full((height, width), 1 << (settings.depth - 1), np.uint8 if settings.depth == 8 else np.uint16)
        return neutral, neutral.copy()
    planes = _planes(picture, info)
    resized = tuple(_fitted(plane, width, height) for plane in planes[0])
    cb, cr = (_shifted(plane, planes[1], settings.depth) for plane in resized)
    return cb, cr


def pixels_of(picture: Any, info: FilmInfo, side: int) -> NDArray[np.uint8]:
    """A small upright-or-not RGB (h, w, 3) of a decoded picture whose short side is ``side`` pixels at most."""
    scale = min(1.0, side / min(info.width, info.height))
    size = max(2, round(info.width * scale)), max(2, round(info.height * scale))
    full = "JPEG" if info.signal.full_range else "MPEG"
    space = "ITU709" if info.signal.matrix == BT709 else "ITU601"
    ranges = {} if picture.format.is_rgb else {"src_color_range": full, "src_colorspace": space}
    small = picture.reformat(width=size[0], height=size[1], format="rgb24", dst_color_range="JPEG", **ranges)
    return np.asarray(small.to_ndarray(), np.uint8)


def sampling_of(pix_fmt: str) -> str:
    """ "420", "422" or "444" of a pixel format's name; of others what holds all of their colour, "444"."""
    for sampling in ("420", "422", "444"):
        if sampling in pix_fmt:
            return sampling
    if pix_fmt.startswith(("nv12", "nv21", "p010", "p016", "gray")):
        return "420"
    return "422" if pix_fmt.startswith(("nv16", "yuyv", "uyvy", "p210", "p216")) else "444"


def _planes(picture: Any, info: FilmInfo) -> tuple[tuple[Luma, Luma], int]:
    """Cb and Cr as they are, and their depth."""
    kind = picture.format
    if not is_readable(kind) or kind.name.startswith(_SEMI_PLANAR):
        picture = _as_planes(picture, info)
    bits = max(component.bits for component in picture.format.components)
    return (plane_of(picture, 1), plane_of(picture, 2)), 8 if bits <= 8 else bits


def _as_planes(picture: Any, info: FilmInfo) -> Any:
    """The picture in planes of its own sampling, by the film's matrix and range where it is RGB."""
    kind, signal = picture.format, info.signal
    full = "JPEG" if signal.full_range else "MPEG"
    if kind.is_rgb:
        space = "ITU709" if signal.matrix == BT709 else "ITU601"
        return picture.reformat(format=planar_444(signal.depth), dst_colorspace=space, dst_color_range=full)
    name = f"yuv{sampling_of(kind.name)}p" + ("" if signal.depth <= 8 else f"{signal.depth}le")
    return picture.reformat(format=name, src_color_range=full, dst_color_range=full)


def _fitted(plane: Luma, width: int, height: int) -> Luma:
    if plane.shape == (height, width):
        return plane
    cv2 = need_cv2()
    smaller = width <= plane.shape[1] and height <= plane.shape[0]
    resized: Luma = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return resized


def _shifted(plane: Luma, depth: int, target: int) -> Luma:
    """A chroma plane at another depth, its middle staying the middle."""
    if target == depth:
        return plane
    if target > depth:
        return np.asarray(plane, np.uint16) << (target - depth)
    lost = depth - target
    rounded = np.minimum(np.asarray(plane, np.uint32) + (1 << (lost - 1)), (1 << depth) - 1) >> lost
    return rounded.astype(np.uint8 if target == 8 else np.uint16)
