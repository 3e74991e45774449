"""Rank what was measured, and say whether the best is better by more than luck.

The score is that of a hyperparameter search: CIEDE2000 as a part of grey's, plus a quarter of the relative distance of
colourfulness from the photographs'. 0 is the truth, 1.25 grey. Luck is of two kinds, which pictures and which seed; the
bootstrap draws both anew, the same pictures and seeds for all entrants, so that differences are paired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tintype.tune.score import VIVIDNESS_WEIGHT

from .measure import Measured

RESAMPLES, SEED = 2000, 0
LEVEL = 95  # per cent
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """An entrant's place: its score with its interval, and how much worse it is than the first, with that interval."""

    name: str
    score: float
    interval: tuple[float, float]
    behind: float
    behind_interval: tuple[float, float]
    seeds: int
    psnr: float
    ciede2000: float
    colorfulness: float

    @property
    def clear(self) -> bool:
        """Is it worse than the first by more than luck?"""
        return self.behind_interval[0] > 0


def rank(runs: Mapping[str, Sequence[Measured]]) -> list[Place]:
    """Places of the entrants, the best first. Every entrant has as many runs, measured on the same pictures; raises
    ValueError otherwise."""
    tests = {run.test for of_one in runs.values() for run in of_one}
    if len(tests) != 1 or len({len(of_one) for of_one in runs.values()}) != 1:
        raise ValueError(
            f"runs on {len(tests)} test sets, {[len(r) for r in runs.values()]} of each: not on equal terms"
        )
    names = list(runs)
    seeds, pictures = len(runs[names[0]]), len(runs[names[0]][0].ciede2000)
    rng = np.random.default_rng(SEED)
    drawn = [(rng.integers(0, seeds, seeds), rng.integers(0, pictures, pictures)) for _ in range(RESAMPLES)]
    whole = {name: _score(_arrays(runs[name]), np.arange(seeds), np.arange(pictures)) for name in names}
    again = {name: np.array([_score(_arrays(runs[name]), s, p) for s, p in drawn]) for name in names}
    order = sorted(names, key=whole.__getitem__)
    best = order[0]
    return [
        Place(
            name=name,
            score=whole[name],
            interval=_interval(again[name]),
            behind=whole[name] - whole[best],
            behind_interval=_interval(again[name] - again[best]),
            seeds=seeds,
            psnr=float(np.mean([run.psnr for run in runs[name]])),
            ciede2000=float(np.mean([run.ciede2000 for run in runs[name]])),
            colorfulness=float(np.mean([run.colorfulness for run in runs[name]])),
        )
        for name in order
    ]


def verdict(places: Sequence[Place]) -> str:
    """In one or two sentences: which is better, and whether by more than luck."""
    first, second, *_ = places
    low, high = second.behind_interval
    text = f"{first.name} is the better one: score {first.score:.3f}, before {second.name} with {second.score:.3f}"
    gap = f"the difference of {second.behind:.3f} lies between {low:.3f} and {high:.3f} ({LEVEL} %)"
    text += f"; {gap}, which is more than luck." if second.clear else f"; but {gap}: it may be luck."
    if first.seeds == 1:
        text += " With one seed only the choice of pictures is in this: another start may turn it round (--seeds 3)."
    if first.score >= 1:
        text += " None is clearly better than grey: they need more images, or more pictures."
    return text


def _arrays(runs: Sequence[Measured]) -> tuple[Floats, Floats, Floats, Floats]:
    return (
        np.array([run.ciede2000 for run in runs]),
        np.array([run.colorfulness for run in runs]),
        np.array(runs[0].ciede2000_grey),
        np.array(runs[0].colorfulness_true),
    )


def _score(arrays: tuple[Floats, Floats, Floats, Floats], seeds: NDArray[np.int64], chosen: NDArray[np.int64]) -> float:
    """The mean score of runs, over the chosen pictures."""
    ciede, vivid, grey, true = arrays
    distance = ciede[seeds][:, chosen].mean(1) / grey[chosen].mean()
    off = np.abs(vivid[seeds][:, chosen].mean(1) / true[chosen].mean() - 1)
    return float((distance + VIVIDNESS_WEIGHT * off).mean())


def _interval(values: Floats) -> tuple[float, float]:
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
