"""Colour every picture of a set with one or two models, and measure the colourings in threads beside them."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypedDict, TypeVar

import numpy as np
from numpy.typing import NDArray

from tintype.data.sources import Picture, iter_pictures
from tintype.errors import DataError, InputError
from tintype.photo.photo import Photo

from .baselines import baselines
from .report import Skipped

MODEL, AGAINST, TRUTH = "model", "against", "truth"

# Codecs move the chroma of a grey picture by a level; where there is no more, nothing can be compared.
_NEUTRAL, _NEUTRAL_SPREAD = 128, 1

Progress = Callable[[int, int | None], None]
T = TypeVar("T")
# Called in several threads with a picture as it was found, its truth, and the model's colouring of it.
Measurement = Callable[[Picture, Photo, Photo], T]
# The same with the pixels of all that is compared, by name; gives what was measured of each.
MeasureAll = Callable[[Picture, dict[str, NDArray[np.uint8]]], dict[str, T]]


@dataclass(frozen=True)
class Collection(Generic[T]):
    """What was measured of each picture, by source in alphabetical order, and what was left out."""

    sources: dict[str, list[T]]
    skipped: tuple[Skipped, ...]

    @property
    def everything(self) -> list[T]:
        """All pictures, source after source."""
        return [one for measured in self.sources.values() for one in measured]


class Options(TypedDict):
    """Which pictures are coloured and how; `evaluate` says more."""

    size: int | None
    limit: int | None
    per_source: int | None
    progress: Progress | None


class Model(Protocol):
    """Anything that colours photographs, as `tintype.Colorizer` does."""

    def colorize(self, picture: Photo, *, size: int | None = None) -> Photo:
        """The same photograph in colour."""
        ...


def collect(
    model: Model,
    data_path: str | os.PathLike[str],
    measure: Measurement[T],
    *,
    size: int | None,
    limit: int | None,
    per_source: int | None = None,
    progress: Progress | None,
) -> Collection[T]:
    """Colour every picture and `measure` it, in threads; the other arguments and the errors are `evaluate`'s."""
    for name, value in (("limit", limit), ("per_source", per_source)):
        if value is not None and value < 1:
            raise DataError(f"{name} is {value}, the least is 1; leave it out to measure every picture")
    if limit is not None and per_source is not None:
        raise DataError(f"limit is {limit} and per_source {per_source}: give one of them")
    pictures: Iterable[Picture] = iter_pictures(Path(data_path))
    total = None
    if limit is not None or per_source is not None:
        pictures = spread_by_source(pictures, per_source) if per_source else evenly_spread(pictures, limit or 1)
        total = len(pictures)

    measured: dict[str, list[T]] = {}
    skipped: list[Skipped] = []
    for done, (picture, outcome) in enumerate(_measure_all(model, pictures, measure, size), start=1):
        if isinstance(outcome, Skipped):
            skipped.append(outcome)
        else:
            measured.setdefault(picture.source, []).append(outcome)
        if progress is not None:
            progress(done, total)
    if not measured:
        raise DataError(
            f"{os.fspath(data_path)}: none of {len(skipped)} pictures can be measured "
            f"({skipped[0].name}: {skipped[0].reason}); give colour photographs"
        )
    return Collection({source: measured[source] for source in sorted(measured)}, tuple(skipped))


def collect_beside(
    model: Model,
    against: Model | None,
    data_path: str | os.PathLike[str],
    measure: MeasureAll[T],
    *,
    size: int | None,
    limit: int | None,
    per_source: int | None,
    progress: Progress | None,
) -> Collection[dict[str, T]]:
    """`collect` of the model's colourings and the baselines', and of a second model's on the same pictures.

    The second model runs after the first, so that only one of them works at a time.
    """
    passes = 1 if against is None else 2

    def advance(done: int, total: int | None, before: int = 0) -> None:
        if progress is not None:
            progress(before + done, total if total is None else passes * total)

    def measure_first(picture: Picture, truth: Photo, coloured: Photo) -> dict[str, T]:
        return measure(picture, colourings(truth, coloured))

    options = {"size": size, "limit": limit, "per_source": per_source}
    first = collect(model, data_path, measure_first, **options, progress=advance)
    if against is None:
        return first
    seen = len(first.everything) + len(first.skipped)

    def measure_second(picture: Picture, truth: Photo, coloured: Photo) -> T:
        return measure(picture, {AGAINST: coloured.rgb(), TRUTH: truth.rgb()})[AGAINST]

    second = collect(
        against, data_path, measure_second, **options, progress=lambda done, total: advance(done, total, seen)
    )
    if {source: len(each) for source, each in first.sources.items()} != {
        source: len(each) for source, each in second.sources.items()
    }:
        raise DataError(f"{os.fspath(data_path)}: changed while it was measured; measure again")
    return Collection(
        {
            source: [_beside(one, other) for one, other in zip(each, second.sources[source], strict=True)]
            for source, each in first.sources.items()
        },
        first.skipped,
    )


