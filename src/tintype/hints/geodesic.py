"""Geodesic distance from a few seed pixels to every pixel, with lightness edges as barriers.

Two things of the same lightness may lie side by side with an edge between them, and one thing may change its lightness
from end to end. The length of the shortest path, on which crossing an edge costs more, tells both apart where the
straight distance does not (for colours: Yatziv and Sapiro, "Fast image and video colorization using chrominance
blending", 2006).
"""

import numpy as np
import numpy.typing as npt

from tintype.imaging.types import Plane

EDGE = 0.15  # what a step over an edge from black to white costs, in diagonals of the picture
ROUNDS = 2  # of sweeps down and up; a path that winds more often is found too long
_DIAGONAL = np.float32(np.sqrt(0.5))


def geodesic_distances(lightness: Plane, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> Plane:
    """Geodesic distances (N, h, w) from N seed cells, normalised so that the diagonal of a flat image is 1.

    lightness (h, w), -1 to 1. Whole rows are swept at a time, for all N cells at once: along a row the least of all
    distances is a running minimum (Felzenszwalb and Huttenlocher's distance transform, 2012, in its linear case).
    """
    cost = _costs(lightness)
    height, width = lightness.shape
    found = np.full((height, len(rows), width), np.inf, np.float32)
    found[rows, np.arange(len(rows)), columns] = 0
    along = np.zeros((height, width), np.float32)
    np.cumsum((cost[:, 1:] + cost[:, :-1]) / 2, axis=1, out=along[:, 1:])
    straight = (cost[1:] + cost[:-1]) / 2
    falling = (cost[1:, 1:] + cost[:-1, :-1]) * _DIAGONAL
    rising = (cost[1:, :-1] + cost[:-1, 1:]) * _DIAGONAL
    for _ in range(ROUNDS):
        _sweep(found[0], along[0])
        for row in range(1, height):
            here, above = found[row], found[row - 1]
            np.minimum(here, above + straight[row - 1], out=here)
            np.minimum(here[:, 1:], above[:, :-1] + falling[row - 1], out=here[:, 1:])
            np.minimum(here[:, :-1], above[:, 1:] + rising[row - 1], out=here[:, :-1])
            _sweep(here, along[row])
        for row in range(height - 2, -1, -1):
            here, below = found[row], found[row + 1]
            np.minimum(here, below + straight[row], out=here)
            np.minimum(here[:, :-1], below[:, 1:] + falling[row], out=here[:, :-1])
            np.minimum(here[:, 1:], below[:, :-1] + rising[row], out=here[:, 1:])
            _sweep(here, along[row])
    return np.ascontiguousarray(found.transpose(1, 0, 2))


def _costs(lightness: Plane) -> Plane:
    """What one step costs in each cell: its share of the diagonal, and more where the light changes."""
    padded = np.pad(lightness, 1, mode="edge")
    down = padded[2:, 1:-1] - padded[:-2, 1:-1]
    across = padded[1:-1, 2:] - padded[1:-1, :-2]
    edges = np.hypot(down, across) / 4  # of the range from -1 to 1, for one step
    return np.asarray(1 / np.hypot(*lightness.shape) + EDGE * edges, np.float32)


def _sweep(row: Plane, along: Plane) -> None:
    """Relax distances (N, w) along one row, in place; `along` (w,) is how far its cells are from its start."""
    row -= along
    np.minimum.accumulate(row, axis=1, out=row)
    row += along
    back, reversed_along = row[:, ::-1], along[::-1]
    back += reversed_along
    np.minimum.accumulate(back, axis=1, out=back)
    back -= reversed_along
