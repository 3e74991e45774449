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
    (height, width), count = lightness.shape, len(rows)
    found = np.full((height, count, width), np.inf, np.float32)
    found[rows, np.arange(count), columns] = 0
    along = np.zeros((height, width), np.float32)
    np.cumsum((cost[:, 1:] + cost[:, :-1]) / 2, axis=1, out=along[:, 1:])
    falling, rising = np.full((2, height - 1, width), np.inf, np.float32)  # no way past the ends of a row
    falling[:, 1:] = (cost[1:, 1:] + cost[:-1, :-1]) * _DIAGONAL
    rising[:, :-1] = (cost[1:, :-1] + cost[:-1, 1:]) * _DIAGONAL
    # Rows of all cells lie one behind the other, costs too: on flat arrays of one length NumPy's steps take a sixth.
    along, straight, falling, rising = (
        np.tile(each, (1, count)) for each in (along, (cost[1:] + cost[:-1]) / 2, falling, rising)
    )
    falling, rising = falling[:, 1:], rising[:, :-1]
    flat, room = found.reshape(height, -1), np.empty(count * width, np.float32)
    for _ in range(ROUNDS):
        _sweep(found[0], flat[0], along[0])
        for row in range(1, height):
            _step(flat[row], flat[row - 1], straight[row - 1], falling[row - 1], rising[row - 1], room)
            _sweep(found[row], flat[row], along[row])
        for row in range(height - 2, -1, -1):  # upwards the diagonals change their parts
            _step(flat[row], flat[row + 1], straight[row], rising[row], falling[row], room)
            _sweep(found[row], flat[row], along[row])
    return np.ascontiguousarray(found.transpose(1, 0, 2))


def _costs(lightness: Plane) -> Plane:
    """What one step costs in each cell: its share of the diagonal, and more where the light changes."""
    padded = np.pad(lightness, 1, mode="edge")
    down = padded[2:, 1:-1] - padded[:-2, 1:-1]
    across = padded[1:-1, 2:] - padded[1:-1, :-2]
    edges = np.hypot(down, across) / 4  # of the range from -1 to 1, for one step
    return np.asarray(1 / np.hypot(*lightness.shape) + EDGE * edges, np.float32)


def _step(here: Plane, other: Plane, straight: Plane, from_left: Plane, from_right: Plane, room: Plane) -> None:
    """Relax a flat row (n,) of distances from its neighbour row, in place. Costs of ways over a corner are n - 1;
    `room` is of the row's length, for what lies between."""
    np.minimum(here, np.add(other, straight, out=room), out=here)
    np.minimum(here[1:], np.add(other[:-1], from_left, out=room[1:]), out=here[1:])
    np.minimum(here[:-1], np.add(other[1:], from_right, out=room[1:]), out=here[:-1])


def _sweep(row: Plane, flat: Plane, along: Plane) -> None:
    """Relax distances (N, w) along one row, in place; `flat` is the same array, `along` (N w) how far each cell is from
    its row's start."""
    flat -= along
    np.minimum.accumulate(row, axis=1, out=row)
    flat += along
    back = row[:, ::-1]
    flat += along
    np.minimum.accumulate(back, axis=1, out=back)
    flat -= along
