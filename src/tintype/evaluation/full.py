"""The benchmark with everything that is known to measure: networks' judgement, blotches, intervals, ratios to grey."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tintype.data.sources import Picture, iter_pictures
from tintype.imaging.metrics import Figures, measure_all
from tintype.imaging.types import Pixels

from . import bootstrap
from .baselines import GREY
from .benchmark import Measured, compared, describe, measured_rows, opened, row_names
from .blotchiness import blotches
from .collection import AGAINST, MODEL, TRUTH, Model, Options, Progress, collect_beside
from .fid import LEAST, Features, distance_of_halves, paired_distance
from .full_report import FullReport, FullRow, Section
from .gallery import Gallery
from .judges import PerceptualMetrics, load_networks
from .measures import AGAINST_GREY, AGAINST_TRUTH, COMPARISONS, MEASURES
from .pixelation import pixelation


@dataclass(frozen=True)
class FullFigures:
    """All measures of one colouring of one picture; `values` has those of `full_report.MEASURES`, but for FID."""

    figures: Figures
    values: dict[str, float]
    features: Features | None


FullMeasured = dict[str, FullFigures]


def evaluate_full(
    model: Model | str | os.PathLike[str],
    data_path: str | os.PathLike[str],
    *,
    size: int | None = None,
    limit: int | None = None,
    per_source: int | None = None,
    progress: Progress | None = None,
    judges: PerceptualMetrics | None = None,
    threads: int | None = None,
    gallery: Gallery | None = None,
    against: Model | str | os.PathLike[str] | None = None,
) -> FullReport:
    """`evaluate`, with all further measures and an interval to each; docs/measures.md says what they mean.

    Args and errors are those of `evaluate`. judges: the networks, by default the published ones, which are fetched the
    first time (145 MB). threads: their CPU threads, torch's choice when None. gallery: where to keep a few pictures.

    Raises WeightsError or MissingExtra, too, when the weights of LPIPS or of the classifier cannot be had. Without
    those of FID the report has no FID, and says why.
    """
    model, other = opened(model), None if against is None else opened(against)
    next(iter_pictures(Path(data_path)))  # that there is none should be known before networks are fetched
    judges = judges or PerceptualMetrics(load_networks(), threads)

    def measure(picture: Picture, named: dict[str, Pixels]) -> FullMeasured:
        # Pictures are kept of the first model only.
        return _measure_one(judges, picture.name, named, gallery if MODEL in named else None)

    started = time.monotonic()
    options: Options = {"size": size, "limit": limit, "per_source": per_source, "progress": progress}
    found = collect_beside(model, other, data_path, measure, **options)
    took = time.monotonic() - started
    names = row_names(model, other)
    plain = {source: [_plain(one) for one in each] for source, each in found.sources.items()}
    whole = section(names, found.everything)
    parts = {source: section(names, each) for source, each in found.sources.items()} if len(plain) > 1 else {}
    return FullReport(
        model=describe(model),
        data=os.fspath(data_path),
        size=size,
        limit=limit,
        images=len(found.everything),
        rows=measured_rows(names, [one for each in plain.values() for one in each]),
        sources={source: measured_rows(names, each) for source, each in plain.items()},
        skipped=found.skipped,
        full=whole,
        full_sources=parts or dict.fromkeys(plain, whole),
        seconds_per_picture=round(took / len(found.everything), 3),
        problem=judges.networks.problem,
        per_source=per_source,
        against=None if other is None else compared(other, names, [_values(one) for one in found.everything]),
    )


def _measure_one(
    judges: PerceptualMetrics, picture: str, named: dict[str, Pixels], gallery: Gallery | None
) -> FullMeasured:
    pictures = list(named.values())
    figures, clouds = measure_all(pictures, named[TRUTH]), blotches(pictures, named[TRUTH])
    measured = {}
    for key, plain, cloud, judged in zip(named, figures, clouds, judges(pictures), strict=True):
        networks = {name: value for name, value in vars(judged).items() if name != "features"}
        spots = {"blotchiness": cloud.total, "excess_blotchiness": cloud.excess, "pixelation": pixelation(named[key])}
        values = asdict(plain) | networks | spots
        measured[key] = FullFigures(plain, values, judged.features)
    if gallery is not None:
        gallery.offer(picture, measured[MODEL].values["lpips_alex"], named, measured[MODEL].values)
    return measured


def _plain(measured: FullMeasured) -> Measured:
    return {key: full.figures for key, full in measured.items()}


def _values(measured: FullMeasured) -> dict[str, dict[str, float]]:
    return {key: full.values for key, full in measured.items() if key in (MODEL, AGAINST)}


def section(names: Mapping[str, str], measured: Sequence[FullMeasured]) -> Section:
    """The full rows of one set of pictures, one at least; `names` has those of the models."""
    truth = _features(measured, TRUTH)
    rows = [_row(names.get(key, key), key, measured, truth) for key in measured[0]]
    halves = None if truth is None else distance_of_halves(truth)
    return Section(images=len(measured), rows=tuple(rows), fid_of_halves=halves)


def _row(name: str, key: str, measured: Sequence[FullMeasured], truth: Features | None) -> FullRow:
    def column(of: str, measure: str) -> list[float]:
        return [one[of].values[measure] for one in measured]

    is_truth = key == TRUTH
    features = None if is_truth or truth is None else _features(measured, key)
    relative: dict[str, bootstrap.Estimate | None] = {}
    if not is_truth:
        relative["psnr_above_grey"] = bootstrap.difference(column(key, "psnr"), column(GREY, "psnr"))
        for measure in AGAINST_GREY:
            relative[f"{measure}_of_grey"] = bootstrap.ratio(column(key, measure), column(GREY, measure))
        for measure in AGAINST_TRUTH:
            relative[f"{measure}_of_truth"] = bootstrap.ratio(column(key, measure), column(TRUTH, measure))
    return FullRow(
        name=name,
        images=len(measured),
        figures={
            measure.key: None if is_truth and measure.key in COMPARISONS else bootstrap.mean(column(key, measure.key))
            for measure in MEASURES
        },
        fid=None if features is None or truth is None else paired_distance(features, truth),
        relative=relative,
    )


def _features(measured: Sequence[FullMeasured], key: str) -> Features | None:
    """The features of all pictures (N, 2048); None where they are missing or too few."""
    found = [one[key].features for one in measured]
    if len(found) < LEAST or any(features is None for features in found):
        return None
    return np.stack([features for features in found if features is not None])
