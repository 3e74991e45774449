"""JPEG 2000 files: the colour profile in their header (ISO/IEC 15444-1, annex I); Pillow decodes the rest."""

import struct
from collections.abc import Iterator

_RESTRICTED, _ANY = 2, 3  # methods of a colour box that holds an ICC profile


def jp2_profile(data: bytes) -> bytes | None:
    """The ICC profile of a .jp2 file, None for one without and for a bare codestream."""
    for name, box in _boxes(data, 0, len(data)):
        if name == b"jp2h":
            for inner, content in _boxes(box, 0, len(box)):
                if inner == b"colr" and len(content) > 3 + 128 and content[0] in (_RESTRICTED, _ANY):
                    return content[3:]
        if name == b"jp2c":
            break
    return None


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= end:
        length, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1 and at + 16 <= end:
            (length,), head = struct.unpack_from(">Q", data, at + 8), 16
        length = length or end - at
        if length < head:
            return
        yield name, data[at + head : at + length]
        at += length
