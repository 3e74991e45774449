"""Gate weave: the picture held still where the film moved in the gate, while movements of the camera stay.

The shift from frame to frame is that of most of the picture: the median of the motion that can be trusted, made finer
by phase correlation where that agrees. Summed up it is the path of the camera and the weave on top of it; the path
smoothed over two dozen frames on both sides is the camera's.
"""

from collections import OrderedDict
from itertools import pairwise

import numpy as np

from tintype.video.levels import Luma
from tintype.video.need import need_cv2

from .scene import Around, Shown

REACH = 24
_SIGMA = 8.0  # frames
_SIDE = 480  # pixels: long side at which shifts are measured
_MOST = 0.02  # of the long side: weave is small
_TRUST, _KNOWN = 0.5, 0.15  # of motion, and the share of the picture for which it must be known
_SURE, _AGREE = 0.05, 0.6  # least response of the correlation, and by how many pixels of the grid it may differ
_LEAST = 0.12  # pixels: less is not worth a resampling
CROP = 1.02


class Weave:
    """Holds frames of one film still.

    Args:
        height, width: of the frames.
        crop: enlarge them a little, so that no rim shows; else the rim is continued.
    """

    def __init__(self, height: int, width: int, *, crop: bool) -> None:
        cv2 = need_cv2()
        self._scale = min(1.0, _SIDE / max(height, width))
        self._small = max(16, round(width * self._scale)), max(16, round(height * self._scale))
        self._window = cv2.createHanningWindow(self._small, cv2.CV_32F)
        self._crop = crop
        self._most = _MOST * max(height, width)
        self._shifts: OrderedDict[int, tuple[float, float]] = OrderedDict()
        self._planes: OrderedDict[int, np.ndarray] = OrderedDict()

    def __call__(self, around: Around) -> Shown:
        """The frame moved to where the smoothed path has it."""
        path, weights = [(0.0, 0.0)], [1.0]
        x = y = 0.0
        even = min(len(around.before), len(around.after))
        frames = [around.shown, *around.after[:even]]
        for distance, (one, other) in enumerate(pairwise(frames), 1):
            shift = self._shift(one, other)
            x, y = x + shift[0], y + shift[1]
            path.append((x, y))
            weights.append(float(np.exp(-((distance / _SIGMA) ** 2) / 2)))
        x = y = 0.0
        frames = [around.shown, *reversed(around.before[len(around.before) - even :])]
        for distance, (one, other) in enumerate(pairwise(frames), 1):
            shift = self._shift(other, one)
            x, y = x - shift[0], y - shift[1]
            path.append((x, y))
            weights.append(float(np.exp(-((distance / _SIGMA) ** 2) / 2)))
        wanted = np.average(np.array(path), axis=0, weights=weights).clip(-self._most, self._most)
        if not self._crop and np.abs(wanted).max() < _LEAST:
            return around.shown
        shown = around.shown
        return Shown(shown.frame, self._moved(shown.luma, *wanted), shown.light, shown.step, shown.noise)

    def _shift(self, earlier: Shown, later: Shown) -> tuple[float, float]:
        """How far the picture moved from a frame to the next, in pixels; none where it cannot be told."""
        key = later.frame.pts
        if key not in self._shifts:
            self._shifts[key] = self._measured(earlier, later)
            if len(self._shifts) > 3 * REACH:
                self._shifts.popitem(last=False)
        return self._shifts[key]

    def _measured(self, earlier: Shown, later: Shown) -> tuple[float, float]:
        cv2 = need_cv2()
        step = later.step
        if step is None:
            return 0.0, 0.0
        known = step.trust_back > _TRUST
        if known.mean() < _KNOWN:
            return 0.0, 0.0
        pixels = later.luma.shape[1] / step.back.shape[1]  # of the film in one of the grid
        coarse = -np.median(step.back[known], axis=0) * pixels
        fine, response = cv2.phaseCorrelate(self._plane(earlier), self._plane(later), self._window)
        fine = np.array(fine) / self._scale
        agrees = response >= _SURE and np.abs(fine - coarse).max() <= _AGREE * max(pixels, 1.0)
        x, y = fine if agrees else coarse
        return float(x), float(y)

    def _plane(self, shown: Shown) -> np.ndarray:
        """Small, and without its slow changes of light, which would hold the correlation at no shift."""
        key = shown.frame.pts
        if key not in self._planes:
            cv2 = need_cv2()
            small = cv2.resize(shown.luma, self._small, interpolation=cv2.INTER_AREA).astype(np.float32)
            self._planes[key] = small - cv2.GaussianBlur(small, (0, 0), 6)
            if len(self._planes) > 4:
                self._planes.popitem(last=False)
        return self._planes[key]

    def _moved(self, luma: Luma, x: float, y: float) -> Luma:
        cv2 = need_cv2()
        height, width = luma.shape
        zoom = CROP if self._crop else 1.0
        middle = (width - 1) / 2, (height - 1) / 2
        matrix = np.array([[zoom, 0, x + middle[0] * (1 - zoom)], [0, zoom, y + middle[1] * (1 - zoom)]])
        moved: Luma = cv2.warpAffine(
            luma, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        return moved
