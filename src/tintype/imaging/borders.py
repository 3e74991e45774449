"""Borders around a picture: the white margin of a print, the black rebate of a negative, pillar- and letterboxes.

A border is a run of lines along an edge of which nearly every pixel has the level of the edge, ended by a step over
most of its length. A caption in a margin interrupts few pixels of a line. A bright sky, a dark ground or an even
gradient ends bit by bit, and is no border.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 400  # pixels: long side of the picture that is looked at
_NEAR = 14  # levels of 255 around that of the edge
_LEVEL_SHARE = 0.9  # of an outermost line that must have the level of the edge
_LINE_SHARE = 0.88  # of the last line of a border
_TEXT_SHARE = 0.4  # of any line within it: a caption may interrupt it
_STEP = 0.3  # by which the share falls at its end
_MOST = 0.4  # of a side's length that a border may take
_LEAST = 0.008
_LEAST_INSIDE = 0.35  # of both sides
_BRIGHT, _DARK = 185, 60  # a border of another level must be plain
_PLAIN = 0.99
_ALIKE = 24  # levels that opposite borders differ in at the most
_CONSTANT, _CONSTANT_SHARE = 2, 0.95  # of a border on one side alone: as a program draws it
_AROUND = 1.5  # lines of the small picture around the end of a border, among which the exact one is


@dataclass(frozen=True)
class Inside:
    """The picture inside its borders: rows top to bottom and columns left to right, the last not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def of(self, plane: NDArray[np.generic]) -> NDArray[np.generic]:
        """The part of a plane (H, W, ...) that is inside."""
        return plane[self.top : self.bottom, self.left : self.right]

    def scaled(self, factor: float) -> "Inside":
        """The same part of the picture made larger or smaller."""
        top, left, bottom, right = (round(side * factor) for side in (self.top, self.left, self.bottom, self.right))
        return Inside(top, left, bottom, right)

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel is inside."""
        return self.left <= x < self.right and self.top <= y < self.bottom


def find_inside(luma: NDArray[np.uint8]) -> Inside | None:
    """What lies inside the borders of luma (H, W) uint8; None where it has none."""
    height, width = luma.shape
    scale = max(1.0, max(height, width) / _SIDE)
    size = max(1, round(width / scale)), max(1, round(height / scale))
    small = np.asarray(Image.fromarray(luma).resize(size, Image.Resampling.BOX) if scale > 1 else luma, np.int16)
    if min(small.shape) < 32:
        return None
    top, left, bottom, right = 0, 0, *small.shape
    for _ in range(2):  # a white margin around a black rebate
        part = small[top:bottom, left:right]
        above, below = _border(part), _border(part[::-1])
        part = part[above : len(part) - below]
        before, after = _border(part.T), _border(part.T[::-1])
        above, below, before, after = _believed(small[top:bottom, left:right], above, below, before, after)
        if not (above or below or before or after):
            break
        top, bottom, left, right = top + above, bottom - below, left + before, right - after
    if bottom - top < _LEAST_INSIDE * small.shape[0] or right - left < _LEAST_INSIDE * small.shape[1]:
        return None
    if (top, left, bottom, right) == (0, 0, *small.shape):
        return None
    rows, columns = height / small.shape[0], width / small.shape[1]
    across = luma[:, round((left + 2) * columns) : round((right - 2) * columns)]
    down = luma[round((top + 2) * rows) : round((bottom - 2) * rows)].T
    return Inside(
        _exact(across, top, rows) if top else 0,
        _exact(down, left, columns) if left else 0,
        height - _exact(across[::-1], small.shape[0] - bottom, rows) if bottom < small.shape[0] else height,
        width - _exact(down[::-1], small.shape[1] - right, columns) if right < small.shape[1] else width,
    )


def _believed(part: NDArray[np.int16], above: int, below: int, before: int, after: int) -> tuple[int, int, int, int]:
    """The borders of a part of the picture, less those that photographs have by chance: a grey sky over the sea, a road
    at night. Believed are two opposite sides of one level, others like them, and a side that is all of one level."""
    height, width = part.shape
    sides = (part[:above], part[height - below :], part[:, :before], part[:, width - after :])
    levels = [float(np.median(side)) if side.size else None for side in sides]
    paired = [
        level
        for one, other in ((0, 1), (2, 3))
        if (level := levels[one]) is not None
        and (opposite := levels[other]) is not None
        and abs(level - opposite) <= _ALIKE
    ]

    def counts(side: NDArray[np.int16], level: float | None) -> bool:
        if level is None:
            return False
        if any(abs(level - known) <= _ALIKE for known in paired):
            return True
        return bool((np.abs(side - level) <= _CONSTANT).mean() >= _CONSTANT_SHARE)

    above, below, before, after = (
        size if counts(side, level) else 0
        for size, side, level in zip((above, below, before, after), sides, levels, strict=True)
    )
    return above, below, before, after


def _exact(lines: NDArray[np.uint8], count: int, scale: float) -> int:
    """The first line of the picture at full size, where the border takes about so many lines of the small picture."""
    first, last = max(0, round((count - _AROUND) * scale)), round((count + _AROUND) * scale)
    level = np.median(lines[max(0, first - round(2 * scale)) : first + 1].astype(np.int16))
    near = (np.abs(lines[first:last].astype(np.int16) - level) <= _NEAR).mean(axis=1)
    of_border = np.flatnonzero(near >= _LINE_SHARE)
    return first + int(of_border[-1]) + 1 if of_border.size else round(count * scale)


def _border(lines: NDArray[np.int16]) -> int:
    """How many lines the border at the first of these takes, 0 for none."""
    count = len(lines)
    first = lines[: max(1, count // 100)]
    level = float(np.median(first))
    near = (np.abs(lines - level) <= _NEAR).mean(axis=1)
    if near[: len(first)].mean() < (_LEVEL_SHARE if level >= _BRIGHT or level <= _DARK else _PLAIN):
        return 0
    limit = min(count - 4, round(_MOST * count))
    broken = np.flatnonzero(near[:limit] < _TEXT_SHARE)
    if broken.size:
        limit = int(broken[0])
    full = np.flatnonzero(near[:limit] >= _LINE_SHARE)
    if not full.size:
        return 0
    last = int(full[-1])
    behind = near[last + 2 : last + 5]
    if last + 1 < max(2, _LEAST * count) or not behind.size or near[last] - behind.max() < _STEP:
        return 0
    jumps = np.abs(lines[last + 2 : last + 5] - lines[last]) > _NEAR
    if jumps.mean(axis=1).max() < _STEP:  # an even gradient leaves the level of the edge, too, but bit by bit
        return 0
    return last + 1
