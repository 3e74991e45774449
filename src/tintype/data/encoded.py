"""Random access to encoded pictures inside tar shards, decoded when they are asked for.

For sets too large to be kept decoded (cache.py): 350,000 photographs of 256 px are 70 GB of pixels and 6 GB of JPEG. A
picture costs about a millisecond to decode, a tenth of what a network on a CPU needs to learn from it.
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import DataError
from tintype.files.atomic import replacing

from .cache import decode_rgb
from .grey import Kind, measure_tint
from .manifest import is_manifest, read_manifest
from .sources import is_picture

FORMAT = 1
Progress = Callable[[int], None]  # called with the number of pictures indexed so far


@dataclass(frozen=True)
class EncodedPictures:
    """Pictures of tar shards by number; `kinds` are those of `grey.Tint`. Reads like `cache.PictureCache`.

    `shards` are the files; `shard_of`, `offsets` and `lengths` say where each picture's bytes lie. Pictures are decoded
    to a short side of at least `side` pixels where they have it (JPEG at a half or a quarter of its size if that is
    enough).
    """

    shards: list[Path]
    shard_of: NDArray[np.int32]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    heights: NDArray[np.int32]
    widths: NDArray[np.int32]
    kinds: list[Kind]
    names: list[str]
    side: int
    broken: list[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_files", [os.open(shard, os.O_RDONLY) for shard in self.shards])

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Picture `index`, uint8 RGB (H, W, 3). Raises DataError when its bytes are no picture any more."""
        files: list[int] = self._files  # type: ignore[attr-defined]
        data = os.pread(files[self.shard_of[index]], int(self.lengths[index]), int(self.offsets[index]))
        try:
            return _decode(data, self.side)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.shards[self.shard_of[index]]}: {self.names[index]} cannot be decoded ({error}); has the shard "
                "changed while it was read?"
            ) from error


def open_encoded(
    paths: Sequence[str | Path], side: int, cache_dir: Path, progress: Progress | None = None
) -> EncodedPictures:
    """Open the pictures of tar shards (files, folders of them, or manifests over them) without decoding them all.

    An index is made the first time, and kept in `cache_dir` by the shards' names, sizes and times; beside shards of
    `tintype data gather` it takes what stands in their line lists. Raises DataError when a path is no shard.
    """
    wanted = _wanted(paths)
    shards = list(wanted)
    keys = ("shard", "offset", "length", "height", "width", "kind", "name")
    columns: dict[str, list[object]] = {key: [] for key in keys}
    broken: list[str] = []
    for number, shard in enumerate(shards):
        names = wanted[shard]
        for row in _index(shard, cache_dir):
            name, offset, length, height, width, kind = row
            if names is not None and name not in names:
                continue
            if not height:
                broken.append(name)
                continue
            for key, value in zip(columns, (number, offset, length, height, width, kind, name), strict=True):
                columns[key].append(value)
        if progress:
            progress(len(columns["name"]))
    if not columns["name"]:
        raise DataError(f"{', '.join(map(str, paths))}: no pictures found in {len(shards)} shards")
    return EncodedPictures(
        shards=shards,
        shard_of=np.array(columns["shard"], np.int32),
        offsets=np.array(columns["offset"], np.int64),
        lengths=np.array(columns["length"], np.int64),
        heights=np.array(columns["height"], np.int32),
        widths=np.array(columns["width"], np.int32),
        kinds=columns["kind"],  # type: ignore[arg-type]
        names=columns["name"],  # type: ignore[arg-type]
        side=side,
        broken=broken,
    )


def _wanted(paths: Sequence[str | Path]) -> dict[Path, set[str] | None]:
    """Shards in order; the names that manifests choose in each, None for all."""
    wanted: dict[Path, set[str] | None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise DataError(f"{path}: no such shard, folder of shards or manifest")
        if is_manifest(path):
            for entry in read_manifest(path):
                names = wanted.setdefault(entry.path, set())
                if names is not None:
                    names.add(entry.name)
        else:
            shards = [path] if path.is_file() else sorted(path.glob("*.tar"))
            wanted |= dict.fromkeys(shards, None)
    for shard in wanted:
        if shard.suffix != ".tar":
            raise DataError(f"{shard}: not a .tar shard; pack folders with `tintype data pack` first")
    return wanted


Row = tuple[str, int, int, int, int, Kind]  # name, offset, length, height, width, kind


def _index(shard: Path, cache_dir: Path) -> list[Row]:
    status = shard.stat()
    key = hashlib.blake2b(f"{FORMAT} {shard.resolve()} {status.st_size} {status.st_mtime_ns}".encode(), digest_size=12)
    file = cache_dir / "shards" / f"{key.hexdigest()}.json"
    if file.exists():
        return [tuple(row) for row in json.loads(file.read_text(encoding="utf-8"))]
    rows = list(_read_index(shard))
    with replacing(file) as partial:
        partial.write_text(json.dumps(rows))
    return rows


def _read_index(shard: Path) -> Iterator[Row]:
    """Rows of a shard; a height of 0 says that the picture is broken."""
    known = _gathered_sizes(shard)
    try:
        with tarfile.open(shard) as archive, shard.open("rb") as file:
            for member in archive:
                if not member.isfile() or not is_picture(member.name):
                    continue
                place = member.name, member.offset_data, member.size
                if member.name in known:
                    yield (*place, *known[member.name], "colour")
                    continue
                file.seek(member.offset_data)
                try:
                    rgb = _decode(file.read(member.size), 128)
                except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
                    yield (*place, 0, 0, "colour")
                    continue
                yield (*place, *rgb.shape[:2], measure_tint(rgb).kind)
    except tarfile.TarError as error:
        raise DataError(f"{shard}: not a readable tar shard ({error}); pack it again") from error


def _gathered_sizes(shard: Path) -> dict[str, tuple[int, int]]:
    """(height, width) by name, where `tintype data gather` has written them down; it keeps colour pictures only."""
    lines = shard.with_suffix(".jsonl")
    if not lines.exists():
        return {}
    rows = map(json.loads, lines.read_text(encoding="utf-8").splitlines())
    return {row["name"]: (row["height"], row["width"]) for row in rows if "name" in row and "height" in row}


def _decode(data: bytes, side: int) -> NDArray[np.uint8]:
    if data[:3] == b"\xff\xd8\xff":
        decoded = simplejpeg.decode_jpeg(data, "RGB", fastdct=True, fastupsample=True, min_height=side, min_width=side)
        return np.asarray(decoded, np.uint8)
    return decode_rgb(data, 1 << 16)
