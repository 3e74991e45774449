"""What a PNG says of its numbers without a profile: gAMA and cICP, as the ICC profile that means the same.

Source: the PNG specification, third edition, section 11.3.2. cICP goes before iCCP, iCCP before sRGB, sRGB before gAMA.
"""

import struct

from .icc import power_profile

_SRGB_GAMMA = 45455
_LINEAR = 8  # H.273 transfer characteristics


def png_profile(data: bytes) -> bytes | None:
    """The ICC profile of a PNG of which gAMA or cICP says that its numbers are not those of sRGB; None else, and
    where the file has a profile of its own."""
    chunks = _before_pixels(data)
    if b"cICP" in chunks and len(chunks[b"cICP"]) == 4:
        return power_profile(1.0) if chunks[b"cICP"][1] == _LINEAR else None
    if b"iCCP" in chunks or b"sRGB" in chunks or len(chunks.get(b"gAMA", b"")) != 4:
        return None
    (gamma,) = struct.unpack(">I", chunks[b"gAMA"])
    if not 5000 <= gamma <= 500000 or abs(gamma - _SRGB_GAMMA) <= 1000:
        return None
    return power_profile(100000 / gamma)


def _before_pixels(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 8
    while at + 12 <= len(data):
        (length,), name = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        if name == b"IDAT":
            break
        found[name] = data[at + 8 : at + 8 + length]
        at += 12 + length
    return found
