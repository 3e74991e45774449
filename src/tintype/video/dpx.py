"""Headers of DPX files (SMPTE ST 268-1): what a scanner wrote there is carried to the coloured picture.

The generic and image headers describe how pixels are stored and belong to the new file; creator, project, copyright,
the orientation, film and television headers describe the film. Offsets and the undefined value are the standard's.
"""

import struct

from .timecode import Timecode

LENGTH = 2048  # of all headers
_GENERIC = 1664  # of those that every file has
_BIG, _LITTLE = b"SDPX", b"XPDS"
_TEXT = slice(160, 660)  # creator, project, copyright: text, without byte order
_TIMECODE, _FRAME_RATE = 1920, 1940
# Orientation, film and television headers: 32-bit numbers, and between them texts and single bytes.
_TEXTS = ((1432, 1532), (1532, 1556), (1556, 1588), (1588, 1620), (1664, 1712), (1732, 1864), (1928, 1932))
_DESCRIPTIVE = (1408, 1952)


def with_headers(data: bytes, source: bytes | None, timecode: Timecode | None) -> bytes:
    """A DPX file with what ``source``, the head of the picture that it was made from, tells of the film.

    Without a source the timecode goes into the television header. FFmpeg writes no film and no television header: room
    for them is made, filled with the standard's "undefined". Damaged headers are left out.
    """
    order = {_BIG: ">", _LITTLE: "<"}.get(data[:4])
    if order is None or len(data) < _GENERIC or struct.unpack_from(f"{order}I", data, 4)[0] not in (_GENERIC, LENGTH):
        return data
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    head = bytearray(data[:start].ljust(LENGTH, b"\xff"))
    struct.pack_into(f"{order}I", head, 4, LENGTH)
    struct.pack_into(f"{order}I", head, 16, len(data) - start + LENGTH)
    struct.pack_into(f"{order}2I", head, 24, _GENERIC, LENGTH - _GENERIC)
    if source is not None and source[:4] in (_BIG, _LITTLE) and _start_of(source) >= LENGTH:
        head[_TEXT] = source[_TEXT]
        block = _in_order(source, swap=source[:4] != data[:4])
        head[slice(*_DESCRIPTIVE)] = block[slice(*_DESCRIPTIVE)]
    elif timecode is not None:
        digits = str(timecode).replace(";", ":").replace(":", "")
        struct.pack_into(f"{order}I", head, _TIMECODE, int(digits[-8:], 16))
        struct.pack_into(f"{order}f", head, _FRAME_RATE, float(timecode.base))
    return bytes(head) + data[start:]


def _start_of(head: bytes) -> int:
    """Where the pixels begin, 0 for a header that is cut short."""
    order = ">" if head[:4] == _BIG else "<"
    return int(struct.unpack_from(f"{order}I", head, 4)[0]) if len(head) >= LENGTH else 0


def _in_order(source: bytes, *, swap: bool) -> bytes:
    """The header with its numbers in the other byte order, texts as they are."""
    if not swap:
        return source
    words = bytearray(source)
    for at in range(_DESCRIPTIVE[0], _DESCRIPTIVE[1], 4):
        if not any(first <= at < last for first, last in _TEXTS):
            words[at : at + 4] = source[at : at + 4][::-1]
    # Border validity, 1620 to 1628, is four numbers of 16 bits.
    for at in range(1620, 1628, 2):
        words[at : at + 2] = source[at : at + 2][::-1]
    return bytes(words)
