"""Training batches of (what a network is given, what it should answer), made in threads ahead of the network.

What sample number i of a run is (which picture, which crop, flipped or not) depends on the seed and i alone. So a run
that is killed and resumed sees exactly the samples it would have seen, and processes share a run without overlap.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tintype.imaging.color import lightness_from_luma
from tintype.models.task import PairForm

from .cache import Pictures
from .degrade import degrade, handled_print
from .hints import RECOLOURED, draw_hints, put_hint, recolour
from .masks import PictureMasks
from .sampling import draw
from .sketch import HIGH, LOW, sketch

# Network input (L*/50 - 1) of each 8-bit luma value.
LIGHTNESS_OF_LUMA = (lightness_from_luma(np.arange(256, dtype=np.float32) / 255) / 50 - 1).astype(np.float32)


PAPER = 255  # what a removed background becomes
THRESHOLDS = (1 / 3, 1.5)  # factors on Canny's, from which drawings with varied lines draw theirs


@dataclass(frozen=True)
class PairBatch:
    """`condition` (N, 1, S, S) in [-1, 1]; `target` (N, C, S/stride, S/stride) as the PairForm says, area averages.

    `hints` (N, 3, S, S) - a/110, b/110, mask - in stages that train with them.
    """

    condition: Tensor
    target: Tensor
    hints: Tensor | None = None

    @property
    def given(self) -> tuple[Tensor, ...]:
        """What a generator is called with."""
        return (self.condition,) if self.hints is None else (self.condition, self.hints)


def crop_square(rgb: NDArray[np.uint8], size: int, scale: float, x: float, y: float, flip: bool) -> NDArray[np.uint8]:
    """Cut a square of `scale` times the short side at the relative place (x, y) in [0, 1]^2, resize it to `size`.

    Pictures (H, W, 3) and masks (H, W) alike.
    """
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
    return LIGHTNESS_OF_LUMA[luma][None], _as_target(ab, stride)


def _as_target(ab: NDArray[Any], stride: int) -> NDArray[np.float32]:
    """ab (S, S, 2) -> (2, S/stride, S/stride), area averages."""
    if stride > 1:
        ab = cv2.resize(ab, (ab.shape[1] // stride, ab.shape[0] // stride), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(ab.transpose(2, 0, 1), np.float32)


def make_pair(
    rgb: NDArray[np.uint8], form: PairForm, mask: NDArray[np.uint8] | None = None, thresholds: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """RGB (S, S, 3) -> condition (1, S, S), target (C, S/stride, S/stride), as `form` says.

    Where a `mask` (S, S) is 0, the picture is put on white paper. A drawing is made before that, so that it has no
    outline of the mask; `thresholds` multiplies those of its lines.
    """
    drawing = None
    if form.condition == "sketch":
        drawing = LIGHTNESS_OF_LUMA[sketch(rgb, mask, low=LOW * thresholds, high=HIGH * thresholds)][None]
    if mask is not None:
        rgb = on_paper(rgb, mask)
    lightness, ab = split_pair(rgb, form.stride)
    condition = lightness if drawing is None else drawing
    if form.scale != 1:
        ab /= form.scale
    if form.target == "light":
        return condition, lightness
    if form.target == "lab":
        small = cv2.resize(lightness[0], ab.shape[:0:-1], interpolation=cv2.INTER_AREA)
        return condition, np.concatenate([small[None], ab], dtype=np.float32)
    if form.target == "rgb":
        small = cv2.resize(rgb, ab.shape[:0:-1], interpolation=cv2.INTER_AREA)
        planes: NDArray[np.float32] = small.transpose(2, 0, 1).astype(np.float32, order="C") / 127.5 - 1
        return condition, planes
    return condition, ab


def make_print(
    rgb: NDArray[np.uint8], rng: np.random.Generator, damaged: bool = True
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """RGB (S, S, 3) -> the lightness of an old print of it, and of that print without damage; both (1, S, S).

    Unless it is to be `damaged`, the photograph as it is, twice.
    """
    whole, print_ = handled_print(rgb, rng, damaged)
    return LIGHTNESS_OF_LUMA[print_][None], LIGHTNESS_OF_LUMA[whole][None]


def make_hinted_pair(
    rgb: NDArray[np.uint8], form: PairForm, share: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """RGB (S, S, 3) -> condition (1, S, S), target (2, S/stride, S/stride), hints (3, S, S).

    One in 1/`share` samples has hints; some of these a region of another colour, which one hint always tells.
    """
    lightness, planes = split_pair(rgb, 1)
    ab = planes.transpose(1, 2, 0)
    hints = np.zeros((3, *rgb.shape[:2]), np.float32)
    if rng.random() < share:
        recoloured = recolour(rgb, ab, rng) if rng.random() < RECOLOURED else None
        if recoloured:
            ab = recoloured[0]
        hints = draw_hints(ab, rng)
        if recoloured:
            y, x = recoloured[1]
            put_hint(hints, y, x, 1, ab[y, x])
    return lightness, _as_target(ab, form.stride) / np.float32(form.scale), hints


def on_paper(rgb: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB (H, W, 3) where the mask (H, W) is 255, white paper where it is 0."""
    share = mask[..., None] * np.float32(1 / 255)
    blended: NDArray[np.uint8] = (rgb * share + PAPER * (1 - share) + 0.5).astype(np.uint8)
    return blended


