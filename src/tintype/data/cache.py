"""Decode a data set once: RGB pixels of every picture in one memory-mapped file, keyed by content.

Training then never waits for a decoder, and several runs (or the processes of one run) share the page cache.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import DataError
from tintype.files.atomic import replacing
from tintype.files.cache_folder import default_cache_dir

from .grey import Kind, measure_tint
from .sources import Picture, iter_pictures

FORMAT = 2
LeftOut = Literal["none", "grey", "tinted"]
Progress = Callable[[int], None]  # called with the number of pictures decoded so far


class Pictures(Protocol):
    """Pictures that training reads by number: decoded ones (PictureCache) or encoded ones (encoded.EncodedPictures)."""

    @property
    def heights(self) -> NDArray[np.int32]: ...

    @property
    def widths(self) -> NDArray[np.int32]: ...

    @property
    def kinds(self) -> list[Kind]: ...

    @property
    def names(self) -> list[str]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Picture `index`, uint8 RGB (H, W, 3)."""
        ...


@dataclass(frozen=True)
class PictureCache:
    """RGB pictures of one data set, as read-only views into a file in `folder`. `kinds` are those of `grey.Tint`."""

    pixels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    heights: NDArray[np.int32]
    widths: NDArray[np.int32]
    kinds: list[Kind]
    names: list[str]
    broken: list[str]
    folder: Path

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Picture `index`, uint8 (H, W, 3)."""
        height, width, start = int(self.heights[index]), int(self.widths[index]), int(self.offsets[index])
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)


def open_cache(
    paths: Sequence[str | Path], side: int, cache_dir: Path | None = None, progress: Progress | None = None
) -> PictureCache:
    """Open the decoded pictures of `paths`, decoding them first when this content was never seen.

    Pictures are reduced so that the short side is at most `side` pixels; none is enlarged. Broken pictures are left
    out and named in `.broken`. Raises DataError when a path is missing or nothing could be decoded.
    """
    root = cache_dir or default_cache_dir()
    folder = root / f"pictures-{_content_key(paths, side)}"
    if not (folder / "index.json").exists():
        _build(paths, side, folder, progress)
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    if not index["names"]:
        raise DataError(f"{', '.join(map(str, paths))}: none of the {len(index['broken'])} pictures can be decoded")
    return PictureCache(
        pixels=np.memmap(folder / "pixels.u8", np.uint8, "r"),
        offsets=np.array(index["offsets"], np.int64),
        heights=np.array(index["heights"], np.int32),
        widths=np.array(index["widths"], np.int32),
        kinds=index["kinds"],
        names=index["names"],
        broken=index["broken"],
        folder=folder,
    )


def _pictures(paths: Sequence[str | Path]) -> Iterator[Picture]:
    for path in paths:
        yield from iter_pictures(path)


def _content_key(paths: Sequence[str | Path], side: int) -> str:
    digest = hashlib.blake2b(f"{FORMAT} {side}".encode(), digest_size=12)
    for picture in _pictures(paths):
        digest.update(picture.name.encode())
        digest.update(picture.data)
    return digest.hexdigest()


def decode_rgb(data: bytes, side: int) -> NDArray[np.uint8]:
    """Decode to uint8 RGB (H, W, 3), the short side reduced to at most `side` by area averaging."""
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image.convert("RGB"))
    height, width = pixels.shape[:2]
    if min(height, width) > side:
        scale = side / min(height, width)
        size = max(side, round(width * scale)), max(side, round(height * scale))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return pixels


def _build(paths: Sequence[str | Path], side: int, folder: Path, progress: Progress | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    index: dict[str, list[object]] = {key: [] for key in ("names", "offsets", "heights", "widths", "kinds", "broken")}
    offset = done = 0

    def decode(picture: Picture) -> tuple[str, NDArray[np.uint8] | None, Kind | None]:
        try:
            rgb = decode_rgb(picture.data, side)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return picture.name, None, None
        return picture.name, rgb, measure_tint(rgb).kind

    pixels = folder / "pixels.u8"
    with replacing(pixels) as partial, partial.open("wb") as out, ThreadPoolExecutor(os.cpu_count()) as pool:
        pictures = _pictures(paths)
        while chunk := list(islice(pictures, 256)):
            for name, rgb, kind in pool.map(decode, chunk):
                done += 1
                if rgb is None:
                    index["broken"].append(name)
                    continue
                out.write(np.ascontiguousarray(rgb).tobytes())
                index["names"].append(name)
                index["offsets"].append(offset)
                index["heights"].append(rgb.shape[0])
                index["widths"].append(rgb.shape[1])
                index["kinds"].append(kind)
                offset += rgb.size
            if progress:
                progress(done)
    with replacing(folder / "index.json") as partial:
        partial.write_text(json.dumps(index))


def colourful(cache: "Pictures", leave_out: LeftOut = "tinted") -> NDArray[np.int64]:
    """Indices of the pictures to learn colour from: grey ones teach a model to answer grey, "tinted" ones (sepia, the
    yellow of old paper; grey ones are left out, too) teach it to answer with one tint."""
    dropped = {"none": (), "grey": ("grey",), "tinted": ("grey", "tinted")}[leave_out]
    return np.flatnonzero([kind not in dropped for kind in cache.kinds])
