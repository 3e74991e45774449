"""Which pictures an epoch goes through: all of them, or as many drawn by weights."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tintype.errors import DataError

from .sources import source_of

MOST_COLOUR = 3.0  # no picture is drawn more than so many times as often, or as seldom, for its colour


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


def kind_weights(
    names: Sequence[str], kinds: Mapping[str, tuple[int, float]], kind_balance: float, colour_balance: float
) -> NDArray[np.float64]:
    """The weight of each picture by how many are of its kind, and by how colourful it is; 1 in the mean.

    Args:
        names: of the pictures.
        kinds: (kind, colourfulness) by name, as `kinds.read_kinds` gives them.
        kind_balance: a kind of n pictures has the weight n ** (1 - kind_balance): 0 as it comes, 1 every kind alike.
        colour_balance: a picture's weight goes by its share of the median colourfulness to this power, between
            1 / `MOST_COLOUR` and `MOST_COLOUR`.

    Raises:
        DataError: a picture has no kind.
    """
    if missing := [name for name in names if name not in kinds]:
        raise DataError(f"data.kinds does not know {missing[0]!r} ({len(missing)} of {len(names)} pictures): list anew")
    kind = np.array([kinds[name][0] for name in names])
    colour = np.array([kinds[name][1] for name in names])
    sizes = np.bincount(kind)[kind]
    share = np.clip(colour / max(float(np.median(colour)), 1e-6), 1e-6, None) ** colour_balance
    weights = sizes**-kind_balance * np.clip(share, 1 / MOST_COLOUR, MOST_COLOUR)
    return np.asarray(weights / weights.mean(), np.float64)


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
