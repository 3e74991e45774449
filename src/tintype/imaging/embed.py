"""Planes that cover a part of a picture, laid into planes that cover all of it."""

import numpy as np
from numpy.typing import NDArray

from .borders import Inside
from .types import Plane

_KEPT = 1.5  # cells around the part that keep the values of its edge


def embed(plane: Plane, inside: Inside, height: int, width: int, *, fade: bool) -> Plane:
    """A plane (h, w, C) that covers the inside of a picture of height x width, as one (h', w', C) that covers the whole
    picture with cells of the same size.

    Outside are the values of the edge; with ``fade`` zeros, from a cell and a half on.
    """
    rows, down = _weights(plane.shape[0], inside.top, inside.height, height)
    columns, across = _weights(plane.shape[1], inside.left, inside.width, width)
    made = np.tensordot(rows, plane, axes=(1, 0))
    made = np.moveaxis(np.tensordot(columns, made, axes=(1, 1)), 0, 1)
    if fade:
        made = made * (down[:, None] & across[None, :])[..., None]
    return np.ascontiguousarray(made, np.float32)


def _weights(cells: int, first: int, length: int, whole: int) -> tuple[Plane, NDArray[np.bool_]]:
    """(cells of the whole, cells of the part): linear interpolation between the cells' middles; and which of the whole
    are in the part or near."""
    side = length / cells
    count = max(1, round(whole / side))
    at = ((np.arange(count) + 0.5) * whole / count - first) / side - 0.5
    near = (at >= -_KEPT) & (at <= cells - 1 + _KEPT)
    at = at.clip(0, cells - 1)
    lower = np.minimum(at.astype(int), max(0, cells - 2))
    share = at - lower
    weights = np.zeros((count, cells), np.float32)
    index = np.arange(count)
    weights[index, lower] += 1 - share
    weights[index, np.minimum(lower + 1, cells - 1)] += share
    return weights, near
