"""What fits into sRGB: weaker chroma for colours that do not, and the colour with a given luma and given a, b.

Arrays, types and ranges are those of color.py.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .color import (
    _DELTA,
    _FROM_XYZ,
    _LINEAR_JOINT,
    _SLOPE,
    KB,
    KG,
    KR,
    _f32,
    _length,
    _opponent,
    _power,
    _split,
    lab_to_srgb,
    lightness_from_luma,
    srgb_to_lab,
    ycc_to_rgb,
)
from .types import Floats

__all__ = ["chroma_for_luma", "in_gamut", "reduce_chroma_lab", "reduce_chroma_ycc", "scale_to_fit"]

_FROM_XYZ_32 = _FROM_XYZ.astype(np.float32)

# Pixels worked on at a time: float32 temporaries of these lengths stay in the caches, and the memory allocator keeps
# them instead of asking the system for fresh pages each time.
_BLOCK, _PIECE = 1 << 16, 1 << 14

# An error of 2e-5 in luma moves a and b by at most a few hundredths, even near black.
_LUMA_TOLERANCE = np.float32(2e-5)
_NEWTON_STEPS = 12


def in_gamut(rgb: ArrayLike, tolerance: float = 1e-4) -> NDArray[np.bool_]:
    """Whether sRGB values (..., 3) lie in [-tolerance, 1 + tolerance] in every channel; shape (...)."""
    rgb = _f32(rgb)
    return np.asarray((rgb.min(axis=-1) >= -tolerance) & (rgb.max(axis=-1) <= 1 + tolerance))


def reduce_chroma_lab(lab: ArrayLike) -> Floats:
    """Bring colours (..., 3) into the sRGB gamut by scaling a and b; lightness and hue angle stay.

    The factor is the largest in [0, 1] that is in gamut, found by bisection to 2**-20 of the chroma. Colours
    in gamut come back unchanged. Where L* itself is outside [0, 100] nothing is in gamut and the result is
    neutral.
    """
    out = np.array(lab, dtype=np.float32)
    outside = ~in_gamut(lab_to_srgb(out))
    if not outside.any():
        return out
    lightness, a, b = (plane.astype(np.float64) for plane in _split(out[outside]))
    low, high = np.zeros_like(a), np.ones_like(a)
    for _ in range(20):
        middle = 0.5 * (low + high)
        fits = _linear_in_gamut(lightness, middle * a, middle * b)
        low = np.where(fits, middle, low)
        high = np.where(fits, high, middle)
    out[outside, 1] = low * a
    out[outside, 2] = low * b
    return out


def _linear_in_gamut(
    lightness: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """The gamut test on linear light: no powers, and float64 keeps near-black and near-white exact."""
    fy = (lightness + 16) / 116
    xyz = np.stack([fy + a / 500, fy, fy - b / 200])
    xyz = np.where(xyz > _DELTA, xyz**3, (xyz - 4 / 29) / _SLOPE)
    rgb = np.tensordot(_FROM_XYZ, xyz, axes=1)
    return np.asarray((rgb.min(axis=0) >= -1e-9) & (rgb.max(axis=0) <= 1 + 1e-9))


def reduce_chroma_ycc(y: ArrayLike, cb: ArrayLike, cr: ArrayLike) -> tuple[Floats, Floats]:
    """Scale chroma by the largest factor in [0, 1] that keeps RGB inside [0, 1]; luma and Cb : Cr stay.

    y, cb and cr share one shape (any); y in [0, 1], cb and cr in [-0.5, 0.5]. Exact, by the closed form of
    `scale_to_fit`. Where y is outside [0, 1] no colour fits and the result is neutral.
    """
    y, cb, cr = _f32(y), _f32(cb), _f32(cr)
    if not y.shape == cb.shape == cr.shape:
        raise ValueError(f"shapes {y.shape}, {cb.shape}, {cr.shape} differ: resize luma and chroma to one size")
    new_cb, new_cr = np.empty(y.size, np.float32), np.empty(y.size, np.float32)
    flat_y, flat_cb, flat_cr = y.reshape(-1), cb.reshape(-1), cr.reshape(-1)
    for start in range(0, y.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        factor = scale_to_fit(flat_cb[part], flat_cr[part], flat_y[part], flat_y[part])
        np.multiply(flat_cb[part], factor, out=new_cb[part])
        np.multiply(flat_cr[part], factor, out=new_cr[part])
    return new_cb.reshape(y.shape), new_cr.reshape(y.shape)


def scale_to_fit(cb: Floats, cr: Floats, lowest_y: Floats, highest_y: Floats, white: float = 1) -> Floats:
    """The largest factor in [0, 1] at which chroma fits at every luma of a range: R, G and B within [0, white].

    All float32 of one shape, chroma centred at 0, in the units of luma. R, G and B move away from luma in proportion to
    the factor, so the first of them to reach an end decides it. Where luma itself is outside, the factor is 0.
    """
    red, green, blue = _opponent(cb, cr)
    highest = np.maximum(red, green)
    np.maximum(highest, blue, out=highest)
    lowest = np.minimum(red, green, out=red)
    np.minimum(lowest, blue, out=lowest)
    # A neutral colour has highest = lowest = 0; the smallest normal number keeps the quotients finite or
    # infinite, not NaN.
    tiny = np.finfo(np.float32).tiny
    np.negative(lowest, out=lowest)
    np.maximum(highest, tiny, out=highest)
    np.maximum(lowest, tiny, out=lowest)
    with np.errstate(over="ignore"):
        factor = np.divide(lowest_y, lowest, out=lowest)
        np.divide(np.subtract(np.float32(white), highest_y, out=green), highest, out=highest)
    np.minimum(factor, highest, out=factor)
    return np.clip(factor, 0, 1, out=factor)


def chroma_for_luma(y: ArrayLike, ab: ArrayLike) -> tuple[Floats, Floats]:
    """The colours whose BT.601 luma is y and whose CIE a, b are as asked: Cb and Cr in [-0.5, 0.5].

    y: (...) luma in [0, 1]; ab: (..., 2) in CIE units. L* is solved for by Newton's method, since saturated
    colours of one luma differ much in lightness. Where no such colour exists in sRGB, a and b are weakened
    (at nearly the hue asked for) until RGB is inside [0, 1]; luma stays y. Returns (cb, cr), each of y's
    shape.
    """
    y, ab = _f32(y), _f32(ab)
    if ab.shape != (*y.shape, 2):
        raise ValueError(f"ab of shape {ab.shape} does not fit luma of shape {y.shape}: it must be {(*y.shape, 2)}")
    cb, cr = np.empty(y.size, np.float32), np.empty(y.size, np.float32)
    flat_y, flat_ab = y.reshape(-1), ab.reshape(-1, 2)
    for start in range(0, y.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        a, b = np.ascontiguousarray(flat_ab[part, 0]), np.ascontiguousarray(flat_ab[part, 1])
        cb[part], cr[part] = _chroma_block(flat_y[part], a, b)
    return cb.reshape(y.shape), cr.reshape(y.shape)


def _chroma_block(y: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    cb, cr = _solve_lightness(y, a, b)
    outside = np.flatnonzero(scale_to_fit(cb, cr, y, y) < 1)
    if outside.size:
        # Straight lines to grey in Y'CbCr bend the Lab hue. Take from the reduced colour only how much chroma
        # fits, solve again with that much of the hue asked for, and leave the last reduction with little to
        # do.
        y_out, a_out, b_out = y[outside], a[outside], b[outside]
        reduced = np.stack([y_out, *reduce_chroma_ycc(y_out, cb[outside], cr[outside])], axis=-1)
        _, a_fit, b_fit = _split(srgb_to_lab(ycc_to_rgb(reduced)))
        share = _length(a_fit, b_fit) / np.maximum(_length(a_out, b_out), np.float32(1e-6))
        weaker_a, weaker_b = (_f32(np.minimum(share, 1) * plane) for plane in (a_out, b_out))
        cb[outside], cr[outside] = _solve_lightness(y_out, weaker_a, weaker_b)
    return reduce_chroma_ycc(y, cb, cr)


def _solve_lightness(y: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Chroma of the colour (L*, a, b) with L* such that its luma is y; flat arrays, gamut ignored.

    Luma grows with L* everywhere, so Newton's method gets there: in two or three steps for the colours of
    most photographs, in up to ten for the strongest blues. Pixels that have arrived drop out of the later
    steps.
    """
    cb, cr = np.empty_like(y), np.empty_like(y)
    left = np.arange(y.size)
    lightness = lightness_from_luma(y)
    for _ in range(_NEWTON_STEPS):
        value, slope, red, blue = _luma_and_slope(lightness, a, b)
        cb[left] = (blue - value) * np.float32(0.5 / (1 - KB))
        cr[left] = (red - value) * np.float32(0.5 / (1 - KR))
        error = value - y
        far = np.flatnonzero(np.abs(error) > _LUMA_TOLERANCE)
        if not far.size:
            break
        left, y, a, b = left[far], y[far], a[far], b[far]
        lightness = (lightness - error / slope)[far]
    return cb, cr


