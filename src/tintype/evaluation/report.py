"""The result of a benchmark: plain data, a table for people, JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from tintype.imaging.metrics import Figures

from .paired import Comparison

FORMAT = 1

_HEADINGS = (
    "PSNR\ndB ↑",
    "CIEDE\n2000 ↓",
    "colour-\nfulness",
    "Δ ↓",
    "the same,\nabs",
    "Δ ↓",
    "mean\nchroma",
)


@dataclass(frozen=True)
class Row:
    """One colouring, averaged over pictures; `Figures` tells the units.

    delta_colorfulness and delta_colorfulness_abs are the distances of the means to the truth's means. psnr is
    None for the truth itself.
    """

    name: str
    images: int
    psnr: float | None
    ciede2000: float
    colorfulness: float
    delta_colorfulness: float
    colorfulness_abs: float
    delta_colorfulness_abs: float
    mean_chroma: float

    @classmethod
    def average(cls, name: str, figures: Sequence[Figures], truth: Sequence[Figures]) -> "Row":
        """The row of one colouring; both sequences hold the same pictures, one at least."""
        colorfulness = _mean([f.colorfulness for f in figures])
        colorfulness_abs = _mean([f.colorfulness_abs for f in figures])
        return cls(
            name=name,
            images=len(figures),
            psnr=None if figures is truth else _mean([f.psnr for f in figures]),
            ciede2000=_mean([f.ciede2000 for f in figures]),
            colorfulness=colorfulness,
            delta_colorfulness=abs(colorfulness - _mean([f.colorfulness for f in truth])),
            colorfulness_abs=colorfulness_abs,
            delta_colorfulness_abs=abs(colorfulness_abs - _mean([f.colorfulness_abs for f in truth])),
            mean_chroma=_mean([f.mean_chroma for f in figures]),
        )


@dataclass(frozen=True)
class Skipped:
    """A picture that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Report:
    """What `evaluate` found.

    rows: the model first, then the baselines, then the truth, over all pictures. sources: the same rows for
    every collection by itself, by the name that its file names begin with. model: name, version and SHA-256
    of the model file, the device and the precision. size, limit and per_source are the options given, None where they
    were not. against: the comparison with another model, whose row is the second; None where none was asked for.
    """

    model: dict[str, str]
    data: str
    size: int | None
    limit: int | None
    images: int
    rows: tuple[Row, ...]
    sources: dict[str, tuple[Row, ...]]
    skipped: tuple[Skipped, ...]
    per_source: int | None = field(default=None, kw_only=True)
    against: Comparison | None = field(default=None, kw_only=True)

    def row(self, name: str) -> Row:
        """The row of that name, over all pictures. Raises KeyError if there is none."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"no row is called {name!r}; there are {', '.join(row.name for row in self.rows)}")

    def to_dict(self) -> dict[str, Any]:
        """All of it in dicts, lists, strings and numbers."""
        return {"format": FORMAT, **asdict(self)}

    def to_json(self) -> str:
        """All of it as JSON text with a final line break; the same report gives the same text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"

    def table(self) -> Table:
        """The rows over all pictures, for `rich.print`; arrows say which direction is better."""
        pictures = "1 picture" if self.images == 1 else f"{self.images} pictures"
        table = Table(title=f"{pictures} of {self.data}", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("", no_wrap=True)
        for heading in _HEADINGS:
            table.add_column(heading, justify="right", no_wrap=True)
        for row in self.rows:
            table.add_row(
                row.name,
                "" if row.psnr is None else f"{row.psnr:.2f}",
                f"{row.ciede2000:.2f}",
                f"{row.colorfulness:.1f}",
                f"{row.delta_colorfulness:.1f}",
                f"{row.colorfulness_abs:.1f}",
                f"{row.delta_colorfulness_abs:.1f}",
                f"{row.mean_chroma:.1f}",
            )
        return table


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
