"""The result of a full benchmark: figures with intervals, as tables for people, JSON and CSV for programs."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .bootstrap import LEVEL, RESAMPLES, SEED, Estimate
from .report import Report


@dataclass(frozen=True)
class Measure:
    """How a measure is shown: its key in JSON, heading, digits after the point, and which way is better, if any."""

    key: str
    heading: str
    digits: int
    better: str


MEASURES = (
    Measure("psnr", "PSNR dB", 2, "↑"),
    Measure("ciede2000", "CIEDE2000", 2, "↓"),
    Measure("lpips_alex", "LPIPS alex", 3, "↓"),
    Measure("lpips_vgg", "LPIPS vgg", 3, "↓"),
    Measure("same_class", "same class", 3, "↑"),
    Measure("class_probability", "class probability", 3, "↑"),
    Measure("blotchiness", "blotchiness", 2, ""),
    Measure("excess_blotchiness", "beyond the truth's", 2, "↓"),
    Measure("colorfulness", "colourfulness", 1, ""),
    Measure("colorfulness_abs", "the same, abs", 1, ""),
    Measure("mean_chroma", "mean chroma", 1, ""),
)

# What compares a picture with its truth and says nothing of the truth itself.
COMPARISONS = frozenset(
    {"psnr", "ciede2000", "lpips_alex", "lpips_vgg", "same_class", "class_probability", "excess_blotchiness"}
)
# Measures given as a share of grey's, and of the truth's.
AGAINST_GREY = ("ciede2000", "lpips_alex", "lpips_vgg")
AGAINST_TRUTH = ("colorfulness", "colorfulness_abs", "mean_chroma", "blotchiness")
RELATIVE = (
    Measure("psnr_above_grey", "PSNR above grey, dB", 2, "↑"),
    Measure("ciede2000_of_grey", "CIEDE2000 / grey's", 3, "↓"),
    Measure("lpips_alex_of_grey", "LPIPS alex / grey's", 3, "↓"),
    Measure("lpips_vgg_of_grey", "LPIPS vgg / grey's", 3, "↓"),
    Measure("colorfulness_of_truth", "colourfulness / truth's", 3, ""),
    Measure("colorfulness_abs_of_truth", "the same, abs / truth's", 3, ""),
    Measure("mean_chroma_of_truth", "mean chroma / truth's", 3, ""),
    Measure("blotchiness_of_truth", "blotchiness / truth's", 3, ""),
)


@dataclass(frozen=True)
class FullRow:
    """One colouring over pictures: each measure with its interval, None where it says nothing.

    fid has no interval: each resample would cost as much as the figure. relative: differences from and ratios to grey
    or the truth over the same pictures, resampled together; empty for the truth, None where the baseline is zero.
    """

    name: str
    images: int
    figures: dict[str, Estimate | None]
    fid: float | None
    relative: dict[str, Estimate | None]


@dataclass(frozen=True)
class Section:
    """The rows of one set of pictures. fid_of_halves: FID between two halves of the truth, FID's bias at that size."""

    images: int
    rows: tuple[FullRow, ...]
    fid_of_halves: float | None


@dataclass(frozen=True)
class FullReport(Report):
    """What `evaluate_full` found: a `Report`, the full rows over all pictures and for every source.

    problem: why there is no FID, in one line; None where there is.
    """

    full: Section
    full_sources: dict[str, Section]
    problem: str | None = None

    def full_row(self, name: str) -> FullRow:
        """The full row of that name, over all pictures. Raises KeyError if there is none."""
        for row in self.full.rows:
            if row.name == name:
                return row
        raise KeyError(f"no row is called {name!r}; there are {', '.join(row.name for row in self.full.rows)}")

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
                for key, estimate in (row.figures | row.relative).items():
                    if estimate is not None:
                        numbers = (estimate.value, estimate.low, estimate.high)
                        writer.writerow((source, row.name, row.images, key, *numbers))
                if row.fid is not None:
                    writer.writerow((source, row.name, row.images, "fid", row.fid, "", ""))
            if part.fid_of_halves is not None:
                writer.writerow((source, "truth", part.images, "fid_of_halves", part.fid_of_halves, "", ""))
        return text.getvalue()

    def sections(self) -> Iterator[tuple[str, Section]]:
        """All pictures first, their name empty, then each source if there are several."""
        yield "", self.full
        if len(self.full_sources) > 1:
            yield from self.full_sources.items()

    def table(self) -> Table:
        """The figures over all pictures, measures down and colourings across, for `rich.print`."""
        pictures = "1 picture" if self.images == 1 else f"{self.images} pictures"
        table = Table(title=f"{pictures} of {self.data}, with 95 % intervals", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        head, *lines = lines_of(self.full)
        table.add_column("")
        for name in head[1:]:
            table.add_column(name.replace(" ", "\n", 1), justify="right", no_wrap=True)
        for line in lines:
            table.add_row(line[0], *(cell.replace(" ", "\n", 1) for cell in line[1:]))
        return table


def lines_of(part: Section) -> list[list[str]]:
    """A section as text, measures down and colourings across, each with its interval; the first line is the head."""
    lines = [["", *(row.name for row in part.rows)]]
    for measure in MEASURES:
        cells = [_cell(row.figures[measure.key], measure.digits) for row in part.rows]
        lines.append([f"{measure.heading} {measure.better}".strip(), *cells])
    fids = ["" if row.fid is None else f"{row.fid:.1f}" for row in part.rows]
    if part.fid_of_halves is not None:
        lines.append(["FID ↓ (truth: its halves)", *fids[:-1], f"{part.fid_of_halves:.1f}"])
    for measure in RELATIVE:
        cells = [_cell(row.relative.get(measure.key), measure.digits) for row in part.rows]
        lines.append([f"{measure.heading} {measure.better}".strip(), *cells])
    return lines


def _cell(estimate: Estimate | None, digits: int) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.{digits}f} {estimate.low:.{digits}f}..{estimate.high:.{digits}f}"
