"""The result of a full benchmark: figures with intervals, as tables for people, JSON and CSV for programs."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .baselines import SEPIA, TRUE_CHROMA
from .bootstrap import LEVEL, RESAMPLES, SEED, Estimate
from .measures import FID, MEASURES, RELATIVE
from .report import Report


@dataclass(frozen=True)
class FullRow:
    """One colouring over pictures: each measure with its interval, None where it says nothing.

    fid: None for the truth and for few pictures. relative: differences from and ratios to grey
    or the truth over the same pictures, resampled together; empty for the truth, None where the baseline is zero.
    """

    name: str
    images: int
    figures: dict[str, Estimate | None]
    fid: Estimate | None
    relative: dict[str, Estimate | None]


@dataclass(frozen=True)
class Section:
    """The rows of one set of pictures. fid_of_halves: FID between two halves of the truth: what size alone makes it."""

    images: int
    rows: tuple[FullRow, ...]
    fid_of_halves: float | None


@dataclass(frozen=True)
class FullReport(Report):
    """What `evaluate_full` found: a `Report`, the full rows over all pictures and for every source.

    seconds_per_picture: time that colouring and measuring took. problem: why there is no FID, in one line; None where
    there is.
    """

    full: Section
    full_sources: dict[str, Section]
    seconds_per_picture: float
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All of it in dicts, lists, strings and numbers."""
        return {**super().to_dict(), "intervals": {"level": LEVEL, "resamples": RESAMPLES, "seed": SEED}}

    def to_csv(self) -> str:
        """One line for each figure: source (empty for all), colouring, images, measure, value, low, high."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("source", "colouring", "images", "measure", "value", "low", "high"))
        for source, part in self.sections():
            for row in part.rows:
                for key, estimate in (row.figures | {"fid": row.fid} | row.relative).items():
                    if estimate is not None:
                        numbers = (estimate.value, estimate.low, estimate.high)
                        writer.writerow((source, row.name, row.images, key, *numbers))
            if part.fid_of_halves is not None:
                writer.writerow((source, "truth", part.images, "fid_of_halves", part.fid_of_halves, "", ""))
        if self.against is not None:
            pair = f"{self.against.name} less {self.against.against}"
            for key, found in self.against.differences.items():
                numbers = (found.difference.value, found.difference.low, found.difference.high)
                writer.writerow(("", pair, self.against.images, key, *numbers))
        return text.getvalue()

    def sections(self) -> Iterator[tuple[str, Section]]:
        """All pictures first, their name empty, then each source if there are several."""
        yield "", self.full
        if len(self.full_sources) > 1:
            yield from self.full_sources.items()

    def table(self) -> Table:
        """The figures over all pictures, measures down and colourings across, for `rich.print`; 80 characters wide.

        Each stands with half the width of its interval. What is relative to grey or the truth is only in the files, and
        where two models are compared so are sepia and the true chroma.
        """
        shown = self.full
        if self.against is not None:
            shown = replace(shown, rows=tuple(row for row in shown.rows if row.name not in (SEPIA, TRUE_CHROMA)))
        pictures = "1 picture" if self.images == 1 else f"{self.images} pictures"
        table = Table(
            title=f"{pictures} of {self.data}",
            caption=f"± half of the 95 % interval; {self.seconds_per_picture:.1f} s per picture",
            box=SIMPLE_HEAD,
            padding=0,
            pad_edge=False,
            show_edge=False,
        )
        table.add_column("", no_wrap=True)
        for row in shown.rows:
            table.add_column("\n".join(row.name.rsplit(" ", 1)), justify="right", overflow="fold")
        for heading, *cells in _measure_lines(shown, _short_cell):
            table.add_row(heading, *cells)
        return table


def lines_of(part: Section) -> list[list[str]]:
    """A section as text, measures down and colourings across, each with its interval; the first line is the head."""
    lines = [["", *(row.name for row in part.rows)], *_measure_lines(part, _cell)]
    for measure in RELATIVE:
        cells = [_cell(row.relative.get(measure.key), measure.digits) for row in part.rows]
        lines.append([measure.title, *cells])
    return lines


def _measure_lines(part: Section, cell: Callable[[Estimate | None, int], str]) -> list[list[str]]:
    lines = []
    for measure in MEASURES:
        lines.append([measure.title, *(cell(row.figures[measure.key], measure.digits) for row in part.rows)])
    if part.fid_of_halves is not None:
        halves = f"({part.fid_of_halves:.{FID.digits}f})"
        lines.append([f"{FID.title} (halves)", *(cell(row.fid, FID.digits) for row in part.rows[:-1]), halves])
    return lines


def _cell(estimate: Estimate | None, digits: int) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f}..{estimate.high:.{digits}f})"


def _short_cell(estimate: Estimate | None, digits: int) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.{digits}f}±{(estimate.high - estimate.low) / 2:.{digits}f}"
