"""How far a mean over pictures can be trusted: percentile bootstrap intervals (Efron & Tibshirani 1993)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
RESAMPLES = 1000
SEED = 0

# Standard deviations on each side of the mean that hold 95 % of a normal distribution.
_DEVIATIONS = 1.96

# Resamples drawn at a time: bounds the memory on many pictures.
_CHUNK = 50


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


def mean(values: ArrayLike) -> Estimate:
    """The mean over pictures, resampled over pictures.

    Every call with as many values draws the same resamples, so intervals repeat, and figures of one set of pictures
    are resampled together. Raises ValueError when there is no value.
    """
    data = np.asarray(values, np.float64)
    means = _means(data)
    return _estimate(float(data.mean()), means)


def difference(values: ArrayLike, baseline: ArrayLike) -> Estimate:
    """Mean of the values less mean of the baseline's on the same pictures, in the same order."""
    return mean(np.asarray(values, np.float64) - np.asarray(baseline, np.float64))


def ratio(values: ArrayLike, baseline: ArrayLike) -> Estimate | None:
    """Mean of the values over mean of the baseline's on the same pictures, in the same order; None if that is zero."""
    above, below = np.asarray(values, np.float64), np.asarray(baseline, np.float64)
    bottom = _means(below)
    if below.mean() == 0 or not bottom.all():
        return None
    return _estimate(float(above.mean() / below.mean()), _means(above) / bottom)


def normal(value: float, deviation: float) -> Estimate:
    """A figure that is never negative, with the interval that the standard deviation of its resamples gives."""
    reach = _DEVIATIONS * deviation
    return Estimate(value, max(0.0, value - reach), value + reach)


def _means(data: NDArray[np.float64]) -> NDArray[np.float64]:
    if data.ndim != 1 or not data.size:
        raise ValueError(f"values of shape {data.shape}: give one for each picture, one at least")
    generator = np.random.default_rng(SEED)
    drawn = [data[generator.integers(0, data.size, (_CHUNK, data.size))].mean(1) for _ in range(RESAMPLES // _CHUNK)]
    return np.concatenate(drawn)


def _estimate(value: float, resampled: NDArray[np.float64]) -> Estimate:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))
