"""Square tiles of a plane, many at a time: picked, put back, laid side by side.

Tiles are held row by row, (side, count, side): all first rows, all second rows and so on. What is done to whole rows
of tiles is then done to long stretches of memory.
"""

import numpy as np
from numpy.typing import NDArray

from tintype.imaging.types import Plane8

Indices = NDArray[np.intp]


class Tiles:
    """A plane as tiles of `side` pixels; those at the right and lower edge may stick out.

    plane: (H, W) uint8, contiguous; `put` changes it.
    """

    def __init__(self, plane: Plane8, side: int) -> None:
        self.plane, self.side = plane, side

    def take(self, at: Indices, ring: int = 0) -> Plane8:
        """(side + 2 ring, count, side + 2 ring): the tiles and the pixels around them, the plane's edge repeated.

        at: (count, 2), row and column of each tile.
        """
        height, width = self.plane.shape
        side = self.side + 2 * ring
        rows = (at[:, 0] * self.side + np.arange(-ring, side - ring)[:, None]).clip(0, height - 1)
        left = at[:, 1] * self.side - ring
        inside = (left >= 0) & (left + side <= width)
        starts = rows * width + np.where(inside, left, 0)
        if self.plane.size >= side:
            items = _runs(self.plane, side)[starts.clip(0, self.plane.size - side)]
            tiles: Plane8 = items.view(np.uint8).reshape(side, len(at), side)
        else:
            tiles = np.empty((side, len(at), side), np.uint8)
        out = np.flatnonzero(~inside)
        if out.size:
            columns = (left[out, None] + np.arange(side)).clip(0, width - 1)
            tiles[:, out] = self.plane[rows[:, out, None], columns[None]]
        return tiles

    def put(self, at: Indices, tiles: Plane8) -> None:
        """Writes tiles, as `take` gave them without a ring, back to their places."""
        height, width = self.plane.shape
        rows = at[:, 0] * self.side + np.arange(self.side)[:, None]
        left = at[:, 1] * self.side
        inside = (rows[-1] < height) & (left + self.side <= width)
        whole, out = np.flatnonzero(inside), np.flatnonzero(~inside)
        if whole.size:
            if out.size:
                rows_in, left_in, kept = rows[:, whole], left[whole], tiles[:, whole]
            else:
                rows_in, left_in, kept = rows, left, tiles
            values = np.ascontiguousarray(kept).reshape(self.side, -1).view(f"V{self.side}")
            _runs(self.plane, self.side)[rows_in * width + left_in] = values
        if out.size:
            y, x = np.broadcast_arrays(rows[:, out, None], (left[out, None] + np.arange(self.side))[None])
            there = (y < height) & (x < width)
            self.plane[y[there], x[there]] = tiles[:, out][there]


def side_by_side(tiles: Plane8, across: int) -> Plane8:
    """Tiles, (side, count, side), as one plane with `across` of them in a row; count is a multiple of it."""
    side = len(tiles)
    rows = tiles.reshape(side, -1, across * side).transpose(1, 0, 2)
    return np.ascontiguousarray(rows).reshape(-1, across * side)


def _runs(plane: Plane8, length: int) -> NDArray[np.void]:
    """The stretches of `length` bytes that begin at each byte of the plane, as items to be copied whole."""
    return np.ndarray((plane.size - length + 1,), f"V{length}", plane.data, 0, (1,))
