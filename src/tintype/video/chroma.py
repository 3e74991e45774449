"""Chroma planes from ab at low resolution and luma: a table of exact colour science, looked up for each sample.

A table over luma, a and b holds the Cb and Cr of the colour that has just that luma, in the film's own matrix. Where
sRGB has no such colour, a and b are weakened together until it has. For 8 bits Pillow looks it up, with trilinear
interpolation; for deeper films numpy does the same in floating point.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ..color import in_gamut, lab_to_srgb
from .levels import Luma, Signal
from .need import need_cv2

Floats = NDArray[np.float32]

_NODES = 33
_REACH = 110.0  # the largest a or b in the table, in CIE units
_SCALE = 127 / _REACH  # a and b as bytes: 128 is neutral
# Bisections for the lightness of a colour, and for the share of its chroma that fits.
_FINE, _ROUGH, _SHARES = 16, 11, 7
# Where grey, 128 of 255, lies between nodes 16 and 17 of both axes.
_AT = 128 / 255 * (_NODES - 1) - 16
_GREY_WEIGHTS = np.outer([1 - _AT, _AT], [1 - _AT, _AT]).reshape(-1).astype(np.float32)


@lru_cache(maxsize=4)
def _table(kr: float, kb: float) -> Floats:
    """(luma, a, b, 2) float32: Cb and Cr in [-0.5, 0.5] at the nodes."""
    axis = ((np.linspace(0, 255, _NODES) - 128) / _SCALE).astype(np.float32)
    y, a, b = np.meshgrid(np.linspace(0, 1, _NODES, dtype=np.float32), axis, axis, indexing="ij")
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
    neutral = (y == 0) | (y == 1)
    planes = [np.where(neutral, 0, plane).clip(-0.5, 0.5) for plane in (cb, cr)]
    return np.stack(planes, axis=-1).astype(np.float32)


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

    def planes(self, luma: Luma, ab: Floats, width: int, height: int) -> tuple[Luma, Luma]:
        """Cb and Cr, each (height, width), neutral at the middle of their range.

        luma: (H, W) of the whole picture at the film's depth; ab: (h, w, 2) CIE units, covering it exactly.
        """
        cv2 = need_cv2()
        light = self.signal.to_full8(shrink(luma, width, height))
        enlarged = cv2.resize(ab.clip(-_REACH, _REACH), (width, height), interpolation=cv2.INTER_LINEAR)
        if self.depth == 8:
            return self._planes8(light, enlarged)
        unit = _interpolate(_table(*self.signal.weights), light * np.float32(1 / 255), enlarged)
        top = (1 << self.depth) - 1
        span = top if self.signal.full_range else 224 << (self.depth - 8)
        made = np.round(unit * np.float32(span)) + (1 << (self.depth - 1))
        cb, cr = np.moveaxis(made.clip(0, top).astype(np.uint16), -1, 0)
        return np.ascontiguousarray(cb), np.ascontiguousarray(cr)

    def _planes8(self, light: NDArray[np.uint8], ab: Floats) -> tuple[Luma, Luma]:
        height, width = light.shape
        stacked = np.empty((height, width, 3), np.uint8)
        stacked[..., 0] = light
        scaled = need_cv2().convertScaleAbs(ab, alpha=_SCALE, beta=128)
        stacked[..., 1:] = scaled
        made = np.asarray(Image.fromarray(stacked).filter(_pillow_table(*self.signal.weights, self.signal.full_range)))
        return np.ascontiguousarray(made[..., 1]), np.ascontiguousarray(made[..., 2])


@lru_cache(maxsize=4)
def _pillow_table(kr: float, kb: float, full_range: bool) -> ImageFilter.Color3DLUT:
    """The table as Pillow wants it: the first channel changes fastest; 0 to 1 stand for 0 to 255."""
    span = 255 if full_range else 224
    nodes = _table(kr, kb).transpose(2, 1, 0, 3)
    values = np.zeros((*nodes.shape[:3], 3), np.float32)
    values[..., 1:] = (nodes * span + 128) / 255
    return ImageFilter.Color3DLUT(_NODES, values.clip(0, 1).reshape(-1), 3)


def _interpolate(table: Floats, y: Floats, ab: Floats) -> Floats:
    """Trilinear look-up: y (h, w) in [0, 1], ab (h, w, 2) CIE units; returns (h, w, 2)."""
    top = _NODES - 1
    units = [y, *(np.asarray((ab[..., i] * _SCALE + 128) / 255, np.float32) for i in (0, 1))]
    at: list[Floats] = [(plane.reshape(-1) * np.float32(top)).clip(0, top - 1e-4) for plane in units]
    whole = [plane.astype(np.int32) for plane in at]
    part = [(p - w)[:, None] for p, w in zip(at, whole, strict=True)]
    base = (whole[0] * _NODES + whole[1]) * _NODES + whole[2]
    flat = table.reshape(-1, 2)
    rows = []
    for offset in (0, _NODES, _NODES**2, _NODES**2 + _NODES):
        first, second = flat.take(base + offset, axis=0), flat.take(base + offset + 1, axis=0)
        rows.append(first + (second - first) * part[2])
    near = rows[0] + (rows[1] - rows[0]) * part[1]
    far = rows[2] + (rows[3] - rows[2]) * part[1]
    # No node lies at a = b = 0: what interpolation makes of grey there is taken off, so that grey stays grey.
    corners = [u * _NODES + v for u in (16, 17) for v in (16, 17)]
    centre = flat.reshape(_NODES, _NODES**2, 2)[:, corners]
    grey = np.einsum("nkc,k->nc", centre, _GREY_WEIGHTS)
    mixed = near + (far - near) * part[0] - grey[whole[0]] - (grey[whole[0] + 1] - grey[whole[0]]) * part[0]
    answer: Floats = mixed.reshape(*y.shape, 2)
    return answer


def shrink(luma: Luma, width: int, height: int) -> Luma:
    """Luma at another size: means over areas where it gets smaller, cubic where it gets larger."""
    cv2 = need_cv2()
    if luma.shape == (height, width):
        return luma
    smaller = width <= luma.shape[1] and height <= luma.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    resized: Luma = cv2.resize(luma, (width, height), interpolation=method)
    return resized
