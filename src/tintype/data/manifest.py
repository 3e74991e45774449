"""Manifests: plain lists of pictures in folders and shards, so that a selection needs no copy of the data.

A manifest is a text file, NAME.manifest.jsonl. Each line is a JSON object: `path` is a folder or a .tar, relative to
the manifest's own folder (or absolute), `name` is the picture in it:

    {"path": "photos", "name": "summer/img2.jpg"}
    {"path": "shards/coco-000000.tar", "name": "000000391895.jpg"}
"""

import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tintype.errors import DataError, OutputError
from tintype.files.atomic import replacing

SUFFIX = ".jsonl"


@dataclass(frozen=True, order=True)
class Entry:
    """One picture that is not read yet: `name` in the folder or shard `path`."""

    path: Path
    name: str


def is_manifest(path: Path) -> bool:
    """True when the suffix is that of a manifest."""
    return path.suffix.lower() == SUFFIX


def read_manifest(file: Path) -> list[Entry]:
    """The entries of a manifest in its own order. Raises DataError naming the line that is none."""
    entries = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not a readable manifest ({error}); write it again with `tintype data`") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            entries.append(Entry(file.parent / Path(fields["path"]), str(fields["name"])))
        except (ValueError, KeyError, TypeError) as error:
            wanted = '{"path": FOLDER OR TAR, "name": PICTURE}'
            raise DataError(f"{file}, line {number}: not a manifest's line; each is {wanted}") from error
    return entries


def write_manifest(file: Path, entries: Iterable[Entry], *, overwrite: bool = False) -> None:
    """Write `entries`, with paths relative to the manifest's folder where they share more than the root with it.

    Raises OutputError when `file` exists and `overwrite` is False, when its suffix is another, or it cannot be written.
    """
    if not is_manifest(file):
        raise OutputError(f"{file}: a manifest's name ends in {SUFFIX}; try {file.name}.manifest{SUFFIX}")
    refuse_existing(file, overwrite)
    home = file.absolute().parent.resolve()
    named: dict[Path, str] = {}
    try:
        with replacing(file) as part, part.open("w", encoding="utf-8") as out:
            for entry in entries:
                if entry.path not in named:
                    named[entry.path] = _relative(entry.path.resolve(), home)
                out.write(json.dumps({"path": named[entry.path], "name": entry.name}, ensure_ascii=False) + "\n")
    except OSError as error:
        raise OutputError(f"{file}: cannot be written ({error.strerror or error})") from error


def refuse_existing(file: Path, overwrite: bool) -> None:
    """Raises OutputError when `file` is there and may not be replaced."""
    if file.is_dir() or (file.exists() and not overwrite):
        raise OutputError(f"{file} exists already; name another file or give --overwrite")


def _relative(path: Path, home: Path) -> str:
    """A path under another drive or only the common root stays absolute: moving the manifest must not break it."""
    if path.drive != home.drive or len(Path(os.path.commonpath([path, home])).parts) < 2:
        return path.as_posix()
    return Path(os.path.relpath(path, home)).as_posix()


def read_entries(entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Each entry with its bytes, in the order given; shards are opened once. Raises DataError when one is missing."""
    shards: dict[Path, tuple[tarfile.TarFile, dict[str, tarfile.TarInfo]]] = {}
    with ExitStack() as opened:
        for entry in entries:
            try:
                if entry.path.suffix != ".tar":
                    yield entry, (entry.path / entry.name).read_bytes()
                    continue
                if entry.path not in shards:
                    shard = opened.enter_context(tarfile.open(entry.path))
                    shards[entry.path] = shard, {member.name: member for member in shard if member.isfile()}
                yield entry, _read_member(entry, *shards[entry.path])
            except OSError as error:
                raise DataError(f"{entry.path / entry.name}: {error.strerror or error}; scan or split again") from error
            except tarfile.TarError as error:
                raise DataError(f"{entry.path}: not a readable tar shard ({error}); pack it again") from error


def _read_member(entry: Entry, shard: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> bytes:
    if entry.name not in members:
        raise DataError(f"{entry.path}: no picture {entry.name} in this shard; scan or split again")
    stream = shard.extractfile(members[entry.name])
    assert stream is not None
    return stream.read()
