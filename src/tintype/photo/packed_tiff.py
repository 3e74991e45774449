"""TIFF pages of 9 to 15 bits a sample, packed without gaps, as medical and older scanners write them.

Neither Pillow nor libvips reads all of these. TIFF 6.0: samples follow one another from the highest bit down, each row
begins at a whole byte.
"""

import io
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSETS, _SAMPLES, _ROWS, _COUNTS, _PLANAR, _TILES = 273, 277, 278, 279, 284, 322
_MIN_IS_WHITE = 0
_NONE, _DEFLATE = 1, (8, 32946)


class PackedRefused(ValueError):
    """A page of 9 to 15 bits a sample that is stored in a way which is not read here; the text says which."""


def directory(data: bytes, page: int = 0) -> Any | None:
    """The tags of a page; None where there is no such page, or no TIFF."""
    try:
        file = io.BytesIO(data)
        tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(16 if data[2:3] in (b"+",) or data[3:4] == b"+" else 8))
        for _ in range(page + 1):
            if not tags.next:
                return None
            file.seek(tags.next)
            tags.load(file)
        return tags
    except Exception:  # a damaged header; whoever decodes the picture says what is wrong
        return None


def bits_of(tags: Any) -> int:
    """Bits of a sample, the most of all channels."""
    bits = tags.get(_BITS, (1,))
    return int(max(bits)) if isinstance(bits, tuple) else int(bits)


def decode_packed(data: bytes, tags: Any) -> NDArray[np.uint16]:
    """(H, W, channels) uint16, scaled so that the highest sample is 65535.

    Raises PackedRefused, and ValueError for a page that is cut short.
    """
    bits, count = bits_of(tags), int(tags.get(_SAMPLES, 1))
    compression, planar = int(tags.get(_COMPRESSION, 1)), int(tags.get(_PLANAR, 1))
    if _TILES in tags or planar != 1 or (compression != _NONE and compression not in _DEFLATE):
        raise PackedRefused(
            f"a TIFF of {bits} bits a sample, tiled, in planes or compressed by another way than Deflate"
        )
    width, height = int(tags[_WIDTH]), int(tags[_HEIGHT])
    offsets, sizes = (_tuple(tags[tag]) for tag in (_OFFSETS, _COUNTS))
    per_strip = min(height, int(tags.get(_ROWS, height)))
    length = -(-width * count * bits // 8)
    rows: list[NDArray[np.uint8]] = []
    for at, size in zip(offsets, sizes, strict=True):
        strip = data[at : at + size]
        raw = zlib.decompress(strip) if compression in _DEFLATE else strip
        wanted = min(per_strip, height - sum(len(part) for part in rows))
        if len(raw) < wanted * length:
            raise ValueError(f"{wanted * length} bytes of pixels are missing {wanted * length - len(raw)}")
        rows.append(np.frombuffer(raw, np.uint8, wanted * length).reshape(wanted, length))
    packed = np.concatenate(rows)
    samples = np.empty((height, width * count), np.uint16)
    weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint16)
    for first in range(0, height, 64):  # bits take eight times the room
        unpacked = np.unpackbits(packed[first : first + 64], axis=1)[:, : width * count * bits]
        samples[first : first + 64] = unpacked.reshape(-1, width * count, bits) @ weights
    full = (samples.astype(np.uint32) * 65535 + ((1 << bits) - 1) // 2) // ((1 << bits) - 1)
    if int(tags.get(_PHOTOMETRIC, 1)) == _MIN_IS_WHITE:
        full = 65535 - full
    return full.astype(np.uint16).reshape(height, width, count)


def _tuple(value: Any) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (int(value),)
