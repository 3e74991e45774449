"""Encode a JPEG in strips, in threads.

Each strip is encoded as a JPEG of its own, all with the same tables; their coded data are then joined with restart
markers (ITU-T T.81, B.2.1 and E.1.4), at which a decoder begins anew just as the encoder did. The result decodes to
what one encoder would have made, pixel by pixel.
"""

import struct

import numpy as np
import simplejpeg

from tintype.imaging.planes import Chroma
from tintype.imaging.types import Plane8
from tintype.parallel import spread, strips

from .fit import even_storage

_STRIP_PIXELS = 1 << 20
_MCU = 16
_MOST_UNITS = 65535


def encode(luma: Plane8, chroma: Chroma | None, quality: int) -> bytes:
    """The JPEG of these planes; luma from `even_storage`, chroma of full or half size, or None for grey."""
    height, width = luma.shape
    half = 2 if chroma is not None and chroma[0].shape != luma.shape else 1
    unit = 8 * half
    across = -(-width // unit)
    rows = max(_MCU, _STRIP_PIXELS // width // _MCU * _MCU)
    rows = min(rows, _MOST_UNITS // across * unit // _MCU * _MCU)

    def part(rows: slice) -> bytes:
        small = slice(rows.start // half, -(-rows.stop // half))
        light = luma[rows]
        planes = (None, None) if chroma is None else (chroma[0][small], chroma[1][small])
        if len(light) == 1 and rows.start:  # TurboJPEG cannot tell the subsampling of a single row
            light = even_storage(np.repeat(light, 2, axis=0))
            if half == 1 and chroma is not None:
                planes = np.repeat(chroma[0][small], 2, axis=0), np.repeat(chroma[1][small], 2, axis=0)
        encoded: bytes = simplejpeg.encode_jpeg_yuv_planes(light, *planes, quality)
        return encoded

    pieces = strips(height, rows)
    if len(pieces) == 1:
        return part(pieces[0])
    return _joined(spread(part, pieces), height, rows // unit * across)


def _joined(parts: list[bytes], height: int, interval: int) -> bytes:
    frame, scan, data = _layout(parts[0])
    head = bytearray(parts[0][:scan])
    struct.pack_into(">H", head, frame + 5, height)
    restart = struct.pack(">BBHH", 0xFF, 0xDD, 4, interval)
    body: list[bytes | memoryview] = [bytes(head), restart, parts[0][scan:data]]
    for number, part in enumerate(parts):
        start = _layout(part)[2]
        body.append(memoryview(part)[start:-2])  # without the end marker
        body.append(bytes([0xFF, 0xD0 + number % 8 if number + 1 < len(parts) else 0xD9]))
    return b"".join(body)


def _layout(jpeg: bytes) -> tuple[int, int, int]:
    """Where the frame header, the scan header and the coded data begin."""
    at, frame = 2, 0
    while True:
        marker, length = jpeg[at + 1], struct.unpack_from(">H", jpeg, at + 2)[0]
        if marker == 0xC0:
            frame = at
        if marker == 0xDA:
            return frame, at, at + 2 + length
        at += 2 + length
