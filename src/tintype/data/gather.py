"""Gather photographs for training from folders, archives and git histories into tar shards with a manifest.

Each source is decoded, judged (suitability.py, held_out.py), reduced and coded as JPEG into POOL/NAME-000000.tar and so
on. Beside each shard stand NAME-000000.jsonl, a line for every picture that was looked at, and NAME-000000.npz, what is
remembered of the kept ones to find near-duplicates. A shard counts when all three are there: gathering that is
interrupted goes on after the last whole one.
"""

import io
import json
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tintype.errors import DataError, OutputError
from tintype.files.atomic import replacing, write_bytes

from .duplicates import Likeness, likeness_of
from .git_blobs import git_directory, list_blobs, read_blobs
from .held_out import difference_hashes, is_near
from .sources import Picture, is_picture, iter_pictures
from .suitability import unsuitable

QUALITY = 88
WIDEST = 1.5  # longer pictures are cut to this ratio of their sides, in the middle: crops are square
_CHUNK = 128

Progress = Callable[[int, int], None]  # pictures looked at, pictures kept


@dataclass(frozen=True)
class Source:
    """Where pictures come from, and what is known of their terms.

    `path` is a folder, an archive (.tar, .zip), or a git directory, of which the whole history is read; only names that
    begin with `under` count. `filters`: the collection holds edited photographs. `most`: pictures kept at most.
    """

    name: str
    path: Path
    terms: str = "not stated"
    licence: str = "not stated"
    address: str = ""
    commercial: bool = False
    under: str = ""
    filters: bool = False
    most: int | None = None


@dataclass
class Gathered:
    """What came of one source: pictures `kept`, and how many were left out for which reason."""

    kept: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


def read_sources(file: Path) -> list[Source]:
    """The [[source]] tables of a TOML file; their paths are relative to it. Raises DataError naming what is wrong."""
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))["source"]
        sources = [Source(**{**table, "path": file.parent / Path(table["path"]).expanduser()}) for table in tables]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DataError(f"{file}: not a list of sources ({error}); each is a [[source]] with name and path") from error
    names = [source.name for source in sources]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise DataError(f"{file}: two sources are named {repeated!r}; names must differ")
    return sources


def gather(
    source: Source,
    pool: Path,
    *,
    side: int = 256,
    least_side: int = 80,
    shard_size: int = 2000,
    held_out: NDArray[np.uint64] | None = None,
    most_bits: int = 6,
    threads: int = 2,
    progress: Progress | None = None,
) -> Gathered:
    """Add the shards of `source` to `pool`; pictures have a short side of at most `side` pixels.

    Left out are broken, tiny, grey, toned, filtered and synthetic pictures, and those whose difference hash, or that of
    their mirror image, is near one of `held_out`. Raises DataError when the source cannot be read, OutputError when the
    pool cannot be written.
    """
    hashes = np.empty(0, np.uint64) if held_out is None else held_out
    done, shards, position = _resume(pool, source.name)
    if shards and (pool / f"{source.name}.done").exists():
        return done

    def judge(picture: Picture) -> "_Judged":
        return _judge(picture, source, side, least_side, hashes, most_bits)

    writer = _ShardWriter(pool, source.name, shards)
    try:
        pool.mkdir(parents=True, exist_ok=True)
        pictures = islice(_pictures(source), position, None)
        with ThreadPoolExecutor(threads) as executor:
            while chunk := list(islice(pictures, _CHUNK)):
                for judged in executor.map(judge, chunk):
                    writer.add(position, judged)
                    position += 1
                    _count(done, judged)
                    if writer.kept == shard_size:
                        writer.close()
                    if source.most is not None and done.kept >= source.most:
                        break
                if progress:
                    progress(position, done.kept)
                if source.most is not None and done.kept >= source.most:
                    break
        writer.close()
        write_bytes(pool / f"{source.name}.done", (json.dumps(asdict(done)) + "\n").encode())
    except OSError as error:
        raise OutputError(f"{pool}: cannot be written ({error.strerror or error})") from error
    return done


@dataclass(frozen=True)
class _Judged:
    name: str
    reason: str | None
    data: bytes = b""
    size: tuple[int, int] = (0, 0)
    hash: int = 0
    likeness: Likeness | None = None


def _judge(
    picture: Picture, source: Source, side: int, least_side: int, hashes: NDArray[np.uint64], most_bits: int
) -> _Judged:
    try:
        rgb = decode_reduced(picture.data, side)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError, cv2.error):
        return _Judged(picture.name, "broken")
    if rgb is None:
        return _Judged(picture.name, "synthetic")  # transparent, or of a palette
    if reason := unsuitable(rgb, least_side=least_side, filters=source.filters):
        return _Judged(picture.name, reason)
    own = difference_hashes(rgb)
    if is_near(own, hashes, most_bits):
        return _Judged(picture.name, "held out")
    likeness = likeness_of(rgb)
    rgb = np.ascontiguousarray(_cut(rgb))
    data = simplejpeg.encode_jpeg(rgb, QUALITY, "RGB", "420")
    return _Judged(picture.name, None, data, (rgb.shape[1], rgb.shape[0]), int(own[0]), likeness)


