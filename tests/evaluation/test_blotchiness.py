"""Made-up pictures with colour where it belongs, and where it does not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tintype.evaluation.blotchiness import blotches, blotchiness
from tintype.imaging import color

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

HEIGHT, WIDTH = 160, 200
Y, X = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
CLOUD = np.exp(-((X - 90) ** 2 + (Y - 70) ** 2) / (2 * 22**2))
DISC = ((X - 90) ** 2 + (Y - 70) ** 2 < 30**2).astype(np.float32)
SKY = 70 + 8 * Y / HEIGHT


def picture(lightness: Plane, a: Plane | float, b: Plane | float) -> Pixels:
    lab = np.stack([lightness, *np.broadcast_arrays(a, b, lightness)[:2]], -1).astype(np.float32)
    return np.round(color.lab_to_srgb(lab).clip(0, 1) * 255).astype(np.uint8)


@pytest.mark.seed("S1-25", "S3-22")
def test_a_red_cloud_in_a_smooth_sky_is_a_blotch() -> None:
    clear, clouded = picture(SKY, 0, -15), picture(SKY, 25 * CLOUD, -15)
    assert blotchiness(clear) < 0.1
    assert blotchiness(clouded) > 1.2
    twice = blotchiness(picture(SKY, 12.5 * CLOUD, -15))
    assert blotchiness(clouded) == pytest.approx(2 * twice, rel=0.1)


def test_the_same_colour_on_a_thing_of_its_own_lightness_is_none() -> None:
    thing = picture(SKY - 35 * DISC, 25 * DISC, -15)
    painted = picture(SKY, 25 * DISC, -15)
    assert blotchiness(thing) < 0.25 * blotchiness(painted)


def test_grey_has_none_and_one_colour_all_over_hardly_any() -> None:
    lightness = SKY - 40 * DISC
    rounded = np.repeat(picture(lightness, 0, 0)[..., :1], 3, axis=2)
    assert blotchiness(rounded) == pytest.approx(0, abs=1e-3)
    assert blotchiness(picture(lightness, 4, 10)) < 0.2


def test_fine_texture_does_not_excuse_a_large_cloud() -> None:
    grass = SKY + 6 * np.sin(X * 2.0) * np.sin(Y * 2.3)
    assert blotchiness(picture(grass, 25 * CLOUD, -15)) > 0.7 * blotchiness(picture(SKY, 25 * CLOUD, -15))


def test_scales_are_shares_of_the_picture() -> None:
    small = picture(SKY, 25 * CLOUD, -15)
    large = small.repeat(3, 0).repeat(3, 1)
    assert blotchiness(large) == pytest.approx(blotchiness(small), rel=0.03)
    assert blotchiness(small.transpose(1, 0, 2)) == pytest.approx(blotchiness(small), rel=0.01)


def test_the_truth_has_no_excess_and_a_cloud_it_has_is_no_fault() -> None:
    truth = picture(SKY, 25 * CLOUD, -15)
    moved = np.roll(truth, 80, axis=1)
    same, other, grey = blotches([truth, moved, picture(SKY, 0, 0)], truth)
    assert (same.excess, grey.excess) == (0, 0)
    assert same.total == blotchiness(truth)
    assert other.excess > 0.6 * other.total > 0.6


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 900, 3), (900, 2, 3)])
def test_odd_shapes(shape: tuple[int, ...]) -> None:
    flat = np.full(shape, (200, 120, 90), np.uint8)
    assert blotchiness(flat) == pytest.approx(0, abs=1e-3)


def test_other_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match=r"uint8 \(H, W, 3\)"):
        blotchiness(np.zeros((4, 4), np.uint8))
