"""A ZIP of stored files, made while it is sent: it lies nowhere as a whole."""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, cast

from .storage import Storage


@dataclass(frozen=True)
class Packed:
    """A file of a ZIP: its name there, the storage key or the bytes of its content, when it was made."""

    name: str
    content: str | bytes
    made: datetime


class _Pieces:
    """A file that can only be written to, whose bytes are taken out as they come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def packed(storage: Storage, files: Iterable[Packed]) -> Iterator[bytes]:
    """A ZIP of these files, in pieces.

    Names that come twice get a number. Photos do not get smaller by packing, so they are stored. A file that has gone
    meanwhile is left out.
    """
    pieces = _Pieces()
    taken: set[str] = set()
    with zipfile.ZipFile(cast("IO[bytes]", pieces), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for file in files:
            data = file.content
            size = len(data) if isinstance(data, bytes) else storage.size(data)
            if size is None:
                continue
            info = zipfile.ZipInfo(free_name(file.name, taken), file.made.timetuple()[:6])
            info.file_size = size
            with archive.open(info, "w", force_zip64=size > 1 << 31) as target:
                for piece in [data] if isinstance(data, bytes) else storage.chunks(data, 0, size):
                    target.write(piece)
                    yield pieces.take()
            yield pieces.take()
    yield pieces.take()


def free_name(name: str, taken: set[str]) -> str:
    """The name, or the first like it with a number that is not taken yet."""
    path, free, number = PurePosixPath(name), name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{path.stem}-{number}{path.suffix}"
    taken.add(free.casefold())
    return free
