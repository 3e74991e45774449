"""Where pictures come from: a folder (with its subfolders), a tar shard, or a folder of shards."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tintype.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"})


@dataclass(frozen=True)
class Picture:
    """An encoded picture. `source` is the name up to the first "_" or "-": the collection it comes from."""

    name: str
    source: str
    data: bytes


def is_picture(name: str) -> bool:
    """True when the suffix is one of a picture; hidden files are none."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def source_of(name: str) -> str:
    """The collection a picture belongs to: `flickr8k` of `flickr8k_224_000362.webp`."""
    stem = PurePosixPath(name).stem
    return stem.split("_")[0].split("-")[0] or stem


def iter_pictures(path: str | Path) -> Iterator[Picture]:
    """Every picture of a file, folder or shard, still encoded, in sorted order (shards keep their own order).

    Raises DataError when `path` does not exist, a shard is broken, or there is no picture at all.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such folder or shard; give a folder of pictures or a .tar of them")
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    found = False
    for file in files:
        if file.suffix == ".tar":
            for picture in _iter_shard(file):
                found = True
                yield picture
        elif is_picture(file.name):
            found = True
            yield Picture(
                str(file.relative_to(path)) if path.is_dir() else file.name,
                source_of(file.name),
                file.read_bytes(),
            )
    if not found:
        kinds = " ".join(sorted(SUFFIXES))
        raise DataError(f"{path}: no pictures found; looked for {kinds} and .tar shards of them")


def _iter_shard(file: Path) -> Iterator[Picture]:
    try:
        with tarfile.open(file) as shard:
            for member in shard:
                if member.isfile() and is_picture(member.name):
                    stream = shard.extractfile(member)
                    assert stream is not None
                    yield Picture(member.name, source_of(member.name), stream.read())
    except tarfile.TarError as error:
        raise DataError(f"{file}: not a readable tar shard ({error}); pack it again") from error
