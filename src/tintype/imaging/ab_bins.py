"""The ab plane as a set of bins: colour prediction as classification (Zhang, Isola, Efros 2016).

A bin is a point of a regular ab grid that sRGB can show at some lightness. A colour is encoded softly over its
nearest bins; a distribution over bins becomes a colour again by the annealed mean.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .color import lab_to_srgb
from .gamut import in_gamut
from .types import Floats

STEP = 10.0  # CIE units between neighbouring bins
NEIGHBOURS = 5
SIGMA = 5.0  # CIE units; the width of the soft encoding
EXTENT = 110.0  # no sRGB colour has |a| or |b| beyond it by more than a rounding


@cache
def _derived_bins(step: float) -> Floats:
    axis = np.arange(-np.floor(EXTENT / step), np.floor(EXTENT / step) + 1, dtype=np.float32) * step
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    lightness = np.linspace(0, 100, 1001, dtype=np.float32)
    lab = np.empty((len(grid), len(lightness), 3), np.float32)
    lab[..., 0], lab[..., 1:] = lightness, grid[:, None]
    bins = np.asarray(grid[in_gamut(lab_to_srgb(lab)).any(1)], np.float32)
    bins.flags.writeable = False
    return bins


def ab_bins(step: float = STEP) -> Floats:
    """Centres (Q, 2) of the bins, CIE units: points of the grid that are inside sRGB at some lightness.

    Ordered by a, then b. 229 bins at the default step of 10. The array is shared and read-only.
    """
    return _derived_bins(float(step))


def soft_encode(
    ab: ArrayLike, bins: Floats, neighbours: int = NEIGHBOURS, sigma: float = SIGMA
) -> tuple[NDArray[np.int64], Floats]:
    """Encode colours (..., 2) as their nearest bins: indices and weights, both (..., neighbours).

    Weights are Gaussian in the distance (`sigma` in CIE units) and sum to one. Nearest bin first.
    """
    colours = np.asarray(ab, np.float32)
    distance = ((colours[..., None, :] - bins) ** 2).sum(-1)
    nearest = np.argsort(distance, axis=-1, kind="stable")[..., :neighbours]
    exponent = np.take_along_axis(distance, nearest, -1)
    weights = np.exp(-(exponent - exponent[..., :1]) / (2 * sigma**2))
    return nearest, (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


def annealed_mean(logits: ArrayLike, bins: Floats, temperature: float) -> Floats:
    """Mean colour (..., 2), CIE units, of logits (..., Q) divided by `temperature`.

    A temperature of 1 is the plain mean (safe, dull); towards 0 it becomes the mode (vivid, patchy).
    Raises ValueError when the temperature is not positive.
    """
    if temperature <= 0:
        raise ValueError(f"temperature {temperature}: must be above 0; 1 is the mean, small values the mode")
    scaled = np.asarray(logits, np.float32) / np.float32(temperature)
    weights = np.exp(scaled - scaled.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return np.asarray(weights @ bins, np.float32)
