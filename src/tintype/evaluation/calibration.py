"""Confidence, put to the test: what a model says of its errors beside the errors that it makes."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tintype.colorizer.colorizer import Colorizer
from tintype.data.sources import iter_pictures
from tintype.errors import DataError, InputError, WeightsError
from tintype.network.confidence import Calibration, calibrate, expected_error
from tintype.photo.photo import Photo

from .baselines import reduced_ab
from .collection import evenly_spread

Values = NDArray[np.float32]
Progress = Callable[[int, int], None]

# Pixels of the network's answer that are kept of each picture: neighbours tell little new.
KEPT = 1024
BINS = 10


@dataclass(frozen=True)
class Reliability:
    """Stated and real errors, CIE units of ab, in parts of equally many pixels, and how far they are apart on average.

    `share` is the part of the real error's variance over pixels that the stated error explains (R squared).
    """

    stated: tuple[float, ...]
    real: tuple[float, ...]
    gap: float
    share: float
    pictures: int


def measure_errors(
    colorizer: Colorizer,
    data_path: str | os.PathLike[str],
    *,
    limit: int = 400,
    progress: Progress | None = None,
) -> list[tuple[Values, Values]]:
    """For each photograph of a data set the entropies and the errors, CIE units, of up to `KEPT` places.

    Raises:
        DataError: no photograph in colour there.
        WeightsError: the model has no distribution.
    """
    if "distribution" not in colorizer.network.outputs:
        raise WeightsError(f"{colorizer.model.path}: answers with colours alone, without how sure it is of them")
    pictures = evenly_spread(iter_pictures(Path(data_path)), limit)
    found = []
    for done, picture in enumerate(pictures, start=1):
        try:
            photo = Photo.read(picture.data)
        except InputError:
            continue
        if photo.chroma is not None:
            opened = colorizer.open(photo.grey())
            ab = opened.predict_ab()
            distance = np.linalg.norm(ab - reduced_ab(photo.rgb(), ab.shape[1], ab.shape[0]), axis=-1)
            chosen = np.random.default_rng(0).permutation(distance.size)[:KEPT]
            found.append((opened.entropy().ravel()[chosen], distance.astype(np.float32).ravel()[chosen]))
        if progress is not None:
            progress(done, len(pictures))
    if not found:
        raise DataError(f"{os.fspath(data_path)}: no photograph in colour to measure errors on")
    return found


def fit(measured: list[tuple[Values, Values]]) -> tuple[tuple[float, float], ...]:
    """The calibration of what `measure_errors` found."""
    entropies, errors = (np.concatenate(parts) for parts in zip(*measured, strict=True))
    return calibrate(entropies, errors)


def reliability(measured: list[tuple[Values, Values]], calibration: Calibration) -> Reliability:
    """Hold a calibration against photographs that it was not made from."""
    entropies, errors = (np.concatenate(parts) for parts in zip(*measured, strict=True))
    stated = expected_error(entropies, calibration)
    parts = np.array_split(np.argsort(stated, kind="stable"), BINS)
    said, was = ([float(values[part].mean()) for part in parts] for values in (stated, errors))
    spread = float(errors.var(dtype=np.float64))
    share = 1 - float(np.square(errors - stated, dtype=np.float64).mean()) / spread if spread else 0.0
    gap = float(np.abs(np.subtract(said, was)).mean())
    return Reliability(tuple(said), tuple(was), gap, share, len(measured))


def write_figure(told: Reliability, name: str, path: Path) -> Path:
    """Draw stated against real errors into an HTML page that needs no network. Raises OutputError."""
    import plotly.graph_objects as go

    from tintype.reports.page import card, section, write_page

    top = 1.05 * max(*told.stated, *told.real)
    chart = go.Figure(
        [
            go.Scatter(x=[0, top], y=[0, top], name="believable", mode="lines", line={"dash": "dot", "color": "grey"}),
            go.Scatter(x=told.stated, y=told.real, name=name, mode="lines+markers"),
        ]
    )
    chart.update_xaxes(title="stated error, CIE units of ab", range=[0, top])
    chart.update_yaxes(title="real error, CIE units of ab", range=[0, top])
    note = (
        f"Each point is a tenth of the pixels of {told.pictures} photographs that the calibration was not made from. "
        f"Points and line are {told.gap:.1f} apart on average."
    )
    title = f"Confidence of {name}"
    return write_page(path, title, section(title, "", card("Reliability", note, chart)))
