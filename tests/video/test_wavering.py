"""What a network wavers by is taken away from things alike as well, where motion is not trusted."""

import numpy as np
from numpy.typing import NDArray

from tintype.video.wavering import spread

HEIGHT, WIDTH = 96, 128
DIFFERENCE = np.array([-3, 2], np.float32)


def half_trusted(light: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the right half, of which nothing is trusted, is told of the left half."""
    share = np.zeros((HEIGHT, WIDTH), np.float32)
    share[:, : WIDTH // 2] = 0.9
    found = spread(share[..., None] * DIFFERENCE, share, light)
    assert np.abs(found[:, : WIDTH // 2]).max() <= 0.1 * np.abs(DIFFERENCE).max() + 1e-4
    return found[:, WIDTH // 2 :]


def test_nothing_is_added_where_all_is_trusted() -> None:
    share = np.ones((HEIGHT, WIDTH), np.float32)
    light = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    assert not spread(share[..., None] * DIFFERENCE, share, light).any()


def test_like_things_are_changed_alike_the_nearer_the_more() -> None:
    found = half_trusted(np.full((HEIGHT, WIDTH), 130, np.uint8)) / DIFFERENCE
    assert 0.4 < found[:, 0].min() < found[:, 0].max() < 0.95
    assert (np.diff(found.mean((0, 2))) < 1e-3).all()


def test_things_of_another_lightness_are_not() -> None:
    light = np.full((HEIGHT, WIDTH), 40, np.uint8)
    light[:, WIDTH // 2 :] = 230
    assert np.abs(half_trusted(light)[:, 8:]).max() < 0.05
