"""Motion between neighbouring frames, and what it can carry: dense optical flow at low resolution.

Flow is DIS (Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016) as OpenCV has it. A pixel is
trusted where the flow there and back agree and the light that arrives is the light that is seen.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.imaging.types import Floats

from .need import need_cv2

Small = NDArray[np.uint8]

LONG_SIDE = 256  # of the grid on which motion is found and colour is carried
# A round trip may miss by this much, in pixels of the grid, plus a share of the way.
_MISS, _MISS_SHARE = 0.7, 0.05
# And by this much more where light is even, for what is as even as the light: standard deviation, of 255, in a window.
_MISS_EVEN, _EVEN, _EVEN_SIDE = 2.0, 3.0, 9
# Light may differ by this much, of 255, before a pixel counts as half trusted.
_LIGHT = 14.0


def grid_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the grid for pictures of that size: sides of at least 32, the long one 256 at most."""
    scale = min(1.0, LONG_SIDE / max(height, width))
    return max(32, round(height * scale)), max(32, round(width * scale))


@dataclass(frozen=True, eq=False)
class Step:
    """Motion from one frame to the next, on the grid.

    back (h, w, 2): where, relative to each pixel of the later frame, its colour was in the earlier one, in x and y;
    forth: the same the other way round. trust_back and trust_forth (h, w) in [0, 1]: how far each can be believed.
    even_forth: trust_forth for colours alone, which may miss by some pixels where light is even and shows no motion.
    moved (h, w), 0 to 255: the earlier frame's light where the later one has it.
    """

    back: Floats
    forth: Floats
    trust_back: Floats
    trust_forth: Floats
    even_forth: Floats
    moved: Floats


