"""The ab bins, soft encoding, annealed mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.imaging.ab_bins import ab_bins, annealed_mean, soft_encode
from tintype.imaging.color import lab_to_srgb, srgb_to_lab
from tintype.imaging.gamut import in_gamut


def test_bins_are_the_grid_points_inside_srgb() -> None:
    bins = ab_bins()
    assert bins.shape == (229, 2)
    assert not (bins % 10).any()
    levels = np.linspace(0, 100, 301)
    for a, b in bins[::17]:
        lab = np.stack([levels, np.full_like(levels, a), np.full_like(levels, b)], -1)
        assert in_gamut(lab_to_srgb(lab), tolerance=2e-3).any()


def test_every_srgb_colour_has_a_bin_near() -> None:
    rgb = np.random.default_rng(0).random((20_000, 3), np.float32)
    ab = srgb_to_lab(rgb)[:, 1:]
    distance = np.sqrt(((ab[:, None] - ab_bins()) ** 2).sum(-1)).min(1)
    assert distance.max() < 12  # half a cell's diagonal is 7.1; at the gamut's edge the cell may have fewer corners


def test_bins_are_shared_and_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        ab_bins()[0] = 0


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_soft_encoding_sums_to_one_nearest_first(a: float, b: float) -> None:
    indices, weights = soft_encode(np.array([[a, b]]), ab_bins())
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    assert (np.diff(weights[0]) <= 1e-6).all()
    assert len(set(indices[0].tolist())) == 5


def test_soft_encoding_of_a_bin_centre_by_hand() -> None:
    """At a centre: itself, and four neighbours ten units off, each exp(-100/50) of its weight."""
    centre = np.flatnonzero((ab_bins() == 0).all(1))[0]
    indices, weights = soft_encode(np.zeros(2), ab_bins())
    assert indices[0] == centre
    np.testing.assert_allclose(weights[1:] / weights[0], np.exp(-2), rtol=1e-4)


def test_annealed_mean_between_mean_and_mode() -> None:
    bins = np.array([[0, 0], [10, 0]], np.float32)
    logits = np.log(np.array([0.75, 0.25], np.float32))
    np.testing.assert_allclose(annealed_mean(logits, bins, 1.0), [2.5, 0], atol=1e-5)
    np.testing.assert_allclose(annealed_mean(logits, bins, 0.01), [0, 0], atol=1e-5)
    with pytest.raises(ValueError, match="temperature 0"):
        annealed_mean(logits, bins, 0)
