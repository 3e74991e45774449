"""The charts of a report, by plotly: one small chart for each thing, all over the images seen."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from .history import CHANCE, Band, History, Line, Series

# Okabe & Ito 2008: told apart by colour-blind people, and visible on white and on near-black.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BLUE, VERMILION = COLORS[:2]
REFERENCE = "#8a8f98"

# From this ratio of highest to lowest on, an axis of losses is logarithmic.
WIDE = 20

# Names of losses before weighting, and what they are.
PARTS = {
    "cross_entropy": "cross-entropy",
    "l1": "L1",
    "l2": "L2",
    "smooth_l1": "smooth L1",
    "log_l2": "log of L2",
    "feature": "features",
    "gradient_penalty": "gradient penalty",
}


def empty_chart(history: History | None = None) -> go.Figure:
    """A chart without lines; with a run's history, its stages are bands and its warnings are marked."""
    chart = go.Figure()
    chart.update_layout(
        template="none",
        height=270,
        margin={"l": 52, "r": 10, "t": 22, "b": 64},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="x unified",
        font={"family": "system-ui, sans-serif", "size": 12},
        legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
        xaxis={"tickformat": "~s", "hoverformat": ",d", "zeroline": False, "gridcolor": "rgba(128,128,128,0.15)"},
        yaxis={"zeroline": False, "gridcolor": "rgba(128,128,128,0.25)", "nticks": 6},
    )
    if history is not None:
        _add_bands(chart, history.bands)
        _add_warnings(chart, history.warnings)
    return chart


def loss_chart(history: History, series: Sequence[tuple[str, Series]], raw: bool = True) -> go.Figure:
    """Losses over images: each line's value faint, the smoothed curve strong."""
    chart = empty_chart(history)
    for color, (name, values) in zip(COLORS, series, strict=False):
        add_smoothed(chart, name, values, color, raw=raw)
    fit_axis(chart, [value for _, values in series for value in values.values])
    return chart


def fit_axis(chart: go.Figure, values: Sequence[float | None]) -> None:
    """Make the axis logarithmic where stages differ so much, by the weights of their losses, that one would be flat."""
    numbers = [value for value in values if value is not None and not math.isnan(value)]
    if numbers and min(numbers) > 0 and max(numbers) > WIDE * min(numbers):
        chart.update_yaxes(type="log", dtick=1)


def critic_chart(history: History) -> go.Figure:
    """The critic's loss with its two halves, and the level at which it tells nothing apart."""
    names = {"loss_D": "both", "loss_D_real": "on photographs", "loss_D_fake": "on answers"}
    chart = loss_chart(history, [(label, history.series(key)) for key, label in names.items()])
    images: list[float | None] = []
    levels: list[float | None] = []
    for band in history.bands:
        gan = history.stage_options(band.name).get("gan", "vanilla")
        if band.kind != "supervised" and gan in CHANCE:
            images += [band.start, band.end, None]
            levels += [CHANCE[gan], CHANCE[gan], None]
    add_reference(chart, "guessing", images, levels, "dash")
    return chart


def accuracy_chart(history: History) -> go.Figure:
    """How often the critic is right, and the level of guessing."""
    chart = loss_chart(history, [("right", history.series("critic_accuracy"))])
    images = [float(history.bands[0].start), float(history.bands[-1].end)] if history.bands else []
    add_reference(chart, "guessing", images, [0.5] * len(images), "dash")
    chart.update_yaxes(range=[0, 1], type="linear")
    return chart


def rate_chart(history: History) -> go.Figure:
    """The learning rate of each network."""
    chart = empty_chart(history)
    add_line(chart, "generator", history.series("generator_lr"), BLUE)
    add_line(chart, "critic", history.series("critic_lr"), VERMILION)
    chart.update_yaxes(exponentformat="power")
    return chart


def colour_chart(history: History) -> go.Figure:
    """Mean chroma of the answers against the photographs'."""
    chart = empty_chart(history)
    add_smoothed(chart, "answers", history.series("chroma"), BLUE)
    truth = history.series("chroma_true").smoothed()
    add_reference(chart, "photographs", truth.images, truth.values, "dot")
    chart.update_yaxes(rangemode="tozero")
    return chart


def figure_chart(history: History, name: str) -> go.Figure:
    """A validation figure, with a grey answer's (dashed) and the photographs' own (dotted) beside it."""
    chart = empty_chart(history)
    add_line(chart, "answers", history.figure(name), BLUE, markers=True)
    grey, true = history.figure(f"{name}_grey"), history.figure(f"{name}_true")
    add_reference(chart, "grey", grey.images, grey.values, "dash")
    add_reference(chart, "photographs", true.images, true.values, "dot")
    return chart


def add_smoothed(chart: go.Figure, name: str, series: Series, color: str, raw: bool = True) -> None:
    """A series twice: as it is, and smoothed. The page's smoothing control finds the raw one before the smooth one."""
    if not series:
        return
    chart.add_scatter(
        x=series.images,
        y=series.values,
        mode="lines+markers" if len(series.images) < 3 else "lines",
        line={"color": color, "width": 1},
        marker={"size": 4},
        opacity=0.35 if raw else 0,
        legendgroup=name,
        showlegend=False,
        hoverinfo="skip",
    )
    smooth = series.smoothed()
    chart.add_scatter(
        x=smooth.images,
        y=smooth.values,
        mode="lines",
        name=name,
        line={"color": color, "width": 2.5},
        legendgroup=name,
        meta="smoothed",
        hovertemplate="%{y:.4g}",
    )


def add_line(chart: go.Figure, name: str, series: Series, color: str, markers: bool = False) -> None:
    """A series as it is."""
    if not series:
        return
    chart.add_scatter(
        x=series.images,
        y=series.values,
        mode="lines+markers" if markers else "lines",
        name=name,
        line={"color": color, "width": 2.5},
        marker={"size": 6},
        hovertemplate="%{y:.4g}",
    )


def add_reference(
    chart: go.Figure, name: str, images: Sequence[float | None], values: Sequence[float | None], dash: str
) -> None:
    """What a curve is to be compared with: dash for what is easily reached, dot for what is aimed at."""
    if values:
        line = {"color": REFERENCE, "width": 1.8, "dash": dash}
        marks = "lines+markers" if len(values) == 1 else "lines"
        chart.add_scatter(x=images, y=values, mode=marks, name=name, line=line, hovertemplate="%{y:.4g}")


def _add_bands(chart: go.Figure, bands: Sequence[Band]) -> None:
    length = max((band.end for band in bands), default=0)
    for index, band in enumerate(bands):
        tint = "rgba(128,128,128,0.10)" if index % 2 == 0 else "rgba(128,128,128,0.02)"
        chart.add_vrect(x0=band.start, x1=band.end, fillcolor=tint, line_width=0, layer="below")
        if band.end - band.start >= 0.12 * length:  # a name in a narrower band runs into the next one's
            chart.add_annotation(
                x=(band.start + band.end) / 2,
                y=1,
                yref="paper",
                yanchor="bottom",
                text=band.name.replace("<", "&lt;"),
                showarrow=False,
                font={"size": 11, "color": REFERENCE},
            )


def _add_warnings(chart: go.Figure, warnings: Sequence[Line]) -> None:
    for line in warnings:
        chart.add_annotation(
            x=line["images"],
            y=0,
            yref="paper",
            yanchor="bottom",
            text="▲",
            showarrow=False,
            hovertext=f"{line['images']:,}: {line['warning']}".replace("<", "&lt;"),
            font={"size": 13, "color": VERMILION},
        )
