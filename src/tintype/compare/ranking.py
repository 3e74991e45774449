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
    """An entrant's place: its score with its interval, how much worse it is than the first, with that interval, and the
    interval of its CIEDE2000 as a part of grey's."""

    name: str
    score: float
    interval: tuple[float, float]
    behind: float
    behind_interval: tuple[float, float]
    distance_interval: tuple[float, float]
    seeds: int
    psnr: float
    ciede2000: float
    colorfulness: float

    @property
    def clear(self) -> bool:
        """Is it worse than the first by more than luck?"""
        return self.behind_interval[0] > 0

    @property
    def nearer_than_grey(self) -> bool:
        """Are its colours nearer to the truth than none at all, by more than luck?"""
        return self.distance_interval[1] < 1


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
    arrays = {name: _arrays(runs[name]) for name in names}
    whole = {name: _score(arrays[name], np.arange(seeds), np.arange(pictures)) for name in names}
    again = {name: np.array([_score(arrays[name], s, p) for s, p in drawn]) for name in names}
    near = {name: np.array([_distances(arrays[name], s, p).mean() for s, p in drawn]) for name in names}
    order = sorted(names, key=whole.__getitem__)
    best = order[0]
    return [
        Place(
            name=name,
            score=whole[name],
            interval=_interval(again[name]),
            behind=whole[name] - whole[best],
            behind_interval=_interval(again[name] - again[best]),
            distance_interval=_interval(near[name]),
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
    return text + _beside_grey(places)


def _beside_grey(places: Sequence[Place]) -> str:
    """Which are nearer to the truth than grey: the score alone would take vivid wrong colours for better than none."""
    nearer = [place.name for place in places if place.nearer_than_grey]
    if len(nearer) == len(places):
        return ""
    if nearer:
        return f" Nearer to the truth than grey by more than luck: {', '.join(nearer)} alone."
    return " None is clearly nearer to the truth than grey: they need more images, or more pictures."


def _arrays(runs: Sequence[Measured]) -> tuple[Floats, Floats, Floats, Floats]:
    return (
        np.array([run.ciede2000 for run in runs]),
        np.array([run.colorfulness for run in runs]),
        np.array(runs[0].ciede2000_grey),
        np.array(runs[0].colorfulness_true),
    )


def _score(arrays: tuple[Floats, Floats, Floats, Floats], seeds: NDArray[np.int64], chosen: NDArray[np.int64]) -> float:
    """The mean score of runs, over the chosen pictures."""
    _, vivid, _, true = arrays
    off = np.abs(vivid[seeds][:, chosen].mean(1) / true[chosen].mean() - 1)
    return float((_distances(arrays, seeds, chosen) + VIVIDNESS_WEIGHT * off).mean())


def _distances(
    arrays: tuple[Floats, Floats, Floats, Floats], seeds: NDArray[np.int64], chosen: NDArray[np.int64]
) -> Floats:
    """CIEDE2000 of each run as a part of grey's, over the chosen pictures."""
    ciede, _, grey, _ = arrays
    return np.asarray(ciede[seeds][:, chosen].mean(1) / grey[chosen].mean())


def _interval(values: Floats) -> tuple[float, float]:
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
