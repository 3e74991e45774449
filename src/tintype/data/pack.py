"""Pack pictures into tar shards in webdataset's layout: few large files are read faster than many small ones.

Each picture is one member, KEY.EXT; no key has a dot, and keys are unique over all shards. Equal input gives equal
bytes, so shards can be compared and cached by content.
"""

import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

from PIL import Image, ImageOps

from tintype.errors import DataError, OutputError
from tintype.files.atomic import replacing

from .scan import rgb_of
from .sources import Picture, iter_pictures

Coding = Literal["webp", "jpeg"]
Member = tuple[str, bytes]

_CHUNK = 64

Progress = Callable[[int], None]  # called with the number of pictures packed so far


@dataclass(frozen=True)
class Packed:
    """`shards` that were written, the number of `pictures` in them, and the names of `broken` ones left out."""

    shards: list[Path]
    pictures: int
    broken: list[str]


def pack(
    paths: Sequence[str | Path],
    folder: Path,
    *,
    prefix: str = "shard",
    shard_size: int = 2000,
    side: int | None = None,
    coding: Coding = "webp",
    quality: int = 85,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Packed:
    """Write folder/PREFIX-000000.tar and so on, `shard_size` pictures each, in the order of `paths`.

    Without `side` the files go in as they are. With it each picture is turned upright, its short side reduced to at
    most `side` pixels (none is enlarged) and coded anew as `coding` at `quality`; broken ones are left out and named.
    Raises DataError when there is nothing to pack, OutputError when a shard exists or the folder cannot be written.
    """
    earlier = sorted(folder.glob(f"{prefix}-*.tar"))
    if earlier and not overwrite:
        raise OutputError(f"{earlier[0]} exists already; name another folder or prefix, or give --overwrite")
    broken: list[str] = []
    pictures = (picture for path in paths for picture in iter_pictures(path))
    coded = _as_they_are(pictures) if side is None else _coded(pictures, side, coding, quality, broken)
    shards: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as finished:
            done = _write_shards(_with_keys(coded), folder / prefix, shard_size, shards, finished, progress)
            if not done:
                raise DataError(f"none of the {len(broken)} pictures can be decoded; try `tintype data scan`")
            for shard in earlier:
                shard.unlink()
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return Packed(shards, done, broken)


def _write_shards(
    members: Iterable[Member],
    stem: Path,
    shard_size: int,
    shards: list[Path],
    finished: ExitStack,
    progress: Progress | None,
) -> int:
    """Write the members into `shards`, which get their names all together, as `finished` is left; how many members."""
    done = 0
    with ExitStack() as opened:
        for name, data in members:
            if done % shard_size == 0:
                opened.close()
                shards.append(stem.with_name(f"{stem.name}-{len(shards):06d}.tar"))
                partial = finished.enter_context(replacing(shards[-1]))
                shard = opened.enter_context(tarfile.open(partial, "w"))
            info = tarfile.TarInfo(name)  # its owner and time are 0, the same on every machine
            info.size = len(data)
            shard.addfile(info, io.BytesIO(data))
            done += 1
            if progress:
                progress(done)
    return done


def _with_keys(members: Iterable[Member]) -> Iterator[Member]:
    """Names as webdataset wants them: what comes before the first dot is the key, and no two are equal."""
    taken: set[str] = set()
    for name, data in members:
        path = PurePosixPath(name.replace("\\", "/"))
        stem = "/".join(part.replace(".", "_") for part in (*path.parts[:-1], path.stem) if part != "/")
        key, number = stem, 1
        while key in taken:
            number += 1
            key = f"{stem}-{number}"
        taken.add(key)
        yield f"{key}{path.suffix.lower()}", data


def _as_they_are(pictures: Iterable[Picture]) -> Iterator[Member]:
    return ((picture.name, picture.data) for picture in pictures)


def _coded(pictures: Iterator[Picture], side: int, coding: Coding, quality: int, broken: list[str]) -> Iterator[Member]:
    """Pictures coded anew, in their order; those that cannot be decoded are named in `broken` instead."""

    def code(picture: Picture) -> Member | None:
        try:
            return f"{PurePosixPath(picture.name).with_suffix('')}.{coding}", code_small(
                picture.data, side, coding, quality
            )
        except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
            broken.append(picture.name)
            return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while chunk := list(islice(pictures, _CHUNK)):
            yield from (member for member in pool.map(code, chunk) if member is not None)


def code_small(data: bytes, side: int, coding: Coding, quality: int) -> bytes:
    """The picture upright, its short side at most `side` pixels, as WebP or JPEG bytes without metadata."""
    with Image.open(io.BytesIO(data)) as image:
        if image.mode == "RGB":
            image.draft("RGB", (2 * side, 2 * side))  # decodes a large JPEG at a fraction of its size
        upright = ImageOps.exif_transpose(image)
        small = upright if upright.mode == "L" else Image.fromarray(rgb_of(upright))
    scale = side / min(small.size)
    if scale < 1:
        width, height = (max(side, round(length * scale)) for length in small.size)
        small = small.resize((width, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, coding.upper(), quality=quality)
    return out.getvalue()
