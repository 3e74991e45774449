"""Intervals: they repeat, they cover, and figures of the same pictures move together."""

import numpy as np
import pytest

from tintype.evaluation import bootstrap


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(1).normal(5, 2, 400)
    estimate = bootstrap.mean(values)
    assert estimate.value == values.mean()
    error = values.std() / 20
    assert estimate.low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert estimate.high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    assert bootstrap.mean(values) == estimate


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(2)
    covered = [
        estimate.low <= 1 <= estimate.high
        for estimate in (bootstrap.mean(generator.exponential(1, 80)) for _ in range(200))
    ]
    assert 0.88 < np.mean(covered) < 0.99


def test_ratios_and_differences_are_paired() -> None:
    grey = np.random.default_rng(3).uniform(1, 30, 50)
    ratio = bootstrap.ratio(0.7 * grey, grey)
    assert ratio is not None
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((0.7, 0.7, 0.7))
    gap = bootstrap.difference(grey + 2, grey)
    assert (gap.value, gap.low, gap.high) == pytest.approx((2, 2, 2))


def test_one_picture_and_nothing_to_divide_by() -> None:
    assert bootstrap.mean([3.0]) == bootstrap.Estimate(3, 3, 3)
    assert bootstrap.ratio([1.0, 2.0], [0.0, 0.0]) is None
    assert bootstrap.ratio([1.0, 2.0], [0.0, 4.0]) is None  # some resamples have only the zero
    with pytest.raises(ValueError, match="one at least"):
        bootstrap.mean([])
