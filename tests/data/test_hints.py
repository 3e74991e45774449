"""Hints drawn for training, and pictures made to look old."""

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from tintype.data.degrade import STEPS, degrade, emulsion
from tintype.data.hints import HINT_SCALE, draw_hints, recolour, true_hints
from tintype.data.pairs import make_hinted_pair, split_pair
from tintype.models.task import PairForm


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    whole = skimage.data.coffee()[:400, 100:500]
    return np.asarray(cv2.resize(whole, (96, 96), interpolation=cv2.INTER_AREA), np.uint8)


def two_fields() -> NDArray[np.uint8]:
    """Green grass under a blue sky, flat."""
    rgb = np.empty((64, 64, 3), np.uint8)
    rgb[:32], rgb[32:] = (120, 160, 220), (60, 130, 40)
    return rgb


def planes_of(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return split_pair(rgb, 1)[1].transpose(1, 2, 0)


def test_hints_tell_the_truth_where_their_mask_is(photo: NDArray[np.uint8]) -> None:
    ab = planes_of(photo)
    counts, off = [], []
    for seed in range(300):
        planes = draw_hints(ab, np.random.default_rng(seed))
        told = planes[2] > 0
        assert set(np.unique(planes[2])) <= {0, 1}
        assert told.any()
        assert not planes[:2, ~told].any()
        counts.append(told.mean())
        off.append(np.abs(planes[:2, told].T * HINT_SCALE - ab[told]).mean())
    assert 0 < np.mean(np.array(counts) == 1) < 0.06  # now and then everything is told, mostly little
    assert np.median(counts) < 0.05
    assert np.median(off) < 8  # a patch has one colour, the picture under it several


def test_true_hints_are_as_many_as_asked_for(photo: NDArray[np.uint8]) -> None:
    planes = true_hints(photo, 5, np.random.default_rng(1))
    found, _ = cv2.connectedComponents(planes[2].astype(np.uint8))
    assert 2 <= found - 1 <= 5  # patches may touch
    assert np.array_equal(planes, true_hints(photo, 5, np.random.default_rng(1)))


def test_a_recoloured_region_ends_where_the_thing_ends() -> None:
    rgb = two_fields()
    ab = planes_of(rgb)
    for seed in range(20):
        changed = recolour(rgb, ab, np.random.default_rng(seed))
        assert changed is not None
        new, (y, _) = changed
        moved = np.abs(new - ab).max(2) > 1
        own, other = (slice(0, 31), slice(33, 64)) if y < 32 else (slice(33, 64), slice(0, 31))
        assert not moved[other].any()
        assert moved[own].all() or not moved.any()
        assert np.ptp(new[own].reshape(-1, 2), axis=0).max() < 1e-3  # flat stays flat


def test_a_recoloured_region_has_a_hint_and_the_light_stays(photo: NDArray[np.uint8]) -> None:
    form = PairForm(target="ab", scale=110, stride=1)
    lightness, ab = split_pair(photo, 1)
    different = 0
    for seed in range(60):
        condition, target, hints = make_hinted_pair(photo, form, 1.0, np.random.default_rng(seed))
        assert np.array_equal(condition, lightness)
        moved = np.abs(target * 110 - ab).max(0)
        if moved.max() > 15:
            different += 1
            assert moved[hints[2] > 0].max() > moved.max() / 5, seed  # less than all of it at the region's soft edge
    assert 5 < different < 40


def test_without_hints_the_pair_is_the_plain_one(photo: NDArray[np.uint8]) -> None:
    condition, target, hints = make_hinted_pair(photo, PairForm(), 0.0, np.random.default_rng(0))
    lightness, ab = split_pair(photo, 4)
    assert np.array_equal(condition, lightness)
    np.testing.assert_allclose(target, ab, atol=1e-5)
    assert not hints.any()


@pytest.mark.parametrize("step", [step for step, _ in STEPS], ids=lambda step: step.__name__)
def test_every_kind_of_age_shows_and_leaves_the_picture_recognisable(photo: NDArray[np.uint8], step: object) -> None:
    luma = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    changes = []
    for seed in range(12):
        old = step(luma, np.random.default_rng(seed)).clip(0, 255)  # type: ignore[operator]
        assert old.shape == luma.shape
        assert np.isfinite(old).all()
        changes.append(np.abs(old - luma).mean())
        assert np.corrcoef(old.ravel(), luma.ravel())[0, 1] > 0.5
    assert max(changes) > 2


def test_old_film_sees_red_as_dark_and_blue_as_light() -> None:
    rgb = np.zeros((8, 8, 3), np.uint8)
    rgb[:4, :, 0], rgb[4:, :, 2] = 200, 200
    lumas = [emulsion(rgb, np.random.default_rng(seed)) for seed in range(50)]
    assert np.mean([luma[0, 0] < luma[7, 0] for luma in lumas]) > 0.5  # BT.601 has it the other way round
    assert all(luma[0, 0] <= 0.3 * 200 for luma in lumas)


def test_an_old_print_is_a_function_of_its_random_numbers(photo: NDArray[np.uint8]) -> None:
    first, again = (degrade(photo, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(first, again)
    assert first.dtype == np.uint8
    assert not np.array_equal(first, degrade(photo, np.random.default_rng(5)))
