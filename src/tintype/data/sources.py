"""Where pictures come from: a folder (with its subfolders), a tar shard, a folder of shards, or a manifest."""

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tintype.errors import DataError

from .manifest import Entry, is_manifest, read_entries, read_manifest

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"})

NaturalKey = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Picture:
    """An encoded picture. `source` is the name up to the first "_" or "-": the collection it comes from.

    `path` is the folder or shard that `name` is found in.
    """

    name: str
    source: str
    data: bytes
    path: Path = Path()

    @property
    def entry(self) -> Entry:
        """What a manifest says of this picture."""
        return Entry(self.path, self.name)


def is_picture(name: str) -> bool:
    """True when the suffix is one of a picture; hidden files are none."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def source_of(name: str) -> str:
    """The collection a picture belongs to: `flickr8k` of `flickr8k_224_000362.webp`."""
    stem = PurePosixPath(name).stem
    return stem.split("_")[0].split("-")[0] or stem


def natural_key(name: str) -> NaturalKey:
    """Sorts as people count: `img2` before `img10`. Numbers come before words, and 2 is 02."""
    pieces = re.split(r"(\d+)", name)
    return tuple((0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces if piece)


def iter_pictures(path: str | Path) -> Iterator[Picture]:
    """Every picture of a file, folder, shard or manifest, still encoded.

    Folders are read in natural order, shards and manifests in their own. Raises DataError when `path` or what a
    manifest names does not exist, a shard is broken, or there is no picture at all.
    """
    path = Path(path)
    if _checked(path) and is_manifest(path):
        for entry, data in read_entries(list_entries(path)):
            yield Picture(entry.name, source_of(entry.name), data, entry.path)
        return
    found = False
    for home, file in _files(path):
        if file.suffix == ".tar":
            for member, data in _iter_shard(file):
                found = True
                yield Picture(member, source_of(member), data, file)
        else:
            found = True
            yield Picture(_name(home, file), source_of(file.name), _read(file), home)
    if not found:
        raise _none_found(path)


def list_entries(path: str | Path) -> list[Entry]:
    """What iter_pictures would read, without reading the pictures. Raises as it does."""
    path = Path(path)
    if _checked(path) and is_manifest(path):
        entries = read_manifest(path)
    else:
        entries = []
        for home, file in _files(path):
            if file.suffix == ".tar":
                entries += [Entry(file, member.name) for _, member in _members(file)]
            else:
                entries.append(Entry(home, _name(home, file)))
    if not entries:
        raise _none_found(path)
    return entries


def _checked(path: Path) -> bool:
    if not path.exists():
        raise DataError(f"{path}: no such folder, shard or manifest; give a folder of pictures or a .tar of them")
    return path.is_file()


def _files(path: Path) -> Iterator[tuple[Path, Path]]:
    """Shards and pictures below `path`, each with the folder that its name is relative to."""
    if path.is_file():
        files, home = [path], path.parent
    else:
        found = [file.relative_to(path) for file in path.rglob("*") if file.is_file()]
        files = [path / file for file in sorted(found, key=_order)]
        home = path
    for file in files:
        if file.suffix == ".tar" or is_picture(file.name):
            yield home, file


def _order(file: Path) -> tuple[list[NaturalKey], Path]:
    return [natural_key(part) for part in file.parts], file


def _name(home: Path, file: Path) -> str:
    return str(file.relative_to(home))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # whoever decodes it counts it among the broken ones, by name


def _none_found(path: Path) -> DataError:
    kinds = " ".join(sorted(SUFFIXES))
    return DataError(f"{path}: no pictures found; looked for {kinds} and .tar shards of them")


def _iter_shard(file: Path) -> Iterator[tuple[str, bytes]]:
    for shard, member in _members(file):
        stream = shard.extractfile(member)
        assert stream is not None
        yield member.name, stream.read()


def _members(file: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    try:
        with tarfile.open(file) as shard:
            for member in shard:
                if member.isfile() and is_picture(member.name):
                    yield shard, member
    except tarfile.TarError as error:
        raise DataError(f"{file}: not a readable tar shard ({error}); pack it again") from error
