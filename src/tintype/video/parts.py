"""What is finished of a film, on disk: parts that survive any crash, and the state to go on from.

A part is two files in a folder beside the result: its packets, and a JSON line about them. Both are written under a
temporary name; the JSON line comes last, so a part either is complete or does not exist.
"""

import base64
import json
import os
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tintype.errors import OutputError
from tintype.files.atomic import replacing

from .codecs import Packet
from .memory import Facts
from .stabilize import State

_RECORD = struct.Struct("<qBI")


@dataclass(frozen=True)
class PartInfo:
    """What is known of a finished part.

    Timestamps are in the film's time base; ``last_checksum`` is that of the last frame's luma, to find the place
    again; ``header`` is the encoder's; ``facts`` are what is known of the shot that it is a part of.
    """

    number: int
    frames: int
    predictions: int
    new_scene: bool
    first_pts: int
    last_pts: int
    last_duration: int
    last_checksum: int
    header: bytes
    facts: Facts = field(default_factory=dict)


class PartStore:
    """The folder with the parts of one film.

    Args:
        target: where the finished film goes; the folder is ``.NAME.parts`` beside it.
        identity: everything that the parts depend on; a folder made from anything else is emptied.
        fresh: empty it in any case.

    ``known`` tells whether an earlier run had begun the same.

    Raises:
        OutputError: the folder cannot be made.
    """

    def __init__(self, target: Path, identity: dict[str, Any], *, fresh: bool = False) -> None:
        self.folder = target.with_name(f".{target.name}.parts")
        wanted = json.dumps(identity, sort_keys=True, indent=1)
        note = self.folder / "film.json"
        try:
            self.known = not fresh and note.is_file() and note.read_text(encoding="utf-8") == wanted
            if self.folder.exists() and not self.known:
                shutil.rmtree(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)
            for leftover in self.folder.glob(".*.part"):
                leftover.unlink()
            if not note.is_file():
                _write(note, wanted.encode())
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be made ({error.strerror or error})") from error
        self.parts = list(self._finished())

    @property
    def frames(self) -> int:
        """Frames in the finished parts."""
        return sum(part.frames for part in self.parts)

    def state(self) -> State:
        """What the last finished part left to go on from; empty at the beginning and at cuts."""
        path = self.folder / f"{len(self.parts) - 1:06}.npz"
        if not self.parts or not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def begin(self) -> BinaryIO:
        """A file for the packets of the next part."""
        return self._begun(len(self.parts)).open("wb")

    def _begun(self, number: int) -> Path:
        """Packets come one by one, over many calls: a name that the next run finds and removes."""
        return self.folder / f".{number:06}.packets.part"

    def finish(self, part: PartInfo, state: State) -> None:
        """Keep the part that was begun; from here on no crash can take it."""
        stem = f"{part.number:06}"
        if state:
            with replacing(self.folder / f"{stem}.npz") as partial, partial.open("wb") as file:
                np.savez(file, **state)  # type: ignore[arg-type]
        self._begun(part.number).replace(self.folder / f"{stem}.packets")
        values = part.__dict__ | {"header": base64.b64encode(part.header).decode()}
        _write(self.folder / f"{stem}.json", json.dumps(values).encode())
        self.parts.append(part)

    def gather(self, other: "PartStore") -> None:
        """Take over the parts of another store, as those that follow the own; it is empty then."""
        for part in other.parts:
            number = len(self.parts)
            (other.folder / f"{part.number:06}.packets").replace(self.folder / f"{number:06}.packets")
            self.parts.append(replace(part, number=number))
        other.parts.clear()
        other.remove()

    def packets(self) -> Iterator[Packet]:
        """All packets of the finished parts, in coding order."""
        for part in self.parts:
            with (self.folder / f"{part.number:06}.packets").open("rb") as file:
                while head := file.read(_RECORD.size):
                    pts, is_key, size = _RECORD.unpack(head)
                    yield Packet(pts, bool(is_key), file.read(size))

    def timestamps(self) -> list[int]:
        """The timestamps of all packets in coding order."""
        found = []
        for part in self.parts:
            with (self.folder / f"{part.number:06}.packets").open("rb") as file:
                while head := file.read(_RECORD.size):
                    pts, _, size = _RECORD.unpack(head)
                    found.append(pts)
                    file.seek(size, os.SEEK_CUR)
        return found

    def remove(self) -> None:
        """Delete the folder: the film is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _finished(self) -> Iterator[PartInfo]:
        number = 0
        while (note := self.folder / f"{number:06}.json").is_file():
            values = json.loads(note.read_text(encoding="utf-8"))
            yield PartInfo(**(values | {"header": base64.b64decode(values["header"])}))
            number += 1


def write_packet(file: BinaryIO, packet: Packet) -> None:
    """Add a packet to the file of a part."""
    file.write(_RECORD.pack(packet.pts, packet.is_key, len(packet.data)))
    file.write(packet.data)


def _write(path: Path, data: bytes) -> None:
    with replacing(path, durable=True) as partial:
        partial.write_bytes(data)
