"""Foreground masks of a decoded data set, found once and kept beside its pixels."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tintype.files.atomic import replacing

from .background import Method, choose_method, foreground
from .cache import PictureCache

_CHUNK = 64


@dataclass(frozen=True)
class PictureMasks:
    """A foreground mask for each picture of a cache, as read-only views into a file; `method` made them."""

    pixels: NDArray[np.uint8]
    cache: PictureCache
    method: str

    def __len__(self) -> int:
        return len(self.cache)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Mask `index`, uint8 (H, W): 255 on the subject, 0 on the background."""
        height, width = int(self.cache.heights[index]), int(self.cache.widths[index])
        start = int(self.cache.offsets[index]) // 3  # the pictures have three bytes a pixel
        return self.pixels[start : start + height * width].reshape(height, width)


def open_masks(
    cache: PictureCache,
    folder: Path | None = None,
    *,
    method: Method = "auto",
    progress: Callable[[int], None] | None = None,
) -> PictureMasks:
    """Open the masks of all pictures of `cache`, finding them first when that was never done.

    They are kept in `folder` (the cache's own when None) as masks-METHOD.u8; `progress` is called with the number of
    pictures done so far. Raises TintypeError when the method is not to be had.
    """
    used = choose_method(method)
    file = (folder or cache.folder) / f"masks-{used}.u8"
    expected = int(np.sum(cache.heights.astype(np.int64) * cache.widths))
    if not file.exists() or file.stat().st_size != expected:
        _build(cache, file, used, progress)
    return PictureMasks(np.memmap(file, np.uint8, "r"), cache, used)


def _build(cache: PictureCache, file: Path, method: Method, progress: Callable[[int], None] | None) -> None:
    with replacing(file) as partial, partial.open("wb") as out, ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(cache), _CHUNK):
            stop = min(start + _CHUNK, len(cache))
            for mask in pool.map(lambda index: foreground(cache[index], method), range(start, stop)):
                out.write(mask.tobytes())
            if progress:
                progress(stop)
