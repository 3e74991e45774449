"""Walk protobuf messages without the schema's package: what describes a model file needs no more.

The field numbers of ONNX are those of onnx.proto in https://github.com/onnx/onnx.
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields(view: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The (field number, raw value) pairs of one message; ValueError where it makes no sense."""
    at = 0
    while at < len(view):
        tag, at = varint(view, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            start = at
            _, at = varint(view, at)
        elif kind == BYTES:
            length, start = varint(view, at)
            at = start + length
        elif kind in (FIXED32, FIXED64):
            start, at = at, at + (4 if kind == FIXED32 else 8)
        else:
            raise ValueError(f"unknown wire type {kind} at byte {at}")
        if at > len(view):
            raise ValueError(f"{len(view)} bytes, {at} expected")
        if number == 0:
            raise ValueError(f"field number 0 at byte {start}")
        yield number, view[start:at]


def varint(view: memoryview, at: int = 0) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends."""
    value = shift = 0
    while True:
        if at >= len(view) or shift > 63:
            raise ValueError(f"{len(view)} bytes, ends inside a number")
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def numbers(view: memoryview) -> list[int]:
    """The numbers of a packed repeated field, or the one of a field that is not packed."""
    found, at = [], 0
    while at < len(view):
        value, at = varint(view, at)
        found.append(value)
    return found


def text(view: memoryview) -> str:
    """A string field; what is not UTF-8 is shown as such."""
    return bytes(view).decode("utf-8", "backslashreplace")