@dataclass(frozen=True)
class Augmentation:
    """How samples differ from their pictures.

    Attributes:
        smallest_crop: the least part of the short side that a crop keeps.
        flip: mirror every second sample.
        noise: largest standard deviation, in levels of 255, of the Gaussian noise on the condition; each sample draws
            its own from 0 to there (DeOldify).
        degrade: share of samples whose condition looks like an old print.
        hints: share of samples that have colour hints; 0 for batches without hints.
        lines: share of drawings with more lines or fewer than usual.
    """

    smallest_crop: float = 0.75
    flip: bool = True
    noise: float = 0.0
    degrade: float = 0.0
    hints: float = 0.0
    lines: float = 0.0


@dataclass(frozen=True)
class Batches:
    """Which samples make up the batches of one process: endless batches of ``size`` from sample ``start`` on, for
    process ``rank`` of ``world``. In each step the processes take ``parts`` batches each, one process after the other,
    so that together they take every sample once."""

    size: int
    start: int = 0
    parts: int = 1
    rank: int = 0
    world: int = 1

    def numbers(self) -> Iterator[range]:
        """The numbers of the samples of each batch."""
        own = self.size * self.parts
        for step in count(self.start, own * self.world):
            for part in range(self.parts):
                first = step + self.rank * own + part * self.size
                yield range(first, first + self.size)


UNCHANGED = Augmentation()


class PairLoader:
    """Endless batches of training pairs, made by `workers` threads, or by as many processes.

    `indices` are the pictures of `cache` to use, `masks` replace the background by white paper. Each epoch goes through
    all pictures in an order of its own, or draws as many by `weights`, one for each of `indices` (sampling.py).
    """

    def __init__(
        self,
        cache: Pictures,
        indices: NDArray[np.int64],
        batches: Batches,
        augmentation: Augmentation = UNCHANGED,
        *,
        form: PairForm,
        size: int,
        seed: int,
        masks: PictureMasks | None = None,
        weights: NDArray[np.float64] | None = None,
        workers: int = 2,
        processes: bool = False,
    ) -> None:
        self.cache, self.indices, self.masks, self.weights = cache, indices, masks, weights
        self.batches, self.augmentation = batches, augmentation
        self.form, self.size, self.seed = form, size, seed
        self.workers, self.processes = workers, processes
        self._epoch, self._order = -1, indices

    def _picture_of(self, sample: int) -> int:
        epoch, position = divmod(sample, len(self.indices))
        if epoch != self._epoch:
            rng = np.random.Generator(np.random.Philox(key=(self.seed, epoch)))
            self._epoch, self._order = epoch, rng.permutation(draw(self.indices, self.weights, rng))
        return int(self._order[position])

    def _make(self, samples: list[tuple[int, int]]) -> PairBatch:
        condition = np.empty((len(samples), 1, self.size, self.size), np.float32)
        change = self.augmentation
        small = self.size // self.form.stride
        target = np.empty((len(samples), self.form.channels, small, small), np.float32)
        hints = np.empty((len(samples), 3, self.size, self.size), np.float32) if change.hints else None
        for row, (sample, picture) in enumerate(samples):
            rng = np.random.Generator(np.random.Philox(key=(self.seed + (1 << 32), sample)))
            scale, x, y, turn = rng.random(4)
            scale = change.smallest_crop + (1 - change.smallest_crop) * scale
            place = (self.size, scale, x, y, change.flip and turn < 0.5)
            square = crop_square(self.cache[picture], *place)
            if hints is not None:
                condition[row], target[row], hints[row] = make_hinted_pair(square, self.form, change.hints, rng)
            else:
                mask = None if self.masks is None else crop_square(self.masks[picture], *place)
                varied = change.lines and rng.random() < change.lines
                thresholds = float(np.exp(rng.uniform(*np.log(THRESHOLDS)))) if varied else 1.0
                condition[row], target[row] = make_pair(square, self.form, mask, thresholds)
            old = change.degrade and rng.random() < change.degrade
            if change.degrade and self.form.target == "light":
                condition[row], target[row] = make_print(square, rng, bool(old))
            elif old:
                condition[row, 0] = LIGHTNESS_OF_LUMA[degrade(square, rng)]
            if change.noise:
                strength = np.float32(rng.random() * change.noise / 127.5)
                condition[row] += strength * rng.standard_normal(condition[row].shape, np.float32)
        if change.noise:
            condition.clip(-1, 1, out=condition)
        given = None if hints is None else torch.from_numpy(hints)
        return PairBatch(torch.from_numpy(condition), torch.from_numpy(target), given)

    def __iter__(self) -> Iterator[PairBatch]:
        cv2.setNumThreads(1)
        make = _make_adopted if self.processes else self._make
        ahead: deque[Future[PairBatch]] = deque()
        samples = self._samples()
        with self._executor() as pool:
            try:
                while True:
                    while len(ahead) < self.workers + 2:
                        ahead.append(pool.submit(make, next(samples)))
                    yield ahead.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _samples(self) -> Iterator[list[tuple[int, int]]]:
        """Sample numbers of each batch, each with the picture that it is cut from."""
        for batch in self.batches.numbers():
            yield [(sample, self._picture_of(sample)) for sample in batch]

    def _executor(self) -> Executor:
        if not self.processes:
            return ThreadPoolExecutor(self.workers, thread_name_prefix="pairs")
        # Forked, so that they share the pictures; torch hands batches over in shared memory.
        return ProcessPoolExecutor(self.workers, torch.multiprocessing.get_context("fork"), _adopt, (self,))


_adopted: list[PairLoader] = []


def _adopt(loader: PairLoader) -> None:
    """In a forked process: remember whose batches are to be made."""
    _adopted[:] = [loader]


def _make_adopted(samples: list[tuple[int, int]]) -> PairBatch:
    return _adopted[0]._make(samples)
