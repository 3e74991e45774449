"""Paired comparison of two models on the same photographs: mean differences, bootstrap intervals, wins.

Two means with intervals side by side hide small differences, since most of an interval is which pictures were drawn. On
the same pictures the difference of each is taken first (a paired test), and its interval is several times narrower.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from .bootstrap import Estimate, difference
from .measures import MEASURES


@dataclass(frozen=True)
class PairedDifference:
    """Mean of a model's measure less the other's, over the same pictures, with its 95 % interval.

    better_on: the share of pictures on which the model is the better one, equal ones counted by half; None where
    neither way is better. verdict: better, worse, or undecided, where the interval holds zero; None likewise.
    """

    difference: Estimate
    better_on: float | None
    verdict: str | None


@dataclass(frozen=True)
class Comparison:
    """A model against another, picture by picture.

    model: what a report says of the other. name, against: the rows of the report that are compared. differences: by the
    measure's key, the first less the other.
    """

    model: dict[str, str]
    name: str
    against: str
    images: int
    differences: dict[str, PairedDifference]

    def lines(self) -> list[list[str]]:
        """A line for each measure: its title, the difference with its interval, the share of wins, the verdict."""
        lines = []
        for measure in MEASURES:
            if measure.key in self.differences:
                found = self.differences[measure.key]
                value, half = found.difference.value, (found.difference.high - found.difference.low) / 2
                digits = measure.digits + 1  # differences are smaller than what they are of
                wins = "" if found.better_on is None else f"{100 * found.better_on:.0f} %"
                shown = f"{value:+.{digits}f} ±{half:.{digits}f}"
                lines.append([measure.title, shown, wins, found.verdict or ""])
        return lines

    def table(self) -> Table:
        """The differences, for `rich.print`; 80 characters wide."""
        table = Table(
            title=f"{self.name} less {self.against}, picture by picture",
            caption="± half of the 95 % interval; undecided: it holds zero",
            box=SIMPLE_HEAD,
        )
        table.add_column("")
        for heading in ("difference", "better on", "verdict"):
            table.add_column(heading, justify="right")
        for line in self.lines():
            table.add_row(*line)
        return table


def compare(
    name: str,
    against: str,
    model: dict[str, str],
    values: Sequence[Mapping[str, float]],
    others: Sequence[Mapping[str, float]],
) -> Comparison:
    """Compare the measures of two models, those of one picture in the same place of both sequences.

    values, others: for each picture its measures by key. Raises ValueError where the sequences differ in length or are
    empty.
    """
    known = [measure for measure in MEASURES if measure.key in values[0]] if values else []
    found = {}
    for measure in known:
        ours = np.asarray([one[measure.key] for one in values])
        theirs = np.asarray([one[measure.key] for one in others])
        found[measure.key] = _difference(ours, theirs, {"↑": 1, "↓": -1}.get(measure.better, 0))
    return Comparison(model, name, against, len(values), found)


def _difference(ours: np.ndarray, theirs: np.ndarray, direction: int) -> PairedDifference:
    estimate = difference(ours, theirs)
    if not direction:
        return PairedDifference(estimate, None, None)
    gains = direction * (ours - theirs)
    better_on = float((gains > 0).mean() + (gains == 0).mean() / 2)
    if estimate.low <= 0 <= estimate.high:
        return PairedDifference(estimate, better_on, "undecided")
    return PairedDifference(estimate, better_on, "better" if direction * estimate.value > 0 else "worse")
