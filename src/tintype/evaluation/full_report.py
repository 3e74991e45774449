"""The result of a full benchmark: figures with intervals, as tables for people, JSON and CSV for programs."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .bootstrap import LEVEL, RESAMPLES, SEED, Estimate
from .report import Report


@dataclass(frozen=True)
class Measure:
    """How a measure is shown: its key in JSON, heading, digits after the point, which way is better if any, and what
    it is in a few words.
    """

    key: str
    heading: str
    digits: int
    better: str
    meaning: str = ""

    @property
    def title(self) -> str:
        """The heading with its arrow."""
        return f"{self.heading} {self.better}".strip()


MEASURES = (
    Measure("psnr", "PSNR dB", 2, "↑", "small error of red, green and blue; rewards caution"),
    Measure("ciede2000", "CIEDE2000", 2, "↓", "colour difference to the eye, pixel by pixel"),
    Measure("lpips_alex", "LPIPS alex", 3, "↓", "how different two pictures look, by AlexNet"),
    Measure("lpips_vgg", "LPIPS vgg", 3, "↓", "how different two pictures look, by VGG-16"),
    Measure("same_class", "same class", 3, "↑", "share of pictures that a classifier names as it names the truth"),
    Measure("class_probability", "class prob.", 2, "↑", "what the truth's class gains or loses in probability"),
    Measure("blotchiness", "blotchiness", 2, "", "colour that changes where lightness does not"),
    Measure(
        "excess_blotchiness",
        "excess blotches",
        2,
        "↓",
        "blotchiness that the truth does not have; grey has none",
    ),
    Measure("pixelation", "pixelation", 2, "", "colour that changes from pixel to pixel where lightness does not"),
    Measure("colorfulness", "colourfulness", 1, "", "how vivid, by Hasler and Süsstrunk"),
    Measure("colorfulness_abs", "the same, abs", 1, "", "how vivid, by the variant that most papers print"),
    Measure("mean_chroma", "mean chroma", 1, "", "mean distance from grey, in CIE units"),
)
FID = Measure("fid", "FID", 1, "↓", "how different two sets of pictures are to Inception")

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
        return text.getvalue()

    def sections(self) -> Iterator[tuple[str, Section]]:
        """All pictures first, their name empty, then each source if there are several."""
        yield "", self.full
        if len(self.full_sources) > 1:
            yield from self.full_sources.items()

    def table(self) -> Table:
        """The figures over all pictures, measures down and colourings across, for `rich.print`; 80 characters wide.

        Each stands with half the width of its interval. What is relative to grey or the truth is only in the files.
        """
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
        for row in self.full.rows:
            table.add_column("\n".join(row.name.rsplit(" ", 1)), justify="right", overflow="fold")
        for heading, *cells in _measure_lines(self.full, _short_cell):
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
