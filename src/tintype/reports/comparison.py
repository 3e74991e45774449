"""Several runs on one page: what their recipes differ in, and their losses; runs that differ in the seed alone become
one curve with a band.

The landscape colorizer's author wished for this: one run's last losses say little, since they vary with the weights it
starts from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go

from . import charts
from .history import SMOOTHING, History, Series, read_history
from .page import MISSING, card, grid, number, section, table, write_page
from .run_report import figure_title

# What is drawn of the ticks: key, title, sentence.
CURVES = (
    ("reconstruction", "Reconstruction loss", "Between answer and photograph, weighted, as it is minimised."),
    ("loss_D", "Critic loss", "Mean of its losses on photographs and on answers."),
    ("loss_G_GAN", "Adversarial loss", "The generator against the critic."),
    *((key, f"{name[0].upper()}{name[1:]}", "Before weighting.") for key, name in charts.PARTS.items()),
    ("chroma", "Chroma, CIE units", "Mean C*ab of the answers in training; dotted: the photographs'."),
)
MOST_DIFFERENCES = 3


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over runs, at each number of images seen. The deviation of one run is 0.
    Breaks between stages are NaN."""

    images: list[float]
    mean: list[float]
    deviation: list[float]

    def pieces(self) -> list[slice]:
        """The stretches between the breaks."""
        breaks = [-1, *(i for i, value in enumerate(self.mean) if math.isnan(value)), len(self.mean)]
        return [slice(a + 1, b) for a, b in pairwise(breaks) if b > a + 1]


@dataclass(frozen=True)
class Group:
    """Runs of one recipe, whatever their seeds; `label` says what sets it apart from the other groups."""

    label: str
    runs: tuple[History, ...]

    def spread(self, key: str) -> Spread | None:
        """A value of the ticks, smoothed run by run."""
        return spread([run.series(key).smoothed() for run in self.runs])

    def figure(self, key: str) -> Spread | None:
        """A figure of the validations."""
        return spread([run.figure(key) for run in self.runs])


def write_comparison(run_dirs: Sequence[str | Path], output: str | Path) -> Path:
    """Write a page that lays several runs over each other and return its path.

    Raises InputError for a folder that is no run or has no lines yet, OutputError when the page cannot be written.
    """
    groups = group_runs([read_history(run_dir) for run_dir in run_dirs])
    body = "\n".join((_header(groups), _losses(groups), _validation(groups)))
    return write_page(Path(output), "Runs compared", body)


