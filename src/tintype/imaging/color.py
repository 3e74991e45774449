"""Colour science in numpy: sRGB, CIE Lab, luma and chroma, colour differences. What fits into sRGB: gamut.py.

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

from .types import Floats

__all__ = [
    "ciede2000",
    "colorfulness",
    "colorfulness_abs",
    "lab_to_srgb",
    "lightness_from_luma",
    "linear_to_srgb",
    "luma",
    "luma_from_lightness",
    "rgb_to_ycc",
    "srgb_to_lab",
    "srgb_to_linear",
    "ycc_to_rgb",
]

Channels = tuple[Floats, Floats, Floats]

# ITU-R BT.601 luma weights, as JPEG (JFIF) uses them.
KR, KG, KB = 0.299, 0.587, 0.114
# What a unit of chroma adds to Y' in R, G and B: 1.402, 1.772, -0.344136 and -0.714136.
CR_TO_R, CB_TO_B = 2 * (1 - KR), 2 * (1 - KB)
CB_TO_G, CR_TO_G = -CB_TO_B * KB / KG, -CR_TO_R * KR / KG

# IEC 61966-2-1 transfer curve, with the joint where the two pieces meet.
_ENCODED_JOINT = 0.04045
_LINEAR_JOINT = _ENCODED_JOINT / 12.92

# CIE 1976 cube-root curve: linear below _DELTA ** 3.
_DELTA = 6 / 29
_SLOPE = 1 / (3 * _DELTA**2)


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


def _f32(x: ArrayLike) -> Floats:
    return np.asarray(x, dtype=np.float32)


def _power(x: Floats, exponent: float) -> Floats:
    """x ** exponent for x > 0. Two vectorised calls are several times faster than numpy's float32 power."""
    return np.exp(np.log(x) * np.float32(exponent))


def srgb_to_linear(x: ArrayLike) -> Floats:
    """Decode sRGB values to linear light, [0, 1] to [0, 1], any shape (IEC 61966-2-1).

    Values outside [0, 1] are carried through: the curve goes on above 1 and is mirrored (odd) below 0.
    """
    x = _f32(x)
    size = np.abs(x)
    curve = _power((np.maximum(size, _ENCODED_JOINT) + np.float32(0.055)) * np.float32(1 / 1.055), 2.4)
    return np.copysign(np.where(size <= _ENCODED_JOINT, size * np.float32(1 / 12.92), curve), x)


def linear_to_srgb(x: ArrayLike) -> Floats:
    """Encode linear light as sRGB values, [0, 1] to [0, 1], any shape; the inverse of `srgb_to_linear`.

    Values outside [0, 1] are carried through: the curve goes on above 1 and is mirrored (odd) below 0.
    """
    x = _f32(x)
    size = np.abs(x)
    curve = _power(np.maximum(size, _LINEAR_JOINT), 1 / 2.4) * np.float32(1.055) - np.float32(0.055)
    return np.copysign(np.where(size <= _LINEAR_JOINT, size * np.float32(12.92), curve), x)


def _lab_curve(t: Floats) -> Floats:
    """The CIE 1976 curve f: a cube root, linear near and below zero."""
    root = _power(np.maximum(t, np.float32(_DELTA**3)), 1 / 3)
    return np.where(t > _DELTA**3, root, t * np.float32(_SLOPE) + np.float32(4 / 29))


def _lab_curve_inverse(f: Floats) -> Floats:
    return np.where(f > _DELTA, f * f * f, (f - np.float32(4 / 29)) * np.float32(1 / _SLOPE))


def _mix(matrix: NDArray[np.float64], x: Floats, y: Floats, z: Floats) -> Channels:
    m = matrix.astype(np.float32)
    first, second, third = (m[i, 0] * x + m[i, 1] * y + m[i, 2] * z for i in range(3))
    return first, second, third


def _split(pixels: ArrayLike) -> Channels:
    pixels = _f32(pixels)
    if pixels.ndim == 0 or pixels.shape[-1] != 3:
        raise ValueError(f"shape {pixels.shape}: the last axis must hold 3 channels; move the channels last")
    return pixels[..., 0], pixels[..., 1], pixels[..., 2]


def _lab_to_linear(lightness: Floats, a: Floats, b: Floats) -> Channels:
    fy = (lightness + np.float32(16)) * np.float32(1 / 116)
    fx = fy + a * np.float32(1 / 500)
    fz = fy - b * np.float32(1 / 200)
    return _mix(_FROM_XYZ, _lab_curve_inverse(fx), _lab_curve_inverse(fy), _lab_curve_inverse(fz))


