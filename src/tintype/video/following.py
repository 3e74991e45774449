"""Hints followed through a film: from the frame that one was given for, along motion, to the cuts on both sides.

Before a film with hints is coloured, it is read once up to the ends of the hinted scenes. A point goes with what lies
around it, is as light, and whose motion can be trusted. What is there then is compared with what was there: something
that passes before it hides the point for a while, and does not take it along. The network is told of a point in every
frame that it sees, and is shown the frame that it was given for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tintype.hints.hint import Hint
from tintype.imaging.types import Floats

from .chroma import shrink
from .cuts import likeness
from .motion import Motion, Small, Step, grid_size
from .need import need_cv2
from .options import FilmHint
from .reader import FilmInfo, FilmReader, Frame

_BACKWARDS = 1500  # frames, the most that a point is followed backwards
# Pixels of the grid around a point that tell where it goes, how fast they lose their say with distance (standard
# deviation) and with unlike light, of 255; and what is compared.
_AROUND, _NEAR, _LIKE, _PATCH = 4, 2.0, 16.0, 4
# Mean difference of light, of 255, from which a point is hidden; more where it is uneven. Frames until it is lost.
_HIDDEN, _UNEVEN, _LOST_AFTER = 11.0, 0.5, 12


@dataclass(frozen=True)
class HintsAt:
    """A function from a frame to its hints, in pixels of the upright picture.

    ``places`` has for a timestamp the numbers of hints and where they are, on the grid. ``given``: timestamps of the
    frames that hints were given for.
    """

    info: FilmInfo | None = None
    hints: tuple[FilmHint, ...] = ()
    places: dict[int, list[tuple[int, float, float]]] = field(default_factory=dict)
    given: frozenset[int] = frozenset()

    def __call__(self, frame: Frame) -> list[Hint]:
        found = sorted(self.places.get(frame.pts, []))
        if self.info is None or not found:
            return []
        height, width = grid_size(self.info.height, self.info.width)
        return [from_grid(self.hints[index].hint, x, y, self.info, width, height) for index, x, y in found]


NO_HINTS = HintsAt()


@dataclass(frozen=True, eq=False)
class _Past:
    """A frame of the scene, and the motion from the frame behind it to it, small enough to keep many."""

    pts: int
    light: Small
    back: Floats
    trust: Floats


@dataclass(eq=False)
class _Point:
    """A point on its way, on the grid; what was there at first, and what was there lately."""

    x: float
    y: float
    first: Floats
    lately: Floats
    hidden: int = 0  # frames

    @classmethod
    def at(cls, x: float, y: float, light: Small) -> "_Point":
        seen = _patch(light, x, y)
        return cls(x, y, seen, seen)

    def goes_on(self, flow: Floats, trust: Floats, here: Small, there: Small) -> bool:
        """Follow the motion out of a frame; False if the point is lost for good."""
        height, width = trust.shape
        row, column = round(self.y), round(self.x)
        rows = slice(max(0, row - _AROUND), min(height, row + _AROUND + 1))
        columns = slice(max(0, column - _AROUND), min(width, column + _AROUND + 1))
        y, x = np.mgrid[rows, columns].astype(np.float32)
        far = ((x - self.x) ** 2 + (y - self.y) ** 2) / (2 * _NEAR**2)
        unlike = ((here[rows, columns].astype(np.float32) - self.lately[_PATCH, _PATCH]) / _LIKE) ** 2
        weight = np.exp(-far - unlike) * (trust[rows, columns].astype(np.float32) + 1e-3) + 1e-12
        moved = (flow[rows, columns].astype(np.float32) * weight[..., None]).sum((0, 1)) / weight.sum()
        self.x, self.y = self.x + float(moved[0]), self.y + float(moved[1])
        if not (0 <= self.x <= width - 1 and 0 <= self.y <= height - 1):
            return False
        seen = _patch(there, self.x, self.y)
        allowed = _HIDDEN + _UNEVEN * float(np.abs(self.first - self.first.mean()).mean())
        if min(_unlikeness(self.first, seen), _unlikeness(self.lately, seen)) < allowed:
            self.lately, self.hidden = 0.8 * self.lately + 0.2 * seen, 0
        else:
            self.hidden += 1
        return self.hidden <= _LOST_AFTER


def follow(reader: FilmReader, hints: tuple[FilmHint, ...]) -> HintsAt:
    """Where the hints are in each frame of their scenes.

    Args:
        hints: in pixels of the upright picture.
    """
    if not hints:
        return NO_HINTS
    info = reader.info
    height, width = grid_size(info.height, info.width)
    motion = Motion(height, width)
    starts = {index: info.at(hint.seconds) for index, hint in enumerate(hints)}
    places: dict[int, list[tuple[int, float, float]]] = {}
    given: set[int] = set()
    live: dict[int, _Point] = {}
    scene: list[_Past] = []
    before: tuple[int, Small] | None = None
    for frame in reader.frames():
        light = info.signal.to_full8(shrink(frame.luma, width, height))
        if before is not None:
            step = motion.between(before[1], light)
            if likeness(step, light).is_cut:
                scene, live = [], {}
            else:
                trust = step.trust_forth
                live = {i: one for i, one in live.items() if one.goes_on(step.forth, trust, before[1], light)}
                scene = [*scene[1 - _BACKWARDS :], _past(*before, step)] if starts else []
        for index in [i for i, pts in starts.items() if frame.pts >= pts]:
            del starts[index]
            given.add(frame.pts)
            start = to_grid(hints[index].hint, info, width, height)
            live[index] = _Point.at(*start, light)
            for pts, x, y in _backwards(_Point.at(*start, light), light, scene):
                places.setdefault(pts, []).append((index, x, y))
        for index, one in live.items():
            if not one.hidden:
                places.setdefault(frame.pts, []).append((index, one.x, one.y))
        if not starts and not live:
            break
        before = frame.pts, light
    return HintsAt(info, hints, places, frozenset(given))


def _past(pts: int, light: Small, step: Step) -> _Past:
    return _Past(pts, light, step.back.astype(np.float16), step.trust_back.astype(np.float16))


def _backwards(point: _Point, light: Small, scene: Sequence[_Past]) -> list[tuple[int, float, float]]:
    """Where a point was in the frames of its scene before this one: timestamps, x and y."""
    found = []
    for past in reversed(scene):
        if not point.goes_on(past.back, past.trust, light, past.light):
            break
        if not point.hidden:
            found.append((past.pts, point.x, point.y))
        light = past.light
    return found


def _patch(light: Small, x: float, y: float) -> Floats:
    side = 2 * _PATCH + 1
    patch: Floats = need_cv2().getRectSubPix(light.astype(np.float32), (side, side), (x, y))
    return patch


def _unlikeness(one: Floats, other: Floats) -> float:
    """How unlike two patches are, of 255; that one is lighter as a whole counts half: old films flicker."""
    lighter = float(other.mean() - one.mean())
    return float(np.abs(other - lighter - one).mean()) + abs(lighter) / 2


def to_grid(hint: Hint, info: FilmInfo, width: int, height: int) -> tuple[float, float]:
    """From pixels of the upright picture to the grid, which lies as the frames are stored."""
    x, y = hint.x, hint.y
    for turn in reversed(range(info.rotation // 90)):  # undo quarter turns counter-clockwise, the last one first
        x, y = (info.height if turn % 2 else info.width) - 1 - y, x
    return x * (width - 1) / max(1, info.width - 1), y * (height - 1) / max(1, info.height - 1)


def from_grid(hint: Hint, x: float, y: float, info: FilmInfo, width: int, height: int) -> Hint:
    x, y = x * (info.width - 1) / max(1, width - 1), y * (info.height - 1) / max(1, height - 1)
    wide, high = info.width, info.height
    for _ in range(info.rotation // 90):  # a quarter turn counter-clockwise
        x, y, wide, high = y, wide - 1 - x, high, wide
    return replace(hint, x=min(max(x, 0), wide - 1), y=min(max(y, 0), high - 1))