def group_runs(runs: Sequence[History]) -> list[Group]:
    """Put runs together whose recipes are equal but for the seed, in the order given, and label them."""
    flat: list[dict[str, Any]] = []
    members: list[list[History]] = []
    for run in runs:
        values = flatten({key: value for key, value in run.recipe.items() if key != "seed"})
        if values not in flat:
            flat.append(values)
            members.append([])
        members[flat.index(values)].append(run)
    labels = label_differences(flat)
    for index, label in enumerate(labels):
        if labels.count(label) > 1:  # more differences than a label holds
            labels[index] = f"{label} ({members[index][0].folder.name})"
    return [Group(label, tuple(group)) for label, group in zip(labels, members, strict=True)]


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested tables and lists as one level: stages.0.alpha."""
    if isinstance(value, dict):
        items: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return {prefix: value}
    inner = [flatten(part, f"{prefix}.{key}" if prefix else str(key)) for key, part in items]
    return {key: part for parts in inner for key, part in parts.items()}


def label_differences(recipes: Sequence[dict[str, Any]]) -> list[str]:
    """A label for each flat recipe: its system where systems differ, and the values in which recipes of the same
    system differ. What differs alike in every stage is named once: `stages.*.lr`."""
    systems = {recipe.get("system") for recipe in recipes}
    labels = []
    for recipe in recipes:
        rivals = [other for other in recipes if other.get("system") == recipe.get("system")]
        keys = [key for key in dict.fromkeys(key for other in rivals for key in other) if _differs(key, rivals)]
        words = dict.fromkeys(f"{_shared_name(key, keys, recipe)}={_value(recipe.get(key))}" for key in keys)
        shown = [*words][:MOST_DIFFERENCES] + ["…"] * (len(words) > MOST_DIFFERENCES)
        system = [str(recipe.get("system", "unknown"))] if len(systems) > 1 or not shown else []
        labels.append(", ".join(system + shown))
    return labels


def spread(curves: Sequence[Series]) -> Spread | None:
    """Mean and deviation of curves over runs, as far as all of them go, at the places of the first. Curves with other
    places are interpolated linearly. None when no curve has a value."""
    curves = [curve for curve in curves if curve]
    solid = [_solid(curve) for curve in curves]
    if not solid:
        return None
    start, end = max(images[0] for images, _ in solid), min(images[-1] for images, _ in solid)
    first = np.array([math.nan if value is None else value for value in curves[0].values], float)
    inside = (np.array(curves[0].images) >= start) & (np.array(curves[0].images) <= end)
    places, first = np.array(curves[0].images, float)[inside], first[inside]
    values = np.stack([first, *(np.interp(places, images, curve) for images, curve in solid[1:])])
    deviation = values.std(0, ddof=1) if len(values) > 1 else np.zeros(len(places))
    return Spread(places.tolist(), values.mean(0).tolist(), deviation.tolist())


def _solid(curve: Series) -> tuple[Any, Any]:
    pairs = [(x, y) for x, y in zip(curve.images, curve.values, strict=True) if y is not None]
    return np.array([x for x, _ in pairs], float), np.array([y for _, y in pairs], float)


def _differs(key: str, recipes: Sequence[dict[str, Any]]) -> bool:
    return any(recipe.get(key) != recipes[0].get(key) for recipe in recipes)


def _shared_name(key: str, keys: Sequence[str], recipe: dict[str, Any]) -> str:
    """stages.*.lr for stages.0.lr when the same key of each stage differs too, and has the same value here."""
    parts = key.split(".")
    if parts[0] != "stages" or len(parts) < 3:
        return key
    alike = [other for other in recipe if other.split(".")[0] == "stages" and other.split(".")[2:] == parts[2:]]
    everywhere = all(other in keys and recipe[other] == recipe.get(key) for other in alike)
    return ".".join(["stages", "*", *parts[2:]]) if everywhere and len(alike) > 1 else key


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value)


def _header(groups: Sequence[Group]) -> str:
    count = sum(len(group.runs) for group in groups)
    recipes = "1 recipe" if len(groups) == 1 else f"{len(groups)} recipes"
    lead = (
        f"{count} runs of {recipes}. Curves are smoothed run by run (weight {SMOOTHING} a line); where a recipe was "
        "run with several seeds, the line is their mean and the band one standard deviation."
    )
    rows = []
    for group in groups:
        header = group.runs[0].header
        generator, critic = header.get("generator_parameters"), header.get("critic_parameters")
        ratio = f"{critic / generator:.2f}" if critic and generator else MISSING
        seeds = ", ".join(str(run.recipe.get("seed", 0)) for run in group.runs)
        images = f"{min(run.images for run in group.runs):,}"
        sizes = (f"{generator:,}" if generator else MISSING, f"{critic:,}" if critic else MISSING)
        rows.append((group.label, str(len(group.runs)), seeds, images, *sizes, ratio))
    head = ("recipe", "runs", "seeds", "images seen", "generator", "critic", "critic ÷ generator")
    return f'<header><h1>Runs compared</h1><p class="lead">{lead}</p></header>{table(head, rows)}'


def _losses(groups: Sequence[Group]) -> str:
    cards = []
    for key, title, note in CURVES:
        chart = _overlay([(group.label, group.spread(key)) for group in groups])
        if chart is None:
            continue
        if key == "chroma":
            true = groups[0].spread("chroma_true")
            if true is not None:
                charts.add_reference(chart, "photographs", true.images, true.mean, "dot")
        cards.append(card(title, note, chart))
    note = (
        "The last values are those of the place up to which all runs of a recipe have come, mean ± standard deviation."
    )
    return section("Losses", note, grid(cards), _last_losses(groups))


def _validation(groups: Sequence[Group]) -> str:
    cards = []
    for name in _figure_names(groups):
        chart = _overlay([(group.label, group.figure(name)) for group in groups], markers=True)
        if chart is None:
            continue
        note = []
        for end, words, dash in (("_grey", "a grey answer", "dash"), ("_true", "the photographs", "dot")):
            reference = _longest([group.figure(name + end) for group in groups])
            if reference is not None:
                charts.add_reference(chart, words, reference.images, reference.mean, dash)
                note.append(f"{words} {_last(reference)}")
        cards.append(card(figure_title(name), "Beside it: " + ", ".join(note) if note else "", chart))
    return section("Validation", "", grid(cards), _last_figures(groups))


def _last_losses(groups: Sequence[Group]) -> str:
    shown = [(key, title) for key, title, _ in CURVES if any(group.spread(key) for group in groups)]
    rows = [(group.label, *(_last(group.spread(key)) for key, _ in shown)) for group in groups]
    return table(("last values, smoothed", *(title for _, title in shown)), rows)


def _last_figures(groups: Sequence[Group]) -> str:
    names = _figure_names(groups)
    if not names:
        return ""
    rows = [(group.label, *(_last(group.figure(name)) for name in names)) for group in groups]
    for end, words in (("_grey", "grey answer"), ("_true", "photographs")):
        references = [_longest([group.figure(name + end) for group in groups]) for name in names]
        rows.append((words, *map(_last, references)))
    return table(("last values", *map(figure_title, names)), rows)


def _overlay(spreads: Sequence[tuple[str, Spread | None]], markers: bool = False) -> go.Figure | None:
    """The groups' curves in one chart, each with its band; None when no group has the value."""
    if not any(found for _, found in spreads):
        return None
    chart = charts.empty_chart()
    for index, (label, found) in enumerate(spreads):
        if found is None:
            continue
        color = charts.COLORS[index % len(charts.COLORS)]
        _add_band(chart, label, found, color)
        line = {"color": color, "width": 2.5, "dash": "solid" if index < len(charts.COLORS) else "longdash"}
        mode = "lines+markers" if markers else "lines"
        chart.add_scatter(
            x=found.images, y=found.mean, name=label, mode=mode, line=line, legendgroup=label, hovertemplate="%{y:.4g}"
        )
    charts.fit_axis(chart, [value for _, found in spreads if found for value in found.mean])
    return chart


