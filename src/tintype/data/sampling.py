"""Which pictures an epoch goes through: all of them, or as many drawn by weights."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tintype.errors import DataError

from .sources import source_of


def source_weights(names: Sequence[str], weights: Mapping[str, float]) -> NDArray[np.float64] | None:
    """The weight of each picture by the source that its name begins with (1 where none is given); None for all alike.

    Raises DataError when a weight is given for a source that is not there, or all weights are 0.
    """
    if not weights:
        return None
    sources = [source_of(name) for name in names]
    if missing := sorted(weights.keys() - set(sources)):
        known = ", ".join(sorted(set(sources))[:20])
        raise DataError(f"data.source_weights names {missing[0]!r}; the sources of these pictures are {known}")
    chosen = np.array([weights.get(source, 1.0) for source in sources])
    if not chosen.any():
        raise DataError("data.source_weights is 0 for every picture; give at least one source a weight")
    return chosen


def draw(
    indices: NDArray[np.int64], weights: NDArray[np.float64] | None, rng: np.random.Generator
) -> NDArray[np.int64]:
    """As many of `indices` as there are, each as often as its share of `weights` says, up to one more or one less.

    Systematic sampling (Madow 1949): a picture of weight 1.5 times the mean comes once or twice, in turns by chance.
    """
    if weights is None:
        return indices
    ends = np.floor(np.cumsum(weights) * (len(indices) / weights.sum()) + rng.random())
    counts = np.diff(ends, prepend=0).astype(np.int64)
    drawn = np.repeat(indices, counts)
    return np.resize(drawn, len(indices)) if len(drawn) != len(indices) else drawn
