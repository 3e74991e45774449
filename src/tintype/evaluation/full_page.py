"""The page of a full benchmark: pictures, a chart for each measure that judges, tables over all and for each source."""

from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from tintype.reports.charts import BLUE, COLORS, REFERENCE, empty_chart
from tintype.reports.page import card, columns, facts, framed, grid, section, table, write_page
from tintype.reports.pictures import GAP, PAPER, evenly, show

from .baselines import GREY, TRUE_CHROMA
from .bootstrap import Estimate
from .collection import MODEL, TRUTH
from .full_report import FullReport, FullRow, Section, lines_of
from .gallery import DRAWN, Gallery, Sample
from .measures import FID, MEASURES, Measure

_CHARTED = (
    *("lpips_alex", "lpips_vgg", "ciede2000", "psnr", "fid"),
    *("same_class", "blotchiness", "excess_blotchiness", "colorfulness", "mean_chroma"),
)
# Colourings of a sample picture, from left to right, and the figures of the model's that stand above it.
_SHOWN = (GREY, MODEL, TRUE_CHROMA, TRUTH)
_CAPTIONED = ("lpips_alex", "psnr", "ciede2000", "excess_blotchiness")
_MOST_SOURCES = 12  # in a chart
_PAIRED = "Mean differences with half of their 95 % intervals. Undecided: the interval holds zero, so it may be chance."
_PAIRED_HEAD = ["", "difference", "better on", "verdict"]


def write_full_page(path: Path, report: FullReport, gallery: Gallery | None = None) -> Path:
    """Write the report as one HTML file that needs nothing from elsewhere. Raises OutputError when it cannot be."""
    title = f"{report.model['name']} on {Path(report.data).name}"
    parts = [f"<header><h1>{escape(title)}</h1>{_facts(report)}</header>"]
    if report.problem is not None:
        parts.append(section("No FID", report.problem, " "))
    measures = [*MEASURES, FID]
    charts = [_card(report.full, measure) for key in _CHARTED for measure in measures if measure.key == key]
    note = "Means over pictures with 95 % intervals. ↑ higher is better, ↓ lower, no arrow: best near the truth's."
    parts.append(section("All pictures", note, grid([chart for chart in charts if chart]), _table(report.full)))
    if report.against is not None:
        title_of_pair = f"{report.against.name} less {report.against.against}, picture by picture"
        parts.append(section(title_of_pair, _PAIRED, table(_PAIRED_HEAD, report.against.lines())))
    sources = dict(list(report.sections())[1:])
    if sources:
        compared = [_source_card(sources, measure) for measure in MEASURES if measure.key in _CAPTIONED]
        parts.append(section("The model by source", "The source is what a file's name begins with.", grid(compared)))
    if gallery is not None:
        parts += _pictures(gallery, report.model["name"])
    for source, part in sources.items():
        parts.append(section(f"Only {source}", f"{part.images} pictures", _table(part)))
    left_out = [[one.name, one.reason] for one in report.skipped]
    parts.append(section("Left out", "", table(["picture", "reason"], left_out)))
    return write_page(path, title, "".join(parts))


def _facts(report: FullReport) -> str:
    size = "its own" if report.size is None else f"{report.size} px"
    device = " ".join(report.model[key] for key in ("device", "precision") if key in report.model)
    return facts(
        [
            ("model", report.model["name"], f"version {report.model['version']}" if "version" in report.model else ""),
            ("data", report.data, "" if report.limit is None else f"{report.limit} pictures, evenly spread"),
            ("pictures", f"{report.images:,}", f"{len(report.skipped)} left out"),
            ("short side that the model sees", size, ""),
            (
                "time per picture",
                f"{report.seconds_per_picture:.2f} s",
                f"with all measures; {device}".rstrip("; "),
            ),
        ]
    )


def _pictures(gallery: Gallery, model: str) -> list[str]:
    parts = []
    for group, samples in gallery.groups().items():
        body = "".join(_sample(sample, model) for sample in samples)
        note = "By LPIPS alex of the model." if group != DRAWN else "Neither chosen by eye nor by figure."
        parts.append(section(f"Pictures: {group}", note, f'<div class="pictures">{body}</div>'))
    return parts


def _sample(sample: Sample, model: str) -> str:
    shown = [name for name in _SHOWN if name in sample.pictures]
    width, height = sample.pictures[shown[0]].size
    strip = Image.new("RGB", (len(shown) * (width + GAP) - GAP, height), PAPER)
    for index, name in enumerate(shown):
        strip.paste(sample.pictures[name], (index * (width + GAP), 0))
    by_key = {measure.key: measure for measure in MEASURES}
    known = [by_key[key] for key in _CAPTIONED if key in sample.figures]
    note = ", ".join(f"{measure.heading} {sample.figures[measure.key]:.{measure.digits}f}" for measure in known)
    heads = [model if name == MODEL else name for name in shown]
    return framed(sample.name, note, columns(heads, show(strip), f"{sample.name}: {', '.join(heads)}"))


def _estimate(row: FullRow, measure: Measure) -> Estimate | None:
    return row.fid if measure is FID else row.figures[measure.key]


def _card(part: Section, measure: Measure) -> str:
    """The measure of each colouring as a point with its interval; nothing where none has it."""
    known = [(row.name, estimate) for row in part.rows if (estimate := _estimate(row, measure)) is not None]
    if not known:
        return ""
    chart = _points([name for name, _ in known], [estimate for _, estimate in known])
    note = _sentence(measure)
    if measure is FID and part.fid_of_halves is not None:
        chart.add_hline(y=part.fid_of_halves, line={"color": REFERENCE, "dash": "dot"})
        note += " Dotted: two halves of the truth."
    return card(measure.title, note, chart)


def _source_card(sources: dict[str, Section], measure: Measure) -> str:
    """The model's measure on each source."""
    rows = {source: part.rows[0].figures[measure.key] for source, part in sources.items()}
    known = evenly([(name, estimate) for name, estimate in rows.items() if estimate is not None], _MOST_SOURCES)
    chart = _points([name for name, _ in known], [estimate for _, estimate in known], COLORS[2])
    return card(measure.title, _sentence(measure), chart)


def _points(names: list[str], estimates: list[Estimate], color: str = BLUE) -> Any:
    values = [estimate.value for estimate in estimates]
    chart = empty_chart()
    chart.add_scatter(
        x=[name.replace(" ", "<br>") for name in names],
        y=values,
        mode="markers",
        marker={"color": color, "size": 9},
        error_y={
            "array": [estimate.high - estimate.value for estimate in estimates],
            "arrayminus": [estimate.value - estimate.low for estimate in estimates],
            "color": color,
        },
        showlegend=False,
        hovertemplate="%{y:.4g}<extra></extra>",
    )
    chart.update_xaxes(type="category", tickformat="", hoverformat="", range=[-0.6, len(names) - 0.4])
    chart.update_yaxes(rangemode="normal" if min(estimate.low for estimate in estimates) < 0 else "tozero")
    return chart


def _sentence(measure: Measure) -> str:
    return f"{measure.meaning[0].upper()}{measure.meaning[1:]}."


def _table(part: Section) -> str:
    head, *lines = lines_of(part)
    return table(head, lines)