def _add_band(chart: go.Figure, label: str, found: Spread, color: str) -> None:
    """One standard deviation to either side, a closed shape for each stage."""
    if not any(found.deviation):
        return
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    for piece in found.pieces():
        pairs = list(zip(found.mean[piece], found.deviation[piece], strict=True))
        upper, lower = [mean + sd for mean, sd in pairs], [mean - sd for mean, sd in pairs]
        chart.add_scatter(
            x=found.images[piece] + found.images[piece][::-1],
            y=upper + lower[::-1],
            mode="lines",
            fill="toself",
            fillcolor=f"rgba({red},{green},{blue},0.2)",
            line={"width": 0},
            legendgroup=label,
            showlegend=False,
            hoverinfo="skip",
            meta="band",
        )


def _figure_names(groups: Sequence[Group]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for run in group.runs for name in run.figure_names()))


def _longest(spreads: Sequence[Spread | None]) -> Spread | None:
    return max((found for found in spreads if found), key=lambda found: len(found.images), default=None)


def _last(found: Spread | None) -> str:
    if found is None or not found.mean:
        return MISSING
    last = found.deviation[-1]
    deviation = f" ± {number(last, 2)}" if last > 1e-9 * abs(found.mean[-1]) else ""  # else it is rounding
    return f"{number(found.mean[-1])}{deviation}"
