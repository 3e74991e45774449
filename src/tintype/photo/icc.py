"""ICC colour profiles: which colour space a profile describes, and grey profiles made fit for colour.

Layout after ICC.1:2010 (profile version 4.3): a 128-byte header, a tag table, tagged element data.
"""

import struct
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# sRGB primaries adapted to D50, as s15Fixed16 numbers (IEC 61966-2-1 with the Bradford transform).
_PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
_KEPT = (b"desc", b"cprt", b"wtpt", b"chad", b"dmnd", b"dmdd")
_SAMPLES = 4096
_D50 = (0.9642, 1.0, 0.8249)
_NEAR = 0.01  # of sRGB values from 0 to 1: less than 1 of L*


def colour_space(profile: bytes | None) -> str | None:
    """The data colour space in the header ("RGB", "GRAY", "CMYK", ...), or None if this is not a profile."""
    if profile is None or len(profile) < 132 or profile[36:40] != b"acsp":
        return None
    return profile[16:20].decode("latin-1").strip()


def profile_for_colour(profile: bytes | None) -> bytes | None:
    """The profile to put in an RGB file: RGB profiles as they are, grey ones rebuilt, any other left out."""
    space = colour_space(profile)
    if space == "RGB":
        return profile
    if space == "GRAY" and profile is not None:
        try:
            return _rgb_from_grey(profile)
        except (struct.error, ValueError, KeyError, IndexError):
            return None
    return None


def profile_for_grey(profile: bytes | None) -> bytes | None:
    """The profile to put in a one-channel file: only a grey one is legal there."""
    return profile if colour_space(profile) == "GRAY" else None


def _rgb_from_grey(profile: bytes) -> bytes:
    """An RGB matrix profile with sRGB primaries and the grey profile's tone curve: greys keep their look."""
    tags = _tags(profile)
    curve = tags[b"kTRC"]
    if profile[20:24] == b"Lab ":
        curve = _lightness_to_luminance(curve)
    elements: dict[bytes, bytes] = {tag: tags[tag] for tag in _KEPT if tag in tags}
    for tag, xyz in _PRIMARIES.items():
        elements[tag] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in xyz))
    elements |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)

    header = bytearray(profile[:128])
    header[12:16] = b"mntr"
    header[16:24] = b"RGB XYZ "
    header[84:100] = bytes(16)  # the profile ID is a checksum of the old bytes; zero means "not computed"
    return _joined(header, elements)


def _joined(header: bytearray, elements: dict[bytes, bytes]) -> bytes:
    """A profile of these tagged elements; the header's size is filled in."""
    table, body, placed = b"", b"", dict[bytes, int]()
    start = 128 + 4 + 12 * len(elements)
    for tag, data in elements.items():
        if data not in placed:
            placed[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        table += tag + struct.pack(">II", placed[data], len(data))
    header[0:4] = struct.pack(">I", start + len(body))
    return bytes(header) + struct.pack(">I", len(elements)) + table + body


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    if count > 100:
        raise ValueError(f"{count} tags in an ICC profile")
    tags = {}
    for i in range(count):
        tag, offset, size = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if offset + size > len(profile):
            raise ValueError(f"ICC tag {tag!r} lies outside the profile")
        tags[tag] = profile[offset : offset + size]
    return tags


def _lightness_to_luminance(curve: bytes) -> bytes:
    """A tone curve to L*/100 (grey profiles connected through Lab) as a sampled curve to luminance Y."""
    x = np.linspace(0.0, 1.0, _SAMPLES)
    lightness = 100.0 * np.clip(_evaluate(curve, x), 0.0, 1.0)
    y = np.where(lightness > 8.0, ((lightness + 16.0) / 116.0) ** 3, lightness * 27.0 / 24389.0)
    samples: bytes = np.round(y * 65535.0).astype(">u2").tobytes()
    return b"curv\0\0\0\0" + struct.pack(">I", _SAMPLES) + samples


def _evaluate(curve: bytes, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A `curv` or `para` element at x in [0, 1] (ICC.1:2010, 10.5 and 10.15)."""
    if curve[:4] == b"curv":
        (count,) = struct.unpack_from(">I", curve, 8)
        if count == 0:
            return x
        values = np.frombuffer(curve, ">u2", count, 12).astype(np.float64)
        if count == 1:
            return np.asarray(x ** (values[0] / 256.0))
        return np.asarray(np.interp(x, np.linspace(0.0, 1.0, count), values / 65535.0))
    if curve[:4] != b"para":
        raise ValueError(f"unknown ICC curve {curve[:4]!r}")
    (kind,) = struct.unpack_from(">H", curve, 8)
    size = (1, 3, 4, 5, 7)[kind]
    p = [v / 65536.0 for v in struct.unpack_from(f">{size}i", curve, 12)]
    g, a, b, c, d, e, f = p + [1.0, 0.0, 0.0, 0.0, 0.0, 0.0][size - 1 :]
    if kind == 0:
        return np.asarray(x**g)
    power = np.maximum(a * x + b, 0.0) ** g
    if kind == 1:
        return np.asarray(np.where(x >= -b / a, power, 0.0))
    if kind == 2:
        return np.asarray(np.where(x >= -b / a, power + c, c))
    return np.asarray(np.where(x >= d, power + e, c * x + f))


def power_profile(exponent: float) -> bytes:
    """An RGB profile with sRGB primaries whose luminance is the value to that power; 1 is linear light."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256)) + b"\0\0"
    name = f"sRGB primaries, gamma {exponent:.4g}".encode()
    desc = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0" + bytes(78)
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in _D50))
    elements = {b"desc": desc, b"cprt": b"text\0\0\0\0no copyright\0", b"wtpt": white}
    for tag, xyz in _PRIMARIES.items():
        elements[tag] = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in xyz))
    elements |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    header = bytearray(128)
    header[8:12], header[12:24], header[36:40] = b"\x02\x10\0\0", b"mntrRGB XYZ ", b"acsp"
    header[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    header[68:80] = struct.pack(">3i", *(round(v * 65536) for v in _D50))
    return _joined(header, elements)


@lru_cache(maxsize=16)
def shown_curve(profile: bytes | None) -> NDArray[np.float64] | None:
    """sRGB values at which the greys of a profile are shown, for 4,096 values from 0 to 1, growing; None where that is
    within a hundredth of the values themselves, or the profile has no tone curve."""
    space = colour_space(profile)
    if profile is None or space not in ("GRAY", "RGB"):
        return None
    try:
        tags = _tags(profile)
        curve = tags[b"kTRC" if space == "GRAY" else b"gTRC"]
        if space == "GRAY" and profile[20:24] == b"Lab ":
            curve = _lightness_to_luminance(curve)
        x = np.linspace(0.0, 1.0, _SAMPLES)
        light = np.maximum.accumulate(np.clip(_evaluate(curve, x), 0.0, 1.0))
    except (struct.error, ValueError, KeyError, IndexError, ZeroDivisionError):
        return None
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return None if np.abs(coded - x).max() < _NEAR else coded
