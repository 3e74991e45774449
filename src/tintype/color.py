"""Colour science in numpy: sRGB, CIE Lab, luma and chroma, the sRGB gamut, colour differences.

Arrays are float32 with channels last unless a docstring says otherwise; float64 and integer input is
converted. sRGB values live in [0, 1], L* in [0, 100], a* and b* in CIE units, luma Y' in [0, 1], Cb and Cr in
[-0.5, 0.5].

The RGB to XYZ matrix is derived from the ITU-R BT.709 primaries and the D65 white point (0.3127, 0.3290), and
XYZ is divided by the white that this matrix gives, so R = G = B is exactly neutral: a = b = 0 up to float32
rounding.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "chroma_for_luma",
    "ciede2000",
    "colorfulness",
    "colorfulness_abs",
    "in_gamut",
    "lab_to_srgb",
    "lightness_from_luma",
    "linear_to_srgb",
    "luma",
    "reduce_chroma_lab",
    "reduce_chroma_ycc",
    "rgb_to_ycc",
    "srgb_to_lab",
    "srgb_to_linear",
    "ycc_to_rgb",
]

FloatArray = NDArray[np.float32]
Planes = tuple[FloatArray, FloatArray, FloatArray]

# ITU-R BT.601 luma weights, as JPEG (JFIF) uses them.
KR, KG, KB = 0.299, 0.587, 0.114

# IEC 61966-2-1 transfer curve, with the joint where the two pieces meet.
_ENCODED_JOINT = 0.04045
_LINEAR_JOINT = _ENCODED_JOINT / 12.92

# CIE 1976 cube-root curve: linear below _DELTA ** 3.
_DELTA = 6 / 29
_SLOPE = 1 / (3 * _DELTA**2)

# Pixels worked on at a time: float32 temporaries of these lengths stay in the caches, and the memory allocator keeps
# them instead of asking the system for fresh pages each time.
_BLOCK, _PIECE = 1 << 13, 1 << 12

# An error of 2e-5 in luma moves a and b by at most a few hundredths, even near black.
_LUMA_TOLERANCE = np.float32(2e-5)
_NEWTON_STEPS = 12


def _rgb_to_white_relative_xyz() -> NDArray[np.float64]:
    """The 3x3 matrix from linear RGB to XYZ divided by the white point; every row sums to one."""
    primaries = np.array([[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]])
    white = np.array([0.3127, 0.3290])
    columns = np.stack([primaries[:, 0], primaries[:, 1], 1 - primaries.sum(1)]) / primaries[:, 1]
    white_xyz = np.array([white[0], white[1], 1 - white.sum()]) / white[1]
    matrix = columns * np.linalg.solve(columns, white_xyz)
    return np.asarray(matrix / white_xyz[:, None], dtype=np.float64)


_TO_XYZ = _rgb_to_white_relative_xyz()
_FROM_XYZ: NDArray[np.float64] = np.linalg.inv(_TO_XYZ).astype(np.float64)
_FROM_XYZ_32 = _FROM_XYZ.astype(np.float32)


def _f32(x: ArrayLike) -> FloatArray:
    return np.asarray(x, dtype=np.float32)


def _power(x: FloatArray, exponent: float) -> FloatArray:
    """x ** exponent for x > 0. Two vectorised calls are several times faster than numpy's float32 power."""
    return np.exp(np.log(x) * np.float32(exponent))


def srgb_to_linear(x: ArrayLike) -> FloatArray:
    """Decode sRGB values to linear light, [0, 1] to [0, 1], any shape (IEC 61966-2-1).

    Values outside [0, 1] are carried through: the curve goes on above 1 and is mirrored (odd) below 0.
    """
    x = _f32(x)
    size = np.abs(x)
    curve = _power((np.maximum(size, _ENCODED_JOINT) + np.float32(0.055)) * np.float32(1 / 1.055), 2.4)
    return np.copysign(np.where(size <= _ENCODED_JOINT, size * np.float32(1 / 12.92), curve), x)


def linear_to_srgb(x: ArrayLike) -> FloatArray:
    """Encode linear light as sRGB values, [0, 1] to [0, 1], any shape; the inverse of `srgb_to_linear`.

    Values outside [0, 1] are carried through: the curve goes on above 1 and is mirrored (odd) below 0.
    """
    x = _f32(x)
    size = np.abs(x)
    curve = _power(np.maximum(size, _LINEAR_JOINT), 1 / 2.4) * np.float32(1.055) - np.float32(0.055)
    return np.copysign(np.where(size <= _LINEAR_JOINT, size * np.float32(12.92), curve), x)


