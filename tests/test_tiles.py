"""Tiles come out of a plane as slices do, edges repeated, and go back to where they were."""

import numpy as np
import pytest

from pictures import noise
from tintype.photo.jpeg.tiles import Tiles, side_by_side


@pytest.mark.parametrize("shape", [(64, 96), (37, 53), (16, 200), (9, 5), (200, 1), (1, 70)])
@pytest.mark.parametrize(("side", "ring"), [(16, 0), (16, 1), (8, 0)])
def test_tiles_are_those_of_the_padded_plane(shape: tuple[int, int], side: int, ring: int) -> None:
    plane = noise(*shape)
    rows, columns = (-(-length // side) for length in shape)
    at = np.argwhere(np.ones((rows, columns), np.bool_))
    ends = [(ring, count * side - length + ring) for count, length in zip((rows, columns), shape, strict=True)]
    padded = np.pad(plane, ends, mode="edge")
    tiles = Tiles(plane, side).take(at, ring)
    for number, (row, column) in enumerate(at):
        square = padded[row * side :, column * side :][: side + 2 * ring, : side + 2 * ring]
        np.testing.assert_array_equal(tiles[:, number], square)


@pytest.mark.parametrize("shape", [(64, 96), (37, 53), (9, 5)])
def test_tiles_go_back_and_nothing_else_changes(shape: tuple[int, int]) -> None:
    plane, other = noise(*shape), noise(*shape, seed=1)
    at = np.argwhere(np.ones((-(-shape[0] // 8), -(-shape[1] // 8)), np.bool_))[::2]
    changed = plane.copy()
    Tiles(changed, 8).put(at, Tiles(other, 8).take(at))
    wanted = plane.copy()
    for row, column in at:
        square = np.s_[8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        wanted[square] = other[square]
    np.testing.assert_array_equal(changed, wanted)


def test_tiles_lie_side_by_side_in_their_order() -> None:
    plane = noise(32, 48)
    at = np.argwhere(np.ones((4, 6), np.bool_))
    np.testing.assert_array_equal(side_by_side(Tiles(plane, 8).take(at), 6), plane)
