"""Frames on their way through the steps that restore: the picture, and the motion from the one before."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tintype.video.chroma import shrink
from tintype.video.cuts import likeness
from tintype.video.levels import Luma
from tintype.video.motion import Motion, Small, Step, grid_size
from tintype.video.reader import FilmInfo, Frame


@dataclass(eq=False)
class Shown:
    """A frame in work.

    luma (H, W) at the film's depth; light (h, w) uint8, the frame as it came, small, in full range; step: the motion
    from the frame before, None where a scene begins; noise: standard deviation of the grain before any was taken away,
    in levels of 255, None where nobody measured it.
    """

    frame: Frame
    luma: Luma
    light: Small
    step: Step | None
    noise: float | None = None


@dataclass(frozen=True)
class Around:
    """A frame with those of its scene before and after it, the nearest last before and first after."""

    before: tuple[Shown, ...]
    shown: Shown
    after: tuple[Shown, ...]


def watched(frames: Iterable[Frame], info: FilmInfo, motion: Motion) -> Iterator[Shown]:
    """The frames with the motion between them; scenes end where `likeness` says so, as when they are coloured."""
    height, width = grid_size(info.height, info.width)
    earlier: Small | None = None
    for frame in frames:
        light = info.signal.to_full8(shrink(frame.luma, width, height))
        step = None if earlier is None else motion.between(earlier, light)
        if step is not None and earlier is not None and likeness(step, light).is_cut:
            step = None
        earlier = light
        yield Shown(frame, frame.luma, light, step)


def windowed(frames: Iterable[Shown], reach: int, work: Callable[[Around], Shown]) -> Iterator[Shown]:
    """Each frame as ``work`` makes it of itself and up to ``reach`` frames of its scene on both sides.

    Those on both sides are as they came: what is made of one frame is no part of the next.
    """
    scene: deque[Shown] = deque()
    at = 0  # of the next frame to work on

    def made() -> Shown:
        around = Around(tuple(scene)[max(0, at - reach) : at], scene[at], tuple(scene)[at + 1 : at + 1 + reach])
        return work(around)

    for shown in frames:
        if shown.step is None and scene:
            while at < len(scene):
                yield made()
                at += 1
            scene.clear()
            at = 0
        scene.append(shown)
        while len(scene) - at > reach:
            yield made()
            at += 1
            if at > reach:
                scene.popleft()
                at -= 1
    while at < len(scene):
        yield made()
        at += 1


def scaled(levels: float, depth: int) -> float:
    """So many of 255 levels in those of a film of that depth."""
    return levels * float(1 << (depth - 8))


def as_luma(values: np.ndarray, like: Luma, depth: int) -> Luma:
    """Floats rounded to the samples of a film."""
    return np.asarray(np.rint(values).clip(0, (1 << depth) - 1), like.dtype)