def _lab_curve(t: FloatArray) -> FloatArray:
    """The CIE 1976 curve f: a cube root, linear near and below zero."""
    root = _power(np.maximum(t, np.float32(_DELTA**3)), 1 / 3)
    return np.where(t > _DELTA**3, root, t * np.float32(_SLOPE) + np.float32(4 / 29))


def _lab_curve_inverse(f: FloatArray) -> FloatArray:
    return np.where(f > _DELTA, f * f * f, (f - np.float32(4 / 29)) * np.float32(1 / _SLOPE))


def _mix(matrix: NDArray[np.float64], x: FloatArray, y: FloatArray, z: FloatArray) -> Planes:
    m = matrix.astype(np.float32)
    first, second, third = (m[i, 0] * x + m[i, 1] * y + m[i, 2] * z for i in range(3))
    return first, second, third


def _split(pixels: ArrayLike) -> Planes:
    pixels = _f32(pixels)
    if pixels.ndim == 0 or pixels.shape[-1] != 3:
        raise ValueError(f"shape {pixels.shape}: the last axis must hold 3 channels; move the channels last")
    return pixels[..., 0], pixels[..., 1], pixels[..., 2]


def _lab_to_linear(lightness: FloatArray, a: FloatArray, b: FloatArray) -> Planes:
    fy = (lightness + np.float32(16)) * np.float32(1 / 116)
    fx = fy + a * np.float32(1 / 500)
    fz = fy - b * np.float32(1 / 200)
    return _mix(_FROM_XYZ, _lab_curve_inverse(fx), _lab_curve_inverse(fy), _lab_curve_inverse(fz))


def srgb_to_lab(rgb: ArrayLike) -> FloatArray:
    """sRGB (..., 3) in [0, 1] to CIE 1976 L*a*b* (..., 3) under D65: L* in [0, 100], a* and b* CIE units."""
    red, green, blue = (srgb_to_linear(plane) for plane in _split(rgb))
    fx, fy, fz = (_lab_curve(plane) for plane in _mix(_TO_XYZ, red, green, blue))
    out = np.empty((*fy.shape, 3), np.float32)
    out[..., 0] = np.float32(116) * fy - np.float32(16)
    out[..., 1] = np.float32(500) * (fx - fy)
    out[..., 2] = np.float32(200) * (fy - fz)
    return out


def lab_to_srgb(lab: ArrayLike) -> FloatArray:
    """CIE L*a*b* (..., 3) to sRGB (..., 3). Nothing is clipped: colours out of gamut leave [0, 1]."""
    planes = [linear_to_srgb(plane) for plane in _lab_to_linear(*_split(lab))]
    return np.stack(planes, axis=-1)


def luma(rgb: ArrayLike) -> FloatArray:
    """BT.601 full-range luma Y' in [0, 1], as in JPEG, of sRGB values (..., 3) in [0, 1]; shape (...)."""
    red, green, blue = _split(rgb)
    return _f32(np.float32(KR) * red + np.float32(KG) * green + np.float32(KB) * blue)


def rgb_to_ycc(rgb: ArrayLike) -> FloatArray:
    """sRGB (..., 3) in [0, 1] to BT.601 full-range Y'CbCr (..., 3): Y' in [0, 1], Cb, Cr in [-0.5, 0.5]."""
    red, _, blue = _split(rgb)
    y = luma(rgb)
    return np.stack([y, (blue - y) * np.float32(0.5 / (1 - KB)), (red - y) * np.float32(0.5 / (1 - KR))], axis=-1)


def ycc_to_rgb(ycc: ArrayLike) -> FloatArray:
    """BT.601 full-range Y'CbCr (..., 3) to sRGB (..., 3); the inverse of `rgb_to_ycc`. Nothing is clipped."""
    y, cb, cr = _split(ycc)
    return np.stack([y + plane for plane in _opponent(cb, cr)], axis=-1)


