"""From votes to a ranking, and from counts to honest intervals. Arithmetic only.

Bradley and Terry (1952): i beats j with probability exp(s_i) / (exp(s_i) + exp(s_j)). The strengths are found by
Newton's method; a tie counts as half a win for each side (Davidson's model would need one parameter more for the same
order). Each contestant also has half a win and half a loss against an imaginary average one: without them, whoever
won every vote would be infinitely strong.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

Z95 = 1.959964
# The customary scale of chess: 400 points are odds of ten to one.
POINTS = 400 / log(10)
MIDDLE = 1000.0


@dataclass(frozen=True)
class Strength:
    """A contestant's place: ``score`` in Elo points, 1000 is the mean; ``low`` and ``high`` bound 95 %."""

    name: str
    score: float
    low: float
    high: float
    wins: int
    losses: int
    ties: int

    @property
    def votes(self) -> int:
        return self.wins + self.losses + self.ties


def bradley_terry(votes: Iterable[tuple[str, str, float]], voters: Sequence[str] | None = None) -> list[Strength]:
    """Rank contestants, the strongest first.

    Args:
        votes: (left, right, outcome): 1 the left side won, 0 the right side, 0.5 neither.
        voters: who cast each vote. One person's votes are alike, and many of them say less than as many people's: the
            intervals are then those of a sandwich estimator with a cluster for each voter (Liang and Zeger, 1986),
            where these are wider. When None each vote counts as somebody else's.
    """
    cast = list(votes)
    of = list(voters) if voters is not None else None
    kept = [at for at, vote in enumerate(cast) if vote[0] != vote[1]]
    games = [cast[at] for at in kept]
    names = sorted({name for left, right, _ in games for name in (left, right)})
    if not names:
        return []
    place = {name: number for number, name in enumerate(names)}
    won = np.zeros((len(names), len(names)))
    for left, right, outcome in games:
        won[place[left], place[right]] += outcome
        won[place[right], place[left]] += 1 - outcome
    strengths, covariance = _fit(won)
    centre = np.eye(len(names)) - 1 / len(names)
    variance = np.diag(centre @ covariance @ centre.T)
    if of is not None:
        meat = _by_voter(games, [of[at] for at in kept], place, strengths)
        variance = np.maximum(variance, np.diag(centre @ covariance @ meat @ covariance @ centre.T))
    spread = np.sqrt(variance) * Z95 * POINTS
    scores = MIDDLE + POINTS * (strengths - strengths.mean())
    tally = Counter(_outcomes(games))
    ranked = [
        Strength(name, float(scores[i]), float(scores[i] - spread[i]), float(scores[i] + spread[i]),
                 tally[name, "win"], tally[name, "loss"], tally[name, "tie"])
        for name, i in place.items()
    ]  # fmt: skip
    return sorted(ranked, key=lambda strength: -strength.score)


def _fit(won: Matrix) -> tuple[Matrix, Matrix]:
    """Strengths (natural logarithms) and their covariance, from a matrix of wins of row over column."""
    games = won + won.T
    strengths: Matrix = np.zeros(len(won))
    covariance: Matrix = np.eye(len(won))
    for _ in range(100):
        chance = 1 / (1 + np.exp(strengths[None, :] - strengths[:, None]))  # of row against column
        average = 1 / (1 + np.exp(-strengths))
        slope = won.sum(1) - (games * chance).sum(1) + 0.5 - average
        weight = games * chance * (1 - chance)
        curvature = np.diag(weight.sum(1) + average * (1 - average)) - weight
        covariance = np.asarray(np.linalg.inv(curvature), float)
        step = covariance @ slope
        strengths = strengths + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return strengths, covariance


def _by_voter(
    games: Sequence[tuple[str, str, float]], voters: Sequence[str], place: dict[str, int], strengths: Matrix
) -> Matrix:
    """The sum over voters of the outer product of each one's slope, with the correction for few voters."""
    slopes: dict[str, Matrix] = {}
    for (left, right, outcome), voter in zip(games, voters, strict=True):
        one, other = place[left], place[right]
        surprise = outcome - 1 / (1 + np.exp(strengths[other] - strengths[one]))
        slope = slopes.setdefault(voter, np.zeros(len(strengths)))
        slope[one] += surprise
        slope[other] -= surprise
    count = len(slopes)
    meat = sum((np.outer(slope, slope) for slope in slopes.values()), np.zeros((len(strengths),) * 2))
    return np.asarray(meat * (count / (count - 1) if count > 1 else 1.0))


def _outcomes(games: Sequence[tuple[str, str, float]]) -> Iterable[tuple[str, str]]:
    for left, right, outcome in games:
        if outcome == 0.5:
            yield left, "tie"
            yield right, "tie"
        else:
            winner, loser = (left, right) if outcome == 1 else (right, left)
            yield winner, "win"
            yield loser, "loss"


def design_effect(by_voter: Iterable[tuple[int, int]]) -> float:
    """By how much the variance of a proportion is larger than that of as many independent answers, at least 1.

    Args:
        by_voter: for each voter how many successes of how many answers (Kish, 1965, by the residuals of clusters).
    """
    counts = [(hits, shown) for hits, shown in by_voter if shown]
    total, hits = sum(shown for _, shown in counts), sum(hit for hit, _ in counts)
    rate = hits / total if total else 0.0
    if len(counts) < 2 or not 0 < rate < 1:
        return 1.0
    residual = sum((hit - rate * shown) ** 2 for hit, shown in counts) * len(counts) / (len(counts) - 1)
    return max(1.0, residual / (total * rate * (1 - rate)))


def wilson(successes: float, count: float) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, 1927); (0, 1) of nothing."""
    if not count:
        return 0.0, 1.0
    rate, z2 = successes / count, Z95**2
    middle = (rate + z2 / (2 * count)) / (1 + z2 / count)
    reach = Z95 * sqrt(rate * (1 - rate) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and its 95 % interval; of a single value the interval is the value."""
    numbers = np.asarray(values, float)
    mean = float(numbers.mean())
    reach = Z95 * float(numbers.std(ddof=1)) / sqrt(len(numbers)) if len(numbers) > 1 else 0.0
    return mean, mean - reach, mean + reach
