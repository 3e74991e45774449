"""Dust and sparkle: specks that are in one frame alone, found by comparing it with both neighbours along motion.

A pixel is a speck where it is brighter, or darker, than all that lies within a pixel of its place in both neighbours
(rank order detector after Nadenau and Mitra, 1997), and the neighbours agree, with one another and with the
frame around the speck. It is filled with what they have there.
"""

import numpy as np

from tintype.video.levels import Luma
from tintype.video.need import need_cv2

from .scene import Around, Shown, scaled
from .warp import Warp

REACH = 1
_APART = 14.0  # levels of 255 that a speck differs by at least, and times the grain
_TIMES = 4.0
_TRUST = 0.25
_LARGEST, _AT_LEAST = 0.002, 120  # share of the picture that one speck may cover, and pixels that it may in any case
_WINDOW_HEIGHT = 300  # rows of a picture in which the window for what lies around has nine
_MOST = 0.03  # share of it that all may: more is no dust but motion that was not found
_GROWN = 5  # pixels: specks have soft rims
_RING = 15  # pixels: side of the window around a speck in which the rest must be alike
_CONTRAST = 4.0  # times what the rest differs by on average, by which a speck differs


class Dust:
    """Removes specks from frames of one film."""

    def __init__(self, warp: Warp, depth: int) -> None:
        self._warp, self._depth = warp, depth

    def __call__(self, around: Around) -> Shown:
        """The frame without specks; the frame itself where there are none, or no two neighbours."""
        shown = around.shown
        if not around.before or not around.after:
            return shown
        found = self._warp.neighbours(around.before[-1], shown, around.after[0])
        if len(found) < 2:
            return shown
        (earlier, trust), (later, other_trust) = found
        mask = self._specks(shown.luma, earlier, later)
        mask &= (np.minimum(trust, other_trust) > _TRUST).astype(np.uint8)
        mask = self._small(mask)
        if mask.any():
            mask = self._alone(mask, shown.luma, earlier, later)
        if not mask.any():
            return shown
        return Shown(shown.frame, self._filled(shown.luma, earlier, later, mask), shown.light, shown.step, shown.noise)

    def _specks(self, luma: Luma, earlier: Luma, later: Luma) -> np.ndarray:
        cv2 = need_cv2()
        noise = _deviation(luma, earlier)
        apart = round(max(scaled(_APART, self._depth), _TIMES * noise))
        around = np.ones((3, 3), np.uint8)
        highest = cv2.max(cv2.dilate(earlier, around), cv2.dilate(later, around))
        lowest = cv2.min(cv2.erode(earlier, around), cv2.erode(later, around))
        off = cv2.max(cv2.subtract(luma, highest), cv2.subtract(lowest, luma))
        agree = cv2.absdiff(earlier, later)
        mask = ((off > apart) & (agree < max(apart, 1))).astype(np.uint8)
        return np.asarray(mask & self._stands_out(luma, apart) if mask.any() else mask)

    def _stands_out(self, luma: Luma, apart: int) -> np.ndarray:
        """Where a pixel is also unlike what lies around it in its own frame: what moved strangely often is not."""
        cv2 = need_cv2()
        height, width = luma.shape
        eight = luma if self._depth == 8 else (luma >> (self._depth - 8)).astype(np.uint8)
        scale = max(1, round(height / _WINDOW_HEIGHT))
        small = cv2.resize(eight, (width // scale, height // scale), interpolation=cv2.INTER_AREA)
        ground = cv2.resize(cv2.medianBlur(small, 9), (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.absdiff(eight, ground) > apart / scaled(2, self._depth), np.uint8)

    def _small(self, mask: np.ndarray) -> np.ndarray:
        """Without what is too large for a speck; nothing where there is too much of all."""
        cv2 = need_cv2()
        if not 0 < int(cv2.countNonZero(mask)) <= _MOST * mask.size:
            return np.zeros_like(mask)
        grown = cv2.dilate(mask, np.ones((3, 3), np.uint8))
        count, labels, facts, _ = cv2.connectedComponentsWithStats(grown, connectivity=8)
        keep = np.zeros(count, np.uint8)
        keep[1:] = facts[1:, cv2.CC_STAT_AREA] <= max(_AT_LEAST, _LARGEST * mask.size)
        return np.asarray(keep[labels])

    def _alone(self, mask: np.ndarray, luma: Luma, earlier: Luma, later: Luma) -> np.ndarray:
        """Specks around which the frame is what its neighbours are: where that differs too, motion was not found."""
        cv2 = need_cv2()
        grown = cv2.dilate(mask, np.ones((_GROWN, _GROWN), np.uint8))
        off = cv2.absdiff(luma, cv2.addWeighted(earlier, 0.5, later, 0.5, 0)).astype(np.float32)
        free = (grown == 0).astype(np.float32)
        window = (_RING, _RING)
        known = cv2.blur(free, window)
        around = cv2.blur(off * free, window) / np.maximum(known, np.float32(1e-3))
        count, labels = cv2.connectedComponents(grown, connectivity=8)
        places = mask > 0
        which = labels[places]
        pixels = np.maximum(np.bincount(which, minlength=count), 1)
        inside = np.bincount(which, off[places], count) / pixels
        outside = np.bincount(which, around[places], count) / pixels
        keep = inside > _CONTRAST * outside
        return np.asarray(mask & keep[labels].astype(np.uint8))

    def _filled(self, luma: Luma, earlier: Luma, later: Luma, mask: np.ndarray) -> Luma:
        cv2 = need_cv2()
        grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_GROWN, _GROWN)))
        rim = cv2.blur(grown.astype(np.float32), (3, 3))
        fill = cv2.addWeighted(earlier, 0.5, later, 0.5, 0)
        places = rim > 0
        made = luma.copy()
        old, new = luma[places].astype(np.float32), fill[places].astype(np.float32)
        made[places] = np.rint(old + (new - old) * rim[places]).astype(luma.dtype)
        return made


def _deviation(luma: Luma, other: Luma) -> float:
    """The grain between two frames: a robust standard deviation of their difference, of one of them."""
    step = max(1, luma.shape[0] // 120)
    difference = luma[::step, ::step].astype(np.int32) - other[::step, ::step]
    return float(np.median(np.abs(difference - np.median(difference)))) / 0.6745 / 2**0.5