def _opponent(cb: FloatArray, cr: FloatArray) -> Planes:
    """R - Y', G - Y', B - Y' of a chroma pair."""
    red = cr * np.float32(2 * (1 - KR))
    blue = cb * np.float32(2 * (1 - KB))
    return red, red * np.float32(-KR / KG) - blue * np.float32(KB / KG), blue


def lightness_from_luma(y: ArrayLike) -> FloatArray:
    """L* in [0, 100] of the grey whose sRGB value (and so its luma) is y in [0, 1]; any shape."""
    return np.float32(116) * _lab_curve(srgb_to_linear(y)) - np.float32(16)


def in_gamut(rgb: ArrayLike, tolerance: float = 1e-4) -> NDArray[np.bool_]:
    """Whether sRGB values (..., 3) lie in [-tolerance, 1 + tolerance] in every channel; shape (...)."""
    rgb = _f32(rgb)
    return np.asarray((rgb.min(axis=-1) >= -tolerance) & (rgb.max(axis=-1) <= 1 + tolerance))


def reduce_chroma_lab(lab: ArrayLike) -> FloatArray:
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


def reduce_chroma_ycc(y: ArrayLike, cb: ArrayLike, cr: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Scale chroma by the largest factor in [0, 1] that keeps RGB inside [0, 1]; luma and Cb : Cr stay.

    y, cb and cr share one shape (any); y in [0, 1], cb and cr in [-0.5, 0.5]. Exact, by closed form: R, G and
    B move away from y in proportion to the factor, so the first of them to reach 0 or 1 decides it. Where y
    is outside [0, 1] no colour fits and the result is neutral.
    """
    y, cb, cr = _f32(y), _f32(cb), _f32(cr)
    if not y.shape == cb.shape == cr.shape:
        raise ValueError(f"shapes {y.shape}, {cb.shape}, {cr.shape} differ: resize luma and chroma to one size")
    new_cb, new_cr = np.empty(y.size, np.float32), np.empty(y.size, np.float32)
    flat_y, flat_cb, flat_cr = y.reshape(-1), cb.reshape(-1), cr.reshape(-1)
    for start in range(0, y.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        factor = _gamut_factor(flat_y[part], flat_cb[part], flat_cr[part])
        np.multiply(flat_cb[part], factor, out=new_cb[part])
        np.multiply(flat_cr[part], factor, out=new_cr[part])
    return new_cb.reshape(y.shape), new_cr.reshape(y.shape)


def _gamut_factor(y: FloatArray, cb: FloatArray, cr: FloatArray) -> FloatArray:
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
        factor = np.divide(y, lowest, out=lowest)
        np.divide(np.subtract(np.float32(1), y, out=green), highest, out=highest)
    np.minimum(factor, highest, out=factor)
    return np.clip(factor, 0, 1, out=factor)


def chroma_for_luma(y: ArrayLike, ab: ArrayLike) -> tuple[FloatArray, FloatArray]:
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


def _chroma_block(y: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    cb, cr = _solve_lightness(y, a, b)
    outside = np.flatnonzero(_gamut_factor(y, cb, cr) < 1)
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


def _solve_lightness(y: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
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


def _luma_and_slope(
    lightness: FloatArray, a: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Luma of a Lab colour, its derivative by L*, and the colour's encoded red and blue."""
    results = np.empty((4, lightness.size), np.float32)
    # What lies between is made in pieces that stay in the cache: twice as fast.
    for start in range(0, lightness.size, _PIECE):
        part = slice(start, start + _PIECE)
        results[:, part] = _luma_and_slope_of_piece(lightness[part], a[part], b[part])
    return results[0], results[1], results[2], results[3]


def _luma_and_slope_of_piece(
    lightness: FloatArray, a: FloatArray, b: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
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


def ciede2000(lab1: ArrayLike, lab2: ArrayLike) -> FloatArray:
    """CIEDE2000 colour difference of two Lab arrays (..., 3), shape (...), with kL = kC = kH = 1.

    Source: Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes, supplementary
    test data, and mathematical observations", Color Research and Application 30 (2005).
    """
    l1, a1, b1 = (np.asarray(plane, order="C") for plane in _split(lab1))
    l2, a2, b2 = (np.asarray(plane, order="C") for plane in _split(lab2))
    stretch = 1.5 - 0.5 * _strong_chroma(0.5 * (_length(a1, b1) + _length(a2, b2)))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = _length(a1, b1), _length(a2, b2)
    h1, h2 = _hue(a1, b1), _hue(a2, b2)
    product = c1 * c2

    # The mean hue lies on the shorter arc. At exactly half a turn the formula jumps and the paper takes the
    # plain mean: leave room for rounding.
    turn = h2 - h1
    wraps = np.abs(turn) > math.pi + 1e-6
    # A whole turn less only changes the sign of the sine of its half.
    half_sine = np.sin(0.5 * turn)
    hue_difference = 2 * np.sqrt(product) * np.where(wraps, -half_sine, half_sine)
    hue_sum = h1 + h2
    hue = np.where(product > 0, 0.5 * np.where(wraps, hue_sum + 2 * math.pi, hue_sum), hue_sum)
    hue = np.where(hue >= 2 * math.pi, hue - 2 * math.pi, hue)
    mean_c = 0.5 * (c1 + c2)
    middle = 0.5 * (l1 + l2) - 50
    offset = middle * middle

    t = (
        1
        - 0.17 * np.cos(hue - math.radians(30))
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + math.radians(6))
        - 0.20 * np.cos(4 * hue - math.radians(63))
    )
    weight_l = 1 + 0.015 * offset / np.sqrt(20 + offset)
    weight_c = 1 + 0.045 * mean_c
    weight_h = 1 + 0.015 * mean_c * t
    from_blue = (hue - math.radians(275)) * (1 / math.radians(25))
    rotation = -2 * np.sin(math.radians(60) * np.exp(-from_blue * from_blue)) * _strong_chroma(mean_c)

    dl, dc, dh = (l2 - l1) / weight_l, (c2 - c1) / weight_c, hue_difference / weight_h
    return _f32(np.sqrt(np.maximum(dl * dl + dc * dc + dh * dh + rotation * dc * dh, 0)))


def _hue(a: FloatArray, b: FloatArray) -> FloatArray:
    """Hue angle in [0, 2 pi)."""
    hue = np.arctan2(b, a)
    return np.where(hue < 0, hue + np.float32(2 * np.pi), hue)


def _length(a: FloatArray, b: FloatArray) -> FloatArray:
    """sqrt(a^2 + b^2); numpy's hypot guards against overflow, which costs several times as much."""
    return _f32(np.sqrt(a * a + b * b))


def _strong_chroma(chroma: ArrayLike) -> FloatArray:
    """The paper's sqrt(C^7 / (C^7 + 25^7)): 0 for greys, near 1 for strong colours."""
    share = _f32(chroma) * np.float32(1 / 25)
    cube = share * share * share
    seventh = cube * cube * share
    return _f32(np.sqrt(seventh / (seventh + 1)))


def colorfulness(rgb: ArrayLike) -> float:
    """Colourfulness M3 of one picture (..., 3) on the 0..255 scale: 0 for grey, about 110 for the most vivid.

    Source: Hasler and Suesstrunk, "Measuring colourfulness in natural images", Human Vision and Electronic
    Imaging (2003), with the opponent channels R - G and (R + G) / 2 - B as they define them.
    """
    red_green, yellow_blue = _opponent_channels(rgb)
    return _spread_and_centre(red_green, yellow_blue)


def colorfulness_abs(rgb: ArrayLike) -> float:
    """The variant of `colorfulness` on absolute opponent channels, rgb on the 0..255 scale.

    Much shared code, and so most recent papers on colourisation, take |R - G| and |(R + G) / 2 - B| before
    the mean and the deviation. Its figures are lower than those of the original and must not be compared with
    them.
    """
    red_green, yellow_blue = _opponent_channels(rgb)
    return _spread_and_centre(np.abs(red_green), np.abs(yellow_blue))


def _opponent_channels(rgb: ArrayLike) -> tuple[FloatArray, FloatArray]:
    red, green, blue = _split(rgb)
    if not red.size:
        raise ValueError(f"shape {np.shape(rgb)}: colourfulness needs at least one pixel")
    return red - green, np.float32(0.5) * (red + green) - blue


def _spread_and_centre(red_green: FloatArray, yellow_blue: FloatArray) -> float:
    channels = (red_green, yellow_blue)
    spread = np.sqrt(sum(float(channel.var(dtype=np.float64)) for channel in channels))
    centre = np.sqrt(sum(float(channel.mean(dtype=np.float64)) ** 2 for channel in channels))
    return float(spread + 0.3 * centre)
