"""Measure a model on colour photographs, beside the baselines that it has to beat."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from tintype.colorizer.colorizer import Colorizer
from tintype.data.sources import Picture
from tintype.errors import WeightsError
from tintype.imaging.metrics import Figures, measure_all

from .collection import AGAINST, MODEL, TRUTH, Model, Options, Progress, collect_beside
from .paired import Comparison, compare
from .report import Report, Row

Measured = dict[str, Figures]


def evaluate(
    model: Model | str | os.PathLike[str],
    data_path: str | os.PathLike[str],
    *,
    size: int | None = None,
    limit: int | None = None,
    per_source: int | None = None,
    progress: Progress | None = None,
    against: Model | str | os.PathLike[str] | None = None,
) -> Report:
    """Colour photographs from their luma alone and compare them with what they were.

    Every picture is decoded, reduced to its BT.601 luma, coloured by the model, and measured against its own
    colours at its own resolution, as are the baselines *grey*, *sepia* and *true chroma 32x32*. Figures are
    means over pictures, each picture counting once. Pictures that cannot be read, and pictures without
    colour, are left out and listed.

    Args:
        model: the name of a model, the path of a model file, or an object with `colorize`.
        data_path: a folder (with its subfolders), a .tar shard, or a folder of shards.
        size: short side in pixels of what the model sees; its own when None.
        limit: measure only this many pictures, spread evenly over all there are; the same ones every time.
        per_source: the same for every source by itself; not both.
        progress: called after each picture with the number done and, if it is known, the number in all.
        against: another model, in any of the forms of `model`; measured on the same pictures, with a row of its own,
            and compared picture by picture in the report's `against`.

    Raises:
        DataError: no such folder, no picture in it, or none that can be read and has colour.
        WeightsError: no such model, it is corrupt, it fails, or it colours drawings.
        TintypeError: limit or size is out of range.
    """
    model, other = opened(model), None if against is None else opened(against)
    options: Options = {"size": size, "limit": limit, "per_source": per_source, "progress": progress}
    found = collect_beside(model, other, data_path, _measure, **options)
    names = row_names(model, other)
    return Report(
        model=describe(model),
        data=os.fspath(data_path),
        size=size,
        limit=limit,
        images=len(found.everything),
        rows=measured_rows(names, found.everything),
        sources={source: measured_rows(names, each) for source, each in found.sources.items()},
        skipped=found.skipped,
        per_source=per_source,
        against=None if other is None else compared(other, names, [_values(one) for one in found.everything]),
    )


def opened(model: Model | str | os.PathLike[str]) -> Model:
    """The model itself, opened if only its name or path is given. Raises WeightsError when it colours drawings."""
    if isinstance(model, str | os.PathLike):
        model = Colorizer(model)
    if isinstance(model, Colorizer) and model.model.info.condition == "sketch":
        raise WeightsError(
            f"{model.model.path}: colours drawings, and photographs are what is measured here; "
            "look at what it makes of `tintype sketch` instead"
        )
    return model


def _measure(_: Picture, pictures: dict[str, NDArray[np.uint8]]) -> Measured:
    return dict(zip(pictures, measure_all(list(pictures.values()), pictures[TRUTH]), strict=True))


def _values(measured: Measured) -> dict[str, dict[str, float]]:
    return {key: asdict(figures) for key, figures in measured.items()}


def measured_rows(names: Mapping[str, str], measured: Sequence[Measured]) -> tuple[Row, ...]:
    """The rows of a report, of one picture at least; `names` has those of the models."""
    truth = [one[TRUTH] for one in measured]
    return tuple(
        Row.average(names.get(key, key), truth if key == TRUTH else [one[key] for one in measured], truth)
        for key in measured[0]
    )


def row_names(model: Model, against: Model | None) -> dict[str, str]:
    """What the rows of one or two models are called: by name, where two have the same by version, too, or by number."""
    first = describe(model)
    if against is None:
        return {MODEL: first["name"]}
    second = describe(against)
    for keys in (("name",), ("name", "version")):
        one, other = (" ".join(of[key] for key in keys if key in of) for of in (first, second))
        if one != other:
            return {MODEL: one, AGAINST: other}
    return {MODEL: f"{first['name']} (1)", AGAINST: f"{second['name']} (2)"}


def compared(
    against: Model, names: Mapping[str, str], measured: Sequence[Mapping[str, Mapping[str, float]]]
) -> Comparison:
    """The model's measures less those of the model that it is held against, of pictures measured beside each other."""
    ours, theirs = ([one[key] for one in measured] for key in (MODEL, AGAINST))
    return compare(names[MODEL], names[AGAINST], describe(against), ours, theirs)


def describe(model: Model) -> dict[str, str]:
    """Which model it is: as much as a report says of it."""
    if not isinstance(model, Colorizer):
        return {"name": type(model).__name__}
    file, network = model.model, model.network
    return {
        "name": file.info.name,
        "version": file.info.version,
        "sha256": file.sha256,
        "device": network.device,
        "precision": network.precision,
    }
