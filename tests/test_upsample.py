"""Colour raised to full size follows the luma: it keeps averages, stays within edges and invents no texture."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pictures import noise, smooth
from tintype.imaging.planes import halve_in_threads, halve_plane
from tintype.imaging.upsample import Enlarger, raise_chroma, raise_planes


def two_halves(size: int, at: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Luma and one chroma plane with an edge at the same place."""
    right = np.zeros((size, size), np.float32)
    right[:, int(at * size) :] = 1
    return 0.3 + 0.4 * right, 0.2 * right - 0.1


def averaged(plane: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    rows = plane.reshape(plane.shape[0] // side, side, plane.shape[1] // side, side)
    return np.asarray(rows.mean(axis=(1, 3)), np.float32)


@pytest.mark.seed("S1-25")
def test_colour_stops_at_an_edge_that_the_grid_cannot_hold() -> None:
    luma, truth = two_halves(128, 0.53)
    low = averaged(truth, 16)
    raised = raise_planes([low], luma)[0]
    plain = np.asarray(Image.fromarray(low).resize((128, 128), Image.Resampling.BICUBIC))
    assert np.abs(raised - truth).mean() < 0.6 * np.abs(plain - truth).mean()


def test_luma_texture_does_not_become_colour() -> None:
    rng = np.random.default_rng(0)
    luma = rng.uniform(0.2, 0.8, (128, 128)).astype(np.float32)
    flat = np.full((16, 16), 0.1, np.float32)
    np.testing.assert_allclose(raise_planes([flat], luma)[0], 0.1, atol=1e-5)
    unrelated = averaged(rng.uniform(-0.1, 0.1, (128, 128)).astype(np.float32), 8)
    plain = np.asarray(Image.fromarray(unrelated).resize((128, 128), Image.Resampling.BICUBIC))
    assert np.abs(raise_planes([unrelated], luma)[0] - plain).mean() < 0.01


def test_strips_give_what_the_whole_picture_gives() -> None:
    planes = np.random.default_rng(1).normal(size=(2, 23, 31)).astype(np.float32)
    enlarger = Enlarger(planes, 317, 403)
    whole = enlarger.rows(0, 403)
    np.testing.assert_allclose(
        np.concatenate([enlarger.rows(0, 150), enlarger.rows(150, 403)], axis=1), whole, atol=1e-5
    )
    pillow = np.asarray(Image.fromarray(planes[1]).resize((317, 403), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(whole[1], pillow, atol=1e-4)


def test_planes_of_bytes_are_those_of_floats() -> None:
    luma = smooth(301, 253)
    low = np.asarray(Image.fromarray(luma).resize((60, 70), Image.Resampling.BOX), np.float32) / 255
    chroma = (0.2 * low - 0.1, 0.1 - 0.2 * low)
    cb, cr = raise_chroma(luma, low, chroma)
    wanted = 255 * np.stack([0.2 * luma / 255 - 0.1, 0.1 - 0.2 * luma / 255]) + 128
    assert np.abs(np.stack([cb, cr]) - wanted).mean() < 1.5


def test_halving_in_threads_is_halving() -> None:
    for shape in ((1, 1), (701, 3001), (2, 7)):
        plane = noise(*shape)
        np.testing.assert_array_equal(halve_in_threads(plane), halve_plane(plane))
