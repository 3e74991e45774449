"""Chroma planes from ab at low resolution and luma: a table of exact colour science, looked up for each sample.

For every level of luma the table holds a square of Cb and Cr over a and b: those of the colour that has just that luma,
in the film's own matrix. Where sRGB has no such colour, a and b are weakened together until it has. The squares lie
side by side in one plane, so that OpenCV's remap, which is made for moving pixels, looks up all samples at once.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tintype.imaging.borders import Inside
from tintype.imaging.color import lab_to_srgb
from tintype.imaging.gamut import in_gamut
from tintype.imaging.types import Floats

from .levels import Luma, Signal
from .need import need_cv2

_LEVELS = 33  # of luma at which colours are worked out; those between are interpolated
_MIDDLE = 16  # the place of a = b = 0 in a square
_NODES = 2 * _MIDDLE + 1
_REACH = 110.0  # the largest a or b in the table, in CIE units
_ACROSS = 16  # squares in a row
# Bisections for the lightness of a colour, and for the share of its chroma that fits.
_FINE, _ROUGH, _SHARES = 16, 11, 7


@lru_cache(maxsize=4)
def _atlas(kr: float, kb: float) -> Floats:
    """(16 * 33, 16 * 33, 2) float32: Cb and Cr in [-0.5, 0.5], b down and a across, luma from square to square."""
    axis = np.linspace(-_REACH, _REACH, _NODES, dtype=np.float32)
    y, b, a = np.meshgrid(np.linspace(0, 1, _LEVELS, dtype=np.float32), axis, axis, indexing="ij")
    rgb = _colour_of_luma(y, a, b, kr, kb, _ROUGH)
    share = np.ones_like(y)
    outside = np.flatnonzero(~in_gamut(rgb).reshape(-1))
    y_out, a_out, b_out = (plane.reshape(-1)[outside] for plane in (y, a, b))
    low, high = np.zeros_like(y_out), np.ones_like(y_out)
    for _ in range(_SHARES):
        middle = 0.5 * (low + high)
        fits = in_gamut(_colour_of_luma(y_out, middle * a_out, middle * b_out, kr, kb, _ROUGH), 2e-3)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    share.reshape(-1)[outside] = low
    rgb = _colour_of_luma(y, share * a, share * b, kr, kb, _FINE)
    cb = (rgb[..., 2] - y) / (2 * (1 - kb))
    cr = (rgb[..., 0] - y) / (2 * (1 - kr))
    table = np.stack([cb, cr], axis=-1).clip(-0.5, 0.5).astype(np.float32)
    table[[0, -1]] = 0  # black and white
    table[:, _MIDDLE, _MIDDLE] = 0
    at = np.linspace(0, _LEVELS - 1, 256, dtype=np.float32)
    lower = at.astype(np.intp).clip(max=_LEVELS - 2)
    part = (at - lower)[:, None, None, None]
    squares = table[lower] + (table[lower + 1] - table[lower]) * part
    rows = squares.reshape(_ACROSS, _ACROSS, _NODES, _NODES, 2).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(rows).reshape(_ACROSS * _NODES, _ACROSS * _NODES, 2)


@lru_cache(maxsize=4)
def _coded_atlas(kr: float, kb: float, depth: int, full_range: bool) -> Floats:
    """The same table in the numbers of a plane of that depth and range, not rounded."""
    top = (1 << depth) - 1
    span = top if full_range else 224 << (depth - 8)
    coded: Floats = _atlas(kr, kb) * np.float32(span) + np.float32(1 << (depth - 1))
    return coded.clip(0, top)


@lru_cache(maxsize=1)
def _centres() -> Floats:
    """(256, 1, 2): where the square of each level of luma has its centre, in x and y."""
    level = np.arange(256)
    places = np.stack([level % _ACROSS, level // _ACROSS], axis=-1) * _NODES + _MIDDLE
    return places[:, None].astype(np.float32)


def _colour_of_luma(y: Floats, a: Floats, b: Floats, kr: float, kb: float, steps: int) -> Floats:
    """sRGB (..., 3) of the colour with these a and b whose luma is y: L* by bisection, since luma grows with it."""
    low, high = np.full_like(y, -20), np.full_like(y, 120)
    weights = np.array([kr, 1 - kr - kb, kb], np.float32)
    for _ in range(steps):
        middle = 0.5 * (low + high)
        dark = lab_to_srgb(np.stack([middle, a, b], axis=-1)) @ weights < y
        low, high = np.where(dark, middle, low), np.where(dark, high, middle)
    return lab_to_srgb(np.stack([0.5 * (low + high), a, b], axis=-1))


@dataclass(frozen=True)
class ChromaMaker:
    """Makes chroma planes for films of one signal.

    Args:
        signal: of the film; its matrix and range are those of the planes made.
        depth: bits of the planes made.
    """

    signal: Signal
    depth: int

    def planes(
        self, luma: Luma, ab: Floats, width: int, height: int, inside: Inside | None = None
    ) -> tuple[Luma, Luma]:
        """Cb and Cr, each (height, width), neutral at the middle of their range.

        luma: (H, W) of the whole picture at the film's depth; ab: (h, w, 2) CIE units, covering it exactly; inside: in
        pixels of luma, what alone gets colour, all where it is None.
        """
        cv2 = need_cv2()
        light = self.signal.to_full8(shrink(luma, width, height))
        scaled = ab.clip(-_REACH, _REACH) * np.float32(_MIDDLE / _REACH)
        place = cv2.resize(scaled, (width, height), interpolation=cv2.INTER_LINEAR)
        cv2.add(place, cv2.LUT(cv2.merge([light, light]), _centres()), dst=place)
        table = _coded_atlas(*self.signal.weights, self.depth, self.signal.full_range)
        coded = cv2.remap(table, place, None, cv2.INTER_LINEAR)
        whole = cv2.convertScaleAbs(coded) if self.depth == 8 else (coded + np.float32(0.5)).astype(np.uint16)
        cb, cr = cv2.split(whole)
        if inside is not None:
            self._without_borders((cb, cr), inside, luma.shape)
        return cb, cr

    def _without_borders(self, planes: tuple[Luma, Luma], inside: Inside, shape: tuple[int, ...]) -> None:
        """Neutral samples outside; one that covers a pixel of the inside keeps its colour."""
        down, across = planes[0].shape[0] / shape[0], planes[0].shape[1] / shape[1]
        top, left = int(inside.top * down), int(inside.left * across)
        bottom, right = math.ceil(inside.bottom * down), math.ceil(inside.right * across)
        for plane in planes:
            for outside in (plane[:top], plane[bottom:], plane[:, :left], plane[:, right:]):
                outside[:] = 1 << (self.depth - 1)


def shrink(luma: Luma, width: int, height: int) -> Luma:
    """Luma at another size: means over areas where it gets smaller, cubic where it gets larger.

    Means over whole pixels come first where both sides can be halved, or divided by more: OpenCV takes those over parts
    of pixels many times more slowly.
    """
    cv2 = need_cv2()
    if luma.shape == (height, width):
        return luma
    rows, columns = luma.shape
    whole = min(rows // height, columns // width)
    if whole > 1 and rows % whole == 0 and columns % whole == 0 and (rows, columns) != (whole * height, whole * width):
        luma = cv2.resize(luma, (columns // whole, rows // whole), interpolation=cv2.INTER_AREA)
    smaller = width <= luma.shape[1] and height <= luma.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    resized: Luma = cv2.resize(luma, (width, height), interpolation=method)
    return resized