def srgb_to_lab(rgb: ArrayLike) -> Floats:
    """sRGB (..., 3) in [0, 1] to CIE 1976 L*a*b* (..., 3) under D65: L* in [0, 100], a* and b* CIE units."""
    red, green, blue = (srgb_to_linear(plane) for plane in _split(rgb))
    fx, fy, fz = (_lab_curve(plane) for plane in _mix(_TO_XYZ, red, green, blue))
    out = np.empty((*fy.shape, 3), np.float32)
    out[..., 0] = np.float32(116) * fy - np.float32(16)
    out[..., 1] = np.float32(500) * (fx - fy)
    out[..., 2] = np.float32(200) * (fy - fz)
    return out


def lab_to_srgb(lab: ArrayLike) -> Floats:
    """CIE L*a*b* (..., 3) to sRGB (..., 3). Nothing is clipped: colours out of gamut leave [0, 1]."""
    planes = [linear_to_srgb(plane) for plane in _lab_to_linear(*_split(lab))]
    return np.stack(planes, axis=-1)


def luma(rgb: ArrayLike) -> Floats:
    """BT.601 full-range luma Y' in [0, 1], as in JPEG, of sRGB values (..., 3) in [0, 1]; shape (...)."""
    red, green, blue = _split(rgb)
    return _f32(np.float32(KR) * red + np.float32(KG) * green + np.float32(KB) * blue)


def rgb_to_ycc(rgb: ArrayLike) -> Floats:
    """sRGB (..., 3) in [0, 1] to BT.601 full-range Y'CbCr (..., 3): Y' in [0, 1], Cb, Cr in [-0.5, 0.5]."""
    red, _, blue = _split(rgb)
    y = luma(rgb)
    return np.stack([y, (blue - y) * np.float32(0.5 / (1 - KB)), (red - y) * np.float32(0.5 / (1 - KR))], axis=-1)


def ycc_to_rgb(ycc: ArrayLike) -> Floats:
    """BT.601 full-range Y'CbCr (..., 3) to sRGB (..., 3); the inverse of `rgb_to_ycc`. Nothing is clipped."""
    y, cb, cr = _split(ycc)
    return np.stack([y + plane for plane in _opponent(cb, cr)], axis=-1)


def _opponent(cb: Floats, cr: Floats) -> Channels:
    """R - Y', G - Y', B - Y' of a chroma pair."""
    red = cr * np.float32(CR_TO_R)
    blue = cb * np.float32(CB_TO_B)
    return red, red * np.float32(-KR / KG) - blue * np.float32(KB / KG), blue


def lightness_from_luma(y: ArrayLike) -> Floats:
    """L* in [0, 100] of the grey whose sRGB value (and so its luma) is y in [0, 1]; any shape."""
    return np.float32(116) * _lab_curve(srgb_to_linear(y)) - np.float32(16)


def luma_from_lightness(lightness: ArrayLike) -> Floats:
    """The sRGB value (and so the luma) in [0, 1] of the grey of L* in [0, 100]; undoes `lightness_from_luma`."""
    return linear_to_srgb(_lab_curve_inverse((_f32(lightness) + np.float32(16)) * np.float32(1 / 116)))


def ciede2000(lab1: ArrayLike, lab2: ArrayLike) -> Floats:
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


def _hue(a: Floats, b: Floats) -> Floats:
    """Hue angle in [0, 2 pi)."""
    hue = np.arctan2(b, a)
    return np.where(hue < 0, hue + np.float32(2 * np.pi), hue)


def _length(a: Floats, b: Floats) -> Floats:
    """sqrt(a^2 + b^2); numpy's hypot guards against overflow, which costs several times as much."""
    return _f32(np.sqrt(a * a + b * b))


def _strong_chroma(chroma: ArrayLike) -> Floats:
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


def _opponent_channels(rgb: ArrayLike) -> tuple[Floats, Floats]:
    red, green, blue = _split(rgb)
    if not red.size:
        raise ValueError(f"shape {np.shape(rgb)}: colourfulness needs at least one pixel")
    return red - green, np.float32(0.5) * (red + green) - blue


def _spread_and_centre(red_green: Floats, yellow_blue: Floats) -> float:
    channels = (red_green, yellow_blue)
    spread = np.sqrt(sum(float(channel.var(dtype=np.float64)) for channel in channels))
    centre = np.sqrt(sum(float(channel.mean(dtype=np.float64)) ** 2 for channel in channels))
    return float(spread + 0.3 * centre)
