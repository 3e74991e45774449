"""Training batches of (lightness, ab), made in threads ahead of the network.

What sample number i of a run is (which picture, which crop, flipped or not) depends on the seed and i alone. So a run
that is killed and resumed sees exactly the samples it would have seen, and processes share a run without overlap.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tintype.color import lightness_from_luma
from tintype.data.cache import PictureCache

# Network input (L*/50 - 1) of each 8-bit luma value.
LIGHTNESS_OF_LUMA = (lightness_from_luma(np.arange(256, dtype=np.float32) / 255) / 50 - 1).astype(np.float32)


@dataclass(frozen=True)
class PairBatch:
    """`lightness` (N, 1, S, S) in [-1, 1]; `ab` (N, 2, S/stride, S/stride) in CIE units, area averages."""

    lightness: Tensor
    ab: Tensor


def crop_square(rgb: NDArray[np.uint8], size: int, scale: float, x: float, y: float, flip: bool) -> NDArray[np.uint8]:
    """Cut a square of `scale` times the short side at the relative place (x, y) in [0, 1]^2, resize it to `size`."""
    height, width = rgb.shape[:2]
    side = max(1, round(min(height, width) * scale))
    top, left = round((height - side) * y), round((width - side) * x)
    crop = rgb[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > size else cv2.INTER_LINEAR
    square = cv2.resize(crop, (size, size), interpolation=method)
    return np.asarray(square[:, ::-1] if flip else square, np.uint8)


def split_pair(rgb: NDArray[np.uint8], stride: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """RGB (S, S, 3) -> lightness (1, S, S) as the network sees it, ab (2, S/stride, S/stride) in CIE units.

    Lightness is that of the BT.601 luma, because luma is what a grey photograph holds when it comes to be coloured.
    """
    rgb = np.ascontiguousarray(rgb)
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    ab: NDArray[Any] = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[..., 1:].astype(np.float32) - 128
    if stride > 1:
        ab = cv2.resize(ab, (rgb.shape[1] // stride, rgb.shape[0] // stride), interpolation=cv2.INTER_AREA)
    return LIGHTNESS_OF_LUMA[luma][None], np.ascontiguousarray(ab.transpose(2, 0, 1))


class PairLoader:
    """Endless batches from sample number `start` on, for one of `world` processes.

    `indices` are the pictures of `cache` to use; `smallest_crop` is the least part of the short side that a crop
    keeps. Each epoch goes through all pictures in an order of its own.
    """

    def __init__(
        self,
        cache: PictureCache,
        indices: NDArray[np.int64],
        *,
        size: int,
        batch: int,
        stride: int,
        seed: int,
        start: int = 0,
        smallest_crop: float = 0.75,
        flip: bool = True,
        workers: int = 2,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.cache, self.indices = cache, indices
        self.size, self.batch, self.stride = size, batch, stride
        self.seed, self.start, self.smallest_crop, self.flip = seed, start, smallest_crop, flip
        self.workers, self.rank, self.world = workers, rank, world
        self._epoch, self._order = -1, indices

    def _picture_of(self, sample: int) -> int:
        epoch, position = divmod(sample, len(self.indices))
        if epoch != self._epoch:
            rng = np.random.Generator(np.random.Philox(key=(self.seed, epoch)))
            self._epoch, self._order = epoch, rng.permutation(self.indices)
        return int(self._order[position])

    def _make(self, samples: list[tuple[int, int]]) -> PairBatch:
        lightness = np.empty((len(samples), 1, self.size, self.size), np.float32)
        small = self.size // self.stride
        ab = np.empty((len(samples), 2, small, small), np.float32)
        for row, (sample, picture) in enumerate(samples):
            rng = np.random.Generator(np.random.Philox(key=(self.seed + (1 << 32), sample)))
            scale, x, y, turn = rng.random(4)
            scale = self.smallest_crop + (1 - self.smallest_crop) * scale
            square = crop_square(self.cache[picture], self.size, scale, x, y, self.flip and turn < 0.5)
            lightness[row], ab[row] = split_pair(square, self.stride)
        return PairBatch(torch.from_numpy(lightness), torch.from_numpy(ab))

    def __iter__(self) -> Iterator[PairBatch]:
        cv2.setNumThreads(1)
        ahead: deque[Future[PairBatch]] = deque()
        sample = self.start + self.rank * self.batch
        with ThreadPoolExecutor(self.workers, thread_name_prefix="pairs") as pool:
            try:
                while True:
                    while len(ahead) < self.workers + 2:
                        numbers = [(i, self._picture_of(i)) for i in range(sample, sample + self.batch)]
                        ahead.append(pool.submit(self._make, numbers))
                        sample += self.batch * self.world
                    yield ahead.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)
