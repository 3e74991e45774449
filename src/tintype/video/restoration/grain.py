"""Grain: what changes from frame to frame without moving, averaged away along motion; and new grain of equal strength.

Each pixel becomes a mean of itself and of its place in both neighbours, which count for less the more the picture
around the pixel differs there, beyond what grain explains: what moved strangely stays as it is.
"""

import numpy as np

from tintype.colorizer.restore import noise_deviation
from tintype.imaging.types import Floats
from tintype.video.levels import Luma
from tintype.video.need import need_cv2

from .scene import Around, Shown, as_luma, scaled
from .warp import Warp

REACH = 1
_LEAST = 1.2  # levels of 255: a cleaner film is left as it is
_PATCH = 5  # of pixels of half size
_BELIEVED = 0.75  # times the grain: a mean difference at which a neighbour counts for half
_TRUST = 0.05
_SOFT = 0.7  # pixels: sigma of the new grain
_SHARE = 0.6  # of the old grain's strength that new grain has


class Grain:
    """Averages the grain of one film's frames along motion."""

    def __init__(self, warp: Warp, depth: int) -> None:
        self._warp, self._depth = warp, depth

    def __call__(self, around: Around) -> Shown:
        """The frame with less grain; the frame itself where it has hardly any."""
        shown = around.shown
        before = around.before[-1] if around.before else None
        after = around.after[0] if around.after else None
        found = self._warp.neighbours(before, shown, after)
        noise = min((_deviation(shown.luma, other) for other, _ in found), default=0.0)
        marked = Shown(shown.frame, shown.luma, shown.light, shown.step, noise / scaled(1, self._depth))
        if found and noise >= scaled(_LEAST, self._depth):
            marked.luma = self._mean(shown.luma, found, noise)
        return marked

    def _mean(self, luma: Luma, found: list[tuple[Luma, Floats]], noise: float) -> Luma:
        cv2 = need_cv2()
        height, width = luma.shape
        half = (max(1, width // 2), max(1, height // 2))
        mine = luma.astype(np.float32)
        total, weights = np.zeros_like(mine), np.ones_like(mine)
        for other, trust in found:
            off = cv2.subtract(other, luma, dtype=cv2.CV_32F)
            # Of means over patches of the difference, grain leaves little: what they show is motion that was missed.
            # Half the size is enough for weights.
            patch = cv2.blur(cv2.resize(off, half, interpolation=cv2.INTER_AREA), (_PATCH, _PATCH))
            patch *= np.float32(1 / (_BELIEVED * noise))
            patch *= patch
            patch *= patch
            patch += np.float32(1)
            small = cv2.divide(1.0, patch)
            small[cv2.resize(trust, half, interpolation=cv2.INTER_NEAREST) < _TRUST] = 0
            weight = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
            cv2.add(weights, weight, dst=weights)
            cv2.multiply(off, weight, dst=off)
            cv2.add(total, off, dst=total)
        cv2.divide(total, weights, dst=total)
        cv2.add(total, mine, dst=total)
        return cv2.convertScaleAbs(total) if self._depth == 8 else as_luma(total, luma, self._depth)


def _deviation(luma: Luma, other: Luma) -> float:
    """The grain of two frames, in their levels: a robust deviation of their difference, shared by both."""
    step = max(1, luma.shape[0] // 200)
    difference = luma[::step, ::step].astype(np.int32) - other[::step, ::step]
    return float(np.median(np.abs(difference - np.median(difference)))) / 0.6745 / 2**0.5


class Regrain:
    """Lays new grain over a film from which grain was taken: the same for the same frame, whoever works on it."""

    def __init__(self, height: int, width: int, depth: int) -> None:
        self._depth = depth
        rng = np.random.default_rng(1895)
        field = rng.standard_normal((height + 128, width + 128), np.float32)
        field = need_cv2().GaussianBlur(field, (0, 0), _SOFT)
        self._field = field / field.std()

    def __call__(self, around: Around) -> Shown:
        """The frame with grain: strongest in the middle tones, as film has it."""
        shown = around.shown
        noise = noise_of(shown.luma, self._depth) if shown.noise is None else shown.noise
        if noise < _LEAST:
            return shown
        rng = np.random.default_rng(abs(shown.frame.pts))
        top, left = (int(value) for value in rng.integers(0, 128, 2))
        height, width = shown.luma.shape
        field = self._field[top : top + height, left : left + width]
        level = shown.luma.astype(np.float32) / np.float32((1 << self._depth) - 1)
        strength = np.float32(_SHARE * scaled(noise, self._depth)) * np.sqrt(4 * level * (1 - level) + np.float32(0.05))
        made = as_luma(shown.luma + strength * field, shown.luma, self._depth)
        return Shown(shown.frame, made, shown.light, shown.step, noise)


def noise_of(luma: Luma, depth: int) -> float:
    """The standard deviation of the grain, of 255 levels."""
    if depth == 8:
        return noise_deviation(luma)
    step = max(1, max(luma.shape) // 1500)
    rows = [luma[i : luma.shape[0] - 2 + i : step].astype(np.int32) for i in range(3)]
    down = rows[0] - 2 * rows[1] + rows[2]
    across = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    return float(np.median(np.abs(across))) / 0.6745 / 6 / scaled(1, depth)
