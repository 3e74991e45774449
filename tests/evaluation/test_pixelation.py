"""Colour that changes from pixel to pixel, and colour that does not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tintype.evaluation.blotchiness import blotchiness
from tintype.evaluation.pixelation import pixelation
from tintype.imaging import color
from tintype.imaging.metrics import measure_all

Pixels = NDArray[np.uint8]
Y, X = np.mgrid[:120, :160].astype(np.float32)
LIGHT = 60 + 10 * Y / 120


def picture(ab: NDArray[np.floating], light: NDArray[np.float32] = LIGHT) -> Pixels:
    lab = np.concatenate([light[..., None], ab], -1).astype(np.float32)
    return np.round(color.lab_to_srgb(lab).clip(0, 1) * 255).astype(np.uint8)


def noise(size: float, seed: int = 0) -> NDArray[np.floating]:
    return np.random.default_rng(seed).normal(0, size, (*LIGHT.shape, 2))


BROWN = np.full((*LIGHT.shape, 2), (6.0, 14.0))
HALVES = np.where((X < 80)[..., None], (30.0, 20.0), (-25.0, 25.0))


@pytest.mark.seed("S4-19")
def test_vivid_and_pixelated_is_told_from_vivid_and_from_brown() -> None:
    vivid, brown = picture(HALVES), picture(BROWN)
    pixelated = picture(HALVES + noise(10))
    truth = picture(HALVES * 0.8)
    of_brown, of_vivid, of_pixelated = measure_all([brown, vivid, pixelated], truth)
    assert pixelation(brown) < 0.3
    assert pixelation(vivid) < 0.35 * pixelation(pixelated)
    assert pixelation(pixelated) > 5
    assert of_brown.colorfulness < 0.5 * of_vivid.colorfulness  # brown and vivid differ in colourfulness,
    assert of_pixelated.colorfulness == pytest.approx(of_vivid.colorfulness, rel=0.15)  # and these do not


def test_it_is_as_large_as_the_noise_and_falls_with_its_scale() -> None:
    fine = pixelation(picture(BROWN + noise(4)))
    assert pixelation(picture(BROWN + noise(8))) == pytest.approx(2 * fine, rel=0.1)
    coarse = np.repeat(np.repeat(noise(4)[::10, ::10], 10, 0), 10, 1)
    assert pixelation(picture(BROWN + coarse)) < 0.6 * fine
    assert blotchiness(picture(BROWN + coarse)) > blotchiness(picture(BROWN + noise(4)))


def test_grey_has_none_and_texture_of_lightness_hides_it() -> None:
    grain = LIGHT + np.random.default_rng(1).normal(0, 6, LIGHT.shape).astype(np.float32)
    assert pixelation(np.repeat(picture(BROWN)[..., :1], 3, axis=2)) < 1e-3
    assert pixelation(picture(BROWN + noise(4), grain)) < 0.3 * pixelation(picture(BROWN + noise(4)))


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 3000, 3), (900, 700, 3)])
def test_odd_and_large_shapes(shape: tuple[int, ...]) -> None:
    assert pixelation(np.full(shape, 120, np.uint8)) == pytest.approx(0, abs=1e-3)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="give uint8"):
        pixelation(np.zeros((4, 4), np.uint8))