def _luma_and_slope(lightness: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Luma of a Lab colour, its derivative by L*, and the colour's encoded red and blue."""
    results = np.empty((4, lightness.size), np.float32)
    # What lies between is made in pieces that stay in the cache: twice as fast.
    for start in range(0, lightness.size, _PIECE):
        part = slice(start, start + _PIECE)
        results[:, part] = _luma_and_slope_of_piece(lightness[part], a[part], b[part])
    return results[0], results[1], results[2], results[3]


def _luma_and_slope_of_piece(lightness: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    curve = np.empty((3, lightness.size), np.float32)
    curve[1] = (lightness + np.float32(16)) * np.float32(1 / 116)
    np.add(curve[1], a * np.float32(1 / 500), out=curve[0])
    np.subtract(curve[1], b * np.float32(1 / 200), out=curve[2])
    growth = curve * curve
    value = growth * curve
    growth *= 3
    straight = np.flatnonzero(curve <= _DELTA)
    value.reshape(-1)[straight] = (curve.reshape(-1)[straight] - np.float32(4 / 29)) * np.float32(1 / _SLOPE)
    growth.reshape(-1)[straight] = np.float32(1 / _SLOPE)
    light, rate = _FROM_XYZ_32 @ value, _FROM_XYZ_32 @ growth
    # sRGB's curve and its steepness, both from one power.
    size = np.abs(light)
    straight = np.flatnonzero(size <= _LINEAR_JOINT)
    np.maximum(size, np.float32(_LINEAR_JOINT), out=size)
    encoded = _power(size, 1 / 2.4)
    encoded *= np.float32(1.055)
    bend = np.divide(encoded, size, out=size)
    bend *= np.float32(1 / 2.4)
    bend.reshape(-1)[straight] = np.float32(12.92)
    rate *= bend
    encoded -= np.float32(0.055)
    np.copysign(encoded, light, out=encoded)
    encoded.reshape(-1)[straight] = light.reshape(-1)[straight] * np.float32(12.92)
    weights = np.array([KR, KG, KB], np.float32)
    return weights @ encoded, (weights * np.float32(1 / 116)) @ rate, encoded[0], encoded[2]