def _beside(measured: dict[str, T], other: T) -> dict[str, T]:
    """The second model's after the first's, before the baselines'."""
    return {MODEL: measured[MODEL], AGAINST: other} | measured


def evenly_spread(pictures: Iterable[Picture], count: int) -> list[Picture]:
    """Up to `count` pictures, evenly spread over all of them, in order; never holds more than twice as many."""
    spread = _Spread(count)
    for picture in pictures:
        spread.offer(picture)
    return spread.chosen()


def spread_by_source(pictures: Iterable[Picture], count: int) -> list[Picture]:
    """Up to `count` pictures of every source, evenly spread over those of it, source after source by name."""
    spreads: dict[str, _Spread] = {}
    for picture in pictures:
        spreads.setdefault(picture.source, _Spread(count)).offer(picture)
    return [picture for source in sorted(spreads) for picture in spreads[source].chosen()]


class _Spread:
    """Chooses evenly in one pass, without knowing how many there will be: every picture is kept until there are
    2 * count, then every second of those, and from there on every second one, and so on; the last step picks `count`
    of what is left.
    """

    def __init__(self, count: int) -> None:
        self._count, self._kept, self._stride, self._seen = count, list[Picture](), 1, 0

    def offer(self, picture: Picture) -> None:
        self._seen += 1
        if (self._seen - 1) % self._stride:
            return
        self._kept.append(picture)
        if len(self._kept) == 2 * self._count:
            self._kept = self._kept[::2]
            self._stride *= 2

    def chosen(self) -> list[Picture]:
        kept, count = self._kept, self._count
        if len(kept) <= count:
            return kept
        return [kept[(2 * i + 1) * len(kept) // (2 * count)] for i in range(count)]


def _measure_all(
    model: Model, pictures: Iterable[Picture], measure: Measurement[T], size: int | None
) -> Iterator[tuple[Picture, T | Skipped]]:
    """The outcome of every picture, in order. The network runs here, the measuring in threads beside it."""
    workers = min(4, os.cpu_count() or 1)
    waiting: deque[tuple[Picture, Future[T] | Skipped]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for picture in pictures:
            truth = _read(picture)
            if isinstance(truth, Skipped):
                waiting.append((picture, truth))
            else:
                coloured = model.colorize(truth.grey(), size=size)
                waiting.append((picture, pool.submit(measure, picture, truth, coloured)))
            if len(waiting) > 2 * workers:
                yield _finished(waiting.popleft())
        while waiting:
            yield _finished(waiting.popleft())


def _finished(waiting: tuple[Picture, Future[Any] | Skipped]) -> tuple[Picture, Any]:
    picture, outcome = waiting
    return picture, outcome if isinstance(outcome, Skipped) else outcome.result()


def _read(picture: Picture) -> Photo | Skipped:
    try:
        photo = Photo.read(picture.data)
    except InputError as error:
        return Skipped(picture.name, str(error).removeprefix("the given bytes "))
    if photo.chroma is None or all(_is_neutral(plane) for plane in photo.chroma):
        return Skipped(picture.name, "has no colour to compare with")
    return photo


def _is_neutral(plane: NDArray[np.uint8]) -> bool:
    return bool(plane.min() >= _NEUTRAL - _NEUTRAL_SPREAD and plane.max() <= _NEUTRAL + _NEUTRAL_SPREAD)


def colourings(truth: Photo, coloured: Photo) -> dict[str, NDArray[np.uint8]]:
    """The pixels of all that is compared, in the order of the rows: the model's, the baselines', the truth's last."""
    pictures = {MODEL: coloured.rgb()}
    pictures |= {name: photo.rgb() for name, photo in baselines(truth)}
    pictures[TRUTH] = truth.rgb()
    return pictures