class Motion:
    """Finds the motion between frames of one size."""

    def __init__(self, height: int, width: int) -> None:
        cv2 = need_cv2()
        self._flow: Any = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self.here = _coordinates(height, width)
        # Room for what lies between two steps: new memory costs more than the arithmetic on it.
        self._packed, self._sampled = (np.empty((height, width, 4), np.float32) for _ in range(2))
        self._target = np.empty((height, width, 2), np.float32)
        self._rooms = [np.empty((height, width), np.float32) for _ in range(6)]

    def between(self, earlier: Small, later: Small) -> Step:
        """The motion from one frame (h, w) to the next."""
        back = self._flow.calc(later, earlier, None)
        forth = self._flow.calc(earlier, later, None)
        trust_back, _, moved = self._trust(back, forth, later, earlier)
        trust_forth, even_forth, _ = self._trust(forth, back, earlier, later, evenness(earlier))
        return Step(back, forth, trust_back, trust_forth, even_forth, moved)

    def sample(self, plane: Floats, flow: Floats) -> Floats:
        """The plane's values where the flow points to from each pixel; beyond the edge, those of the edge."""
        return _remap(plane, need_cv2().add(self.here, flow))

    def sample_together(self, pair: Floats, one: Floats, other: Floats, flow: Floats) -> tuple[Floats, Floats, Floats]:
        """The values of a pair of planes (h, w, 2) and of two single ones (h, w), sampled alike, at one go."""
        cv2 = need_cv2()
        sampled = self._four(pair, one, other, cv2.add(self.here, flow, dst=self._target))
        return first_two(sampled), cv2.extractChannel(sampled, 2), cv2.extractChannel(sampled, 3)

    def _four(self, pair: Floats, one: Floats, other: Floats, target: Floats) -> Floats:
        """A pair of planes and two single ones, sampled at a target; held until the next call."""
        cv2 = need_cv2()
        packed = cv2.merge([pair, one, other], self._packed)
        sampled: Floats = cv2.remap(
            packed, target, None, cv2.INTER_LINEAR, dst=self._sampled, borderMode=cv2.BORDER_REPLICATE
        )
        return sampled

    def _trust(
        self, flow: Floats, reverse: Floats, here: Small, there: Small, even: Floats | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """How far the flow can be believed; how far if it may miss by more as light is `even`; the light it brings."""
        cv2 = need_cv2()
        target = cv2.add(self.here, flow, dst=self._target)
        miss_x, miss_y, x, y, allowed, off = self._rooms
        np.copyto(off, there)
        sampled = self._four(reverse, off, off, target)
        moved: Floats = cv2.extractChannel(sampled, 2)
        for plane, planes, channel in ((miss_x, sampled, 0), (miss_y, sampled, 1), (x, flow, 0), (y, flow, 1)):
            cv2.extractChannel(planes, channel, plane)
        _length(x, y, out=allowed, room=off)
        allowed *= np.float32(_MISS_SHARE)
        allowed += np.float32(_MISS)
        miss_x += x
        miss_y += y
        _length(miss_x, miss_y, out=off, room=miss_x)
        forgiven: Floats = off if even is None else np.divide(off, allowed + even * np.float32(_MISS_EVEN))
        off /= allowed
        change = _with_light_of(moved, here, out=miss_x)
        change -= here
        change *= np.float32(1 / _LIGHT)
        errors: list[Floats] = [off, change] if even is None else [off, change, forgiven]
        for plane in errors:  # one and its fourth power; numpy's own power is many times slower
            plane *= plane
            plane *= plane
            plane += np.float32(1)
        height, width = here.shape
        inside = cv2.inRange(target, (-1, -1), (width, height))
        off *= change
        trust: Floats = cv2.copyTo(np.reciprocal(off, out=off), inside)
        if even is None:
            return trust, trust, moved
        forgiven *= change
        return trust, cv2.copyTo(np.reciprocal(forgiven, out=forgiven), inside), moved


@dataclass(eq=False)
class Chain:
    """Steps put together: from each pixel of one frame to its place in a frame several steps away, and the trust;
    ``even`` is that for colours alone, as `Step.even_forth` has it."""

    flow: Floats
    trust: Floats
    even: Floats

    @classmethod
    def start(cls, height: int, width: int) -> "Chain":
        """From a frame to itself."""
        sure = np.ones((height, width), np.float32)
        return cls(np.zeros((height, width, 2), np.float32), sure, sure)

    def then(self, motion: Motion, flow: Floats, trust: Floats, even: Floats | None = None) -> "Chain":
        """One frame further away: ``flow`` leads from the new frame to the one this chain starts at."""
        further, believed, forgiven = motion.sample_together(self.flow, self.trust, self.even, flow)
        further += flow
        believed *= trust
        forgiven *= trust if even is None else even
        return Chain(further, believed, forgiven)


def _remap(plane: Floats, target: Floats) -> Floats:
    """The plane's values at places x, y (h, w, 2), between pixels and at the edge as its nearest ones tell.

    OpenCV samples four channels at once in half the time of two or three, so callers fill them up.
    """
    cv2 = need_cv2()
    sampled: Floats = cv2.remap(plane, target, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled


def first_two(planes: Floats) -> Floats:
    """The first two of four planes (h, w, 4), as a copy (h, w, 2); taken in pairs, since OpenCV's `split` is slow."""
    height, width = planes.shape[:2]
    pair: Floats = need_cv2().extractChannel(planes.view(np.float64), 0)
    return pair.view(np.float32).reshape(height, width, 2)


def _length(x: Floats, y: Floats, out: Floats, room: Floats) -> None:
    """Of vectors. OpenCV's own `magnitude` differs in the last digit of a pixel by how its memory happens to lie."""
    np.multiply(x, x, out=out)
    np.multiply(y, y, out=room)
    out += room
    np.sqrt(out, out=out)


def evenness(light: Small) -> Floats:
    """How even the light (h, w), uint8, is around each pixel: 1 where there is nothing that shows motion, towards 0."""
    cv2 = need_cv2()
    plane, side = light.astype(np.float32), (_EVEN_SIDE, _EVEN_SIDE)
    variance = cv2.blur(plane * plane, side) - cv2.blur(plane, side) ** 2
    even: Floats = np.exp(variance.clip(0) * np.float32(-1 / _EVEN**2))
    return even


def _with_light_of(plane: Floats, model: Small, out: Floats) -> Floats:
    """The plane with the mean and the spread of light of another: old films flicker, and that is no motion."""
    cv2 = need_cv2()
    (mean, spread), (wanted, wanted_spread) = (cv2.meanStdDev(each) for each in (plane, model))
    gain = float(np.clip(wanted_spread[0, 0] / max(spread[0, 0], 1.0), 0.5, 2.0))
    np.multiply(plane, np.float32(gain), out=out)
    out += np.float32(wanted[0, 0] - gain * mean[0, 0])
    return out


def _coordinates(height: int, width: int) -> Floats:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([x, y], axis=-1)
