"""Brightness flicker: the light of each frame brought to what the frames around it have of the same things.

The change of light from frame to frame is that of pixels whose motion is known, as a gain and an offset. Put together
over a dozen frames on both sides and smoothed, it tells how bright a frame should be. A fade is a slope, and a slope
smoothed evenly stays what it is.
"""

import itertools

import numpy as np

from tintype.video.motion import Motion
from tintype.video.need import need_cv2

from .scene import Around, Shown, scaled

REACH = 12
_SIGMA = 5.0  # frames
_TRUST = 0.5
_LEAST = 0.02  # share of pixels that must be known for a change to be believed
_MOST_GAIN = 1.6  # from one frame to the next
# Two levels of 255 at which changes are followed, and the least that is corrected: a rounding error is no flicker.
_ANCHORS = np.array([64.0, 192.0])
_DEAD = 0.45


class Deflicker:
    """Evens out the light of frames of one film.

    Args:
        motion: that finds the motion between them.
        depth, full_range: of their luma.
    """

    def __init__(self, motion: Motion, depth: int, full_range: bool) -> None:
        self._motion, self._depth, self._full = motion, depth, full_range
        self._changes: dict[int, tuple[float, float]] = {}

    def __call__(self, around: Around) -> Shown:
        """The frame with its light corrected; the frame itself where nothing flickers."""
        mine = _ANCHORS
        levels, weights = [mine], [1.0]
        current, later = mine, [around.shown, *around.after]
        for distance, (one, other) in enumerate(itertools.pairwise(later), 1):
            gain, offset = self._change(one, other)
            current = gain * current + offset
            levels.append(current)
            weights.append(float(np.exp(-((distance / _SIGMA) ** 2) / 2)))
        current, earlier = mine, [around.shown, *reversed(around.before)]
        for distance, (one, other) in enumerate(itertools.pairwise(earlier), 1):
            gain, offset = self._change(other, one)
            current = (current - offset) / gain
            levels.append(current)
            weights.append(float(np.exp(-((distance / _SIGMA) ** 2) / 2)))
        wanted = self._balanced(levels, weights, len(around.after), len(around.before))
        if np.abs(wanted - mine).max() < _DEAD:
            return around.shown
        return self._corrected(around.shown, wanted)

    def _balanced(self, levels: list[np.ndarray], weights: list[float], after: int, before: int) -> np.ndarray:
        """The weighted mean of the levels; near an end of a scene only as many frames on one side as on the other, so
        that a fade is not pulled to one side."""
        even = min(after, before)
        if even >= 2:
            chosen = [0, *range(1, even + 1), *range(after + 1, after + 1 + even)]
        else:  # at the very ends: a straight line through what is there, read off here
            return self._line(levels, after, before)
        values = np.array([levels[i] for i in chosen])
        return np.average(values, axis=0, weights=[weights[i] for i in chosen])

    def _line(self, levels: list[np.ndarray], after: int, before: int) -> np.ndarray:
        times = np.array([0, *range(1, after + 1), *(-i for i in range(1, before + 1))], float)
        if len(times) < 5:
            return levels[0]
        values = np.array(levels)
        return np.array([np.polyval(np.polyfit(times, values[:, i], 1), 0.0) for i in range(values.shape[1])])

    def _change(self, earlier: Shown, later: Shown) -> tuple[float, float]:
        """Gain and offset of the light from a frame to the next."""
        step, key = later.step, later.frame.pts
        if step is None:
            return 1.0, 0.0
        if key not in self._changes:
            if len(self._changes) > 4 * REACH:
                self._changes.pop(next(iter(self._changes)))
            self._changes[key] = self._measured(earlier, later)
        return self._changes[key]

    def _measured(self, earlier: Shown, later: Shown) -> tuple[float, float]:
        assert later.step is not None
        cv2 = need_cv2()
        moved = cv2.remap(
            earlier.light, self._motion.here + later.step.back, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        known = (later.step.trust_back > _TRUST) & (moved > 4) & (moved < 251) & (later.light > 4) & (later.light < 251)
        if known.mean() < _LEAST:
            return 1.0, 0.0
        old, new = moved[known].astype(np.float64), later.light[known].astype(np.float64)
        spread = max(float(old.std()), 1.0)
        gain = float(np.clip(float(new.std()) / spread, 1 / _MOST_GAIN, _MOST_GAIN)) if spread > 4 else 1.0
        return gain, float(np.median(new - gain * old))

    def _corrected(self, shown: Shown, wanted: np.ndarray) -> Shown:
        gain = float(np.clip((wanted[1] - wanted[0]) / (_ANCHORS[1] - _ANCHORS[0]), 1 / _MOST_GAIN, _MOST_GAIN))
        offset = float(wanted.mean() - gain * _ANCHORS.mean())
        top = (1 << self._depth) - 1
        values = np.arange(top + 1, dtype=np.float64)
        low, span = (0.0, float(top)) if self._full else (scaled(16, self._depth), scaled(219, self._depth))
        unit = (values - low) / span * 255
        table = (low + (gain * unit + offset).clip(0, 255) / 255 * span).clip(0, top)
        outside = (values < low) | (values > low + span)
        table[outside] = values[outside]
        made = np.rint(table).astype(shown.luma.dtype)[shown.luma]
        return Shown(shown.frame, made, shown.light, shown.step, shown.noise)
