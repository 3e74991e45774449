"""The page of a full benchmark: a chart for each measure that judges, and tables for all pictures and each source."""

from pathlib import Path
from typing import Any

from ..training.report_figures import BLUE, empty_chart
from ..training.report_page import card, facts, grid, section, table, write_page
from .full_report import MEASURES, FullReport, Measure, Section, lines_of

_CHARTED = [measure for measure in MEASURES if measure.better or measure.key in ("blotchiness", "colorfulness")]


def write_full_page(path: Path, report: FullReport) -> Path:
    """Write the report as one HTML file that needs nothing from elsewhere. Raises OutputError when it cannot be."""
    about = [("model", report.model["name"], report.model.get("version", ""))]
    about += [("data", report.data, ""), ("pictures", str(report.images), f"{len(report.skipped)} left out")]
    parts = [facts(about)]
    if report.problem is not None:
        parts.append(section("No FID", report.problem, " "))
    charts = [card(measure.heading, _note(measure), _chart(report.full, measure)) for measure in _CHARTED]
    parts.append(section("All pictures", "", grid(charts), _table(report.full)))
    for source, part in list(report.sections())[1:]:
        parts.append(section(source, f"{part.images} pictures", _table(part)))
    left_out = [[one.name, one.reason] for one in report.skipped]
    parts.append(section("Left out", "", table(["picture", "reason"], left_out)))
    return write_page(path, f"{report.model['name']} on {report.data}", "".join(parts))


def _note(measure: Measure) -> str:
    return {"↑": "higher is better", "↓": "lower is better"}.get(measure.better, "best near the truth's")


def _chart(part: Section, measure: Measure) -> Any:
    """The measure of each colouring as a point with its interval."""
    shown = [(row.name, estimate) for row in part.rows if (estimate := row.figures[measure.key]) is not None]
    values = [estimate.value for _, estimate in shown]
    chart = empty_chart()
    chart.add_scatter(
        x=[name for name, _ in shown],
        y=values,
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_y={
            "array": [estimate.high - estimate.value for _, estimate in shown],
            "arrayminus": [estimate.value - estimate.low for _, estimate in shown],
            "color": BLUE,
        },
        showlegend=False,
    )
    chart.update_xaxes(type="category", tickformat="", hoverformat="")
    chart.update_yaxes(rangemode="normal" if min(values) < 0 else "tozero")
    return chart


def _table(part: Section) -> str:
    head, *lines = lines_of(part)
    return table(head, lines)
