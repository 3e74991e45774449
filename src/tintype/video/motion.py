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
    """

    back: Floats
    forth: Floats
    trust_back: Floats
    trust_forth: Floats


class Motion:
    """Finds the motion between frames of one size."""

    def __init__(self, height: int, width: int) -> None:
        cv2 = need_cv2()
        self._flow: Any = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self.here = _coordinates(height, width)

    def between(self, earlier: Small, later: Small) -> Step:
        """The motion from one frame (h, w) to the next."""
        back = self._flow.calc(later, earlier, None)
        forth = self._flow.calc(earlier, later, None)
        return Step(
            back,
            forth,
            self._trust(back, forth, later, earlier),
            self._trust(forth, back, earlier, later),
        )

    def sample(self, plane: Floats, flow: Floats) -> Floats:
        """The plane's values where the flow points to from each pixel; beyond the edge, those of the edge."""
        cv2 = need_cv2()
        sampled: Floats = cv2.remap(plane, self.here + flow, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return sampled

    def _trust(self, flow: Floats, reverse: Floats, here: Small, there: Small) -> Floats:
        cv2 = need_cv2()
        target = self.here + flow
        miss = cv2.remap(reverse, target, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        miss += flow
        allowed = cv2.magnitude(*cv2.split(flow))
        allowed *= np.float32(_MISS_SHARE)
        allowed += np.float32(_MISS)
        off: Floats = cv2.magnitude(*cv2.split(miss))
        off /= allowed
        light = cv2.remap(there, target, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        change = _with_light_of(light, here)
        change -= here
        change *= np.float32(1 / _LIGHT)
        for plane in (off, change):  # one and its fourth power; numpy's own power is many times slower
            plane *= plane
            plane *= plane
            plane += np.float32(1)
        off *= change
        trust = np.reciprocal(off, out=off)
        height, width = here.shape
        trust[cv2.inRange(target, (-1, -1), (width, height)) == 0] = 0
        return trust


@dataclass(eq=False)
class Chain:
    """Steps put together: from each pixel of one frame to its place in a frame several steps away, and the trust."""

    flow: Floats
    trust: Floats

    @classmethod
    def start(cls, height: int, width: int) -> "Chain":
        """From a frame to itself."""
        return cls(np.zeros((height, width, 2), np.float32), np.ones((height, width), np.float32))

    def then(self, motion: Motion, flow: Floats, trust: Floats) -> "Chain":
        """One frame further away: ``flow`` leads from the new frame to the one this chain starts at."""
        return Chain(flow + motion.sample(self.flow, flow), trust * motion.sample(self.trust, flow))


def _with_light_of(plane: Small, model: Small) -> Floats:
    """The plane with the mean and the spread of light of another: old films flicker, and that is no motion."""
    cv2 = need_cv2()
    (mean, spread), (wanted, wanted_spread) = (cv2.meanStdDev(each) for each in (plane, model))
    gain = float(np.clip(wanted_spread[0, 0] / max(spread[0, 0], 1.0), 0.5, 2.0))
    return plane * np.float32(gain) + np.float32(wanted[0, 0] - gain * mean[0, 0])


def _coordinates(height: int, width: int) -> Floats:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return np.stack([x, y], axis=-1)
