"""Vertical scratches: thin lines that stand at the same place over most of the height, in several frames.

A line is found where columns, averaged along pieces of their height, differ from their surroundings on both sides in
the same direction in most of the pieces. Its profile, smoothed along the line, is taken away and the texture under it
stays (after Kokaram, "Motion Picture Restoration", 1998).
"""

from collections import deque

import numpy as np

from tintype.video.levels import Luma
from tintype.video.need import need_cv2

from .scene import Around, Shown, as_luma, scaled

REACH = 2
_PIECES = 16  # of the height
_SHARE = 0.7  # of the pieces that must show it
_LEAST = 3.0  # levels of 255 in a piece
_WIDEST = 0.006  # of the width: of a line
_ASIDE = 2  # pixels that a line may wander from frame to frame
_ALSO = 2  # of the frames around that must show it too
_ALONG = 31  # rows over which the profile is smoothed


class Scratches:
    """Removes vertical lines from frames of one film."""

    def __init__(self, width: int, depth: int) -> None:
        self._depth = depth
        self._half = max(2, round(width * _WIDEST / 2) + 1)
        self._known: deque[tuple[int, np.ndarray]] = deque(maxlen=4 * REACH + 4)

    def __call__(self, around: Around) -> Shown:
        """The frame without lines; the frame itself where there are none."""
        shown = around.shown
        mine = self._lines(shown)
        if not mine.any():
            return shown
        others = [self._near(self._lines(each)) for each in (*around.before, *around.after)]
        wanted = min(_ALSO, len(others))
        if sum(others, np.zeros(len(mine), int)).max(initial=0) < wanted or not wanted:
            return shown
        lines = mine & (np.sum(others, axis=0) >= wanted)
        if not lines.any():
            return shown
        return Shown(shown.frame, self._cleaned(shown.luma, lines), shown.light, shown.step, shown.noise)

    def _near(self, lines: np.ndarray) -> np.ndarray:
        spread = np.convolve(lines.astype(int), np.ones(2 * _ASIDE + 1, int), "same") > 0
        return spread.astype(int)

    def _lines(self, shown: Shown) -> np.ndarray:
        """(W,) bool: the columns in the middle of a line."""
        for pts, lines in self._known:
            if pts == shown.frame.pts:
                return lines
        lines = self._found(shown.luma)
        self._known.append((shown.frame.pts, lines))
        return lines

    def _found(self, luma: Luma) -> np.ndarray:
        cv2 = need_cv2()
        height, width = luma.shape
        if height < 2 * _PIECES or width < 8 * self._half:
            return np.zeros(width, bool)
        pieces = cv2.resize(luma.astype(np.float32), (width, _PIECES), interpolation=cv2.INTER_AREA)
        far = self._half + 1
        padded = np.pad(pieces, ((0, 0), (far, far)), mode="edge")
        left, right = padded[:, : -2 * far], padded[:, 2 * far :]
        # The smaller of both differences, where they agree in sign: a step of light is no line.
        to_left, to_right = pieces - left, pieces - right
        line = np.where(to_left * to_right > 0, np.minimum(np.abs(to_left), np.abs(to_right)) * np.sign(to_left), 0)
        # What columns around have of such differences is texture.
        usual = cv2.blur(np.abs(line).astype(np.float32), (8 * self._half + 1, 1))
        least = np.maximum(scaled(_LEAST, self._depth), 2.0 * usual)
        bright, dark = ((sign * line > least).mean(axis=0) for sign in (1, -1))
        strength = np.abs(line.mean(axis=0))
        highest = strength >= cv2.dilate(strength[None].astype(np.float32), np.ones((1, 2 * self._half + 1)))[0] - 1e-6
        found = (np.maximum(bright, dark) >= _SHARE) & highest
        found[: 2 * far] = found[width - 2 * far :] = False
        return np.asarray(found)

    def _cleaned(self, luma: Luma, lines: np.ndarray) -> Luma:
        cv2 = need_cv2()
        made = luma.copy()
        reach = self._half + 1
        for x in np.flatnonzero(lines):
            part = luma[:, x - reach : x + reach + 1].astype(np.float32)
            along = cv2.blur(part, (1, _ALONG))
            across = np.linspace(0, 1, part.shape[1], dtype=np.float32)
            ground = along[:, :1] + (along[:, -1:] - along[:, :1]) * across
            made[:, x - reach : x + reach + 1] = as_luma(part - (along - ground), luma, self._depth)
        return made