def decode_reduced(data: bytes, side: int) -> NDArray[np.uint8] | None:
    """Decode to uint8 RGB (H, W, 3), upright, the short side at most `side`; None for pictures with a palette or
    transparency, which photographs do not have."""
    with Image.open(io.BytesIO(data)) as image:
        if image.mode in ("P", "1", "LA", "PA") or (image.mode == "RGBA" and np.asarray(image)[..., 3].min() < 255):
            return None
        if image.format == "JPEG":
            image.draft("RGB", (side, side))
        upright = ImageOps.exif_transpose(image)
        pixels = np.asarray(upright.convert("RGB"))
    scale = side / min(pixels.shape[:2])
    if scale < 1:
        size = max(side, round(pixels.shape[1] * scale)), max(side, round(pixels.shape[0] * scale))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return pixels


def _cut(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = rgb.shape[:2]
    longest = round(min(height, width) * WIDEST)
    top, left = max(0, height - longest) // 2, max(0, width - longest) // 2
    return rgb[top : top + longest, left : left + longest]


def _pictures(source: Source) -> Iterator[Picture]:
    if git_directory(source.path) is not None:
        return read_blobs(source.path, list_blobs(source.path, source.under), source.name)
    if source.path.suffix.lower() == ".zip":
        return _zipped(source)
    return (p for p in iter_pictures(source.path) if p.name.startswith(source.under))


def _zipped(source: Source) -> Iterator[Picture]:
    try:
        with zipfile.ZipFile(source.path) as archive:
            for name in archive.namelist():
                if is_picture(name) and name.startswith(source.under):
                    yield Picture(name, source.name, archive.read(name), source.path)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{source.path}: not a readable ZIP archive ({error})") from error


def _count(done: Gathered, judged: _Judged) -> None:
    if judged.reason is None:
        done.kept += 1
    else:
        done.left_out[judged.reason] = done.left_out.get(judged.reason, 0) + 1


class _ShardWriter:
    """Writes a shard and what is known of it; the line list comes last, and makes the shard count."""

    def __init__(self, pool: Path, name: str, number: int) -> None:
        self.pool, self.name, self.number = pool, name, number
        self._begin()

    def _begin(self) -> None:
        self.kept = 0
        self.lines: list[dict[str, Any]] = []
        self.likenesses: list[Likeness] = []
        self.shard: tarfile.TarFile | None = None

    def _file(self, suffix: str) -> Path:
        return self.pool / f"{self.name}-{self.number:06d}{suffix}"

    def add(self, position: int, judged: _Judged) -> None:
        line: dict[str, Any] = {"position": position, "from": judged.name}
        if judged.reason is not None:
            self.lines.append({**line, "left_out": judged.reason})
            return
        if self.shard is None:
            self.shard = tarfile.open(self._file(".tar.part"), "w")  # noqa: SIM115 (closed with the shard)
        stem = PurePosixPath(judged.name).stem.replace(".", "_").replace("/", "_")
        info = tarfile.TarInfo(f"{self.name}_{position:07d}_{stem[-40:]}.jpg")
        info.size = len(judged.data)
        self.shard.addfile(info, io.BytesIO(judged.data))
        assert judged.likeness is not None
        self.likenesses.append(judged.likeness)
        width, height = judged.size
        self.lines.append({**line, "name": info.name, "width": width, "height": height, "hash": f"{judged.hash:016x}"})
        self.kept += 1

    def close(self) -> None:
        if not self.lines:
            return
        if self.shard is not None:
            self.shard.close()
            with replacing(self._file(".npz")) as partial, partial.open("wb") as file:
                hashes = np.array([likeness.hash for likeness in self.likenesses], np.uint64)
                np.savez(file, hashes=hashes, thumbnails=np.stack([each.thumbnail for each in self.likenesses]))
            self._file(".tar.part").rename(self._file(".tar"))
        write_bytes(self._file(".jsonl"), "".join(json.dumps(line) + "\n" for line in self.lines).encode())
        self.number += 1
        self._begin()


def _resume(pool: Path, name: str) -> tuple[Gathered, int, int]:
    """What whole shards hold already, their number, and the position in the source to go on from."""
    done, number, position = Gathered(), 0, 0
    while (file := pool / f"{name}-{number:06d}.jsonl").exists():
        for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            position = line["position"] + 1
            reason = line.get("left_out")
            if reason is None:
                done.kept += 1
            else:
                done.left_out[reason] = done.left_out.get(reason, 0) + 1
        number += 1
    return done, number, position
