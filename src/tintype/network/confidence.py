"""How sure a network is of its colours: from the entropy of its distribution to an error that can be expected.

The entropy alone means nothing to a person. A model file holds what it was worth on photographs that the network had
not seen (`ModelInfo.calibration`): pairs of entropy and mean distance to the true colour.
"""

from collections.abc import Sequence

import numpy as np

from tintype.imaging.types import Plane

Calibration = Sequence[tuple[float, float]]

KNOTS = 16  # of a calibration, at equal shares of the pixels
GUESSED, BELIEVED, LEAST_STRENGTH = 0.1, 0.4, 0.3
HALVED_BY = 10.0  # CIE units of expected error that halve the confidence


def entropy(logits: Plane) -> Plane:
    """Entropy (...), 0 to 1, of distributions given by logits (..., Q): 0 for one certain colour, 1 for all alike."""
    shifted = logits - logits.max(-1, keepdims=True)
    weights = np.exp(shifted)
    total = weights.sum(-1)
    mean = (weights * shifted).sum(-1) / total
    return np.asarray((np.log(total) - mean) / np.log(logits.shape[-1]), np.float32)


def expected_error(entropies: Plane, calibration: Calibration) -> Plane:
    """Distance to the true colour, CIE units of ab, that is to be expected at an entropy (...)."""
    known, errors = np.array(calibration, np.float64).T
    return np.asarray(np.interp(entropies, known, errors), np.float32)


def confidence(entropies: Plane, calibration: Calibration) -> Plane:
    """Confidence (...), 0 to 1, at an entropy: 1 where no error is expected, half as much with every 10 CIE units."""
    return np.asarray(np.exp2(-expected_error(entropies, calibration) / HALVED_BY), np.float32)


def faded(sure: Plane) -> Plane:
    """How strong (...), 0 to 1, colours should be at a confidence (...): full down to BELIEVED, then ever less."""
    share = np.clip((sure - GUESSED) / (BELIEVED - GUESSED), 0, 1)
    return np.asarray(LEAST_STRENGTH + (1 - LEAST_STRENGTH) * share, np.float32)


def calibrate(entropies: Plane, errors: Plane, knots: int = KNOTS) -> tuple[tuple[float, float], ...]:
    """A calibration from entropies (N,) and the errors (N,), CIE units, that were found there.

    Means over equal shares of the pixels, made to rise with the entropy by pooling neighbours that do not (Ayer 1955:
    the closest rising curve in least squares). Raises ValueError when there are fewer pixels than knots.
    """
    if len(entropies) < knots:
        raise ValueError(f"{len(entropies)} pixels cannot be calibrated by {knots} knots")
    order = np.argsort(entropies, kind="stable")
    parts = np.array_split(order, knots)
    centres = [float(entropies[part].mean()) for part in parts]
    pools: list[tuple[float, int]] = []  # value, knots in it
    for part in parts:
        pools.append((float(errors[part].mean()), 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (low, count), (high, more) = pools[-2:]
            pools[-2:] = [((low * count + high * more) / (count + more), count + more)]
    values = [value for value, count in pools for _ in range(count)]
    return tuple((round(centre, 5), round(value, 4)) for centre, value in zip(centres, values, strict=True))
