"""The ranking of the published systems in one picture, made of the lines that systems.py writes."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from line_chart import GREY, INK, ORDERED, RULE, nice_ticks, rule, text_at
from systems_tables import Line, groups, runs_of_systems, test_set

from tintype.tune.score import TrialScore

WIDTH, LEFT, RIGHT, ROW, HEAD, FOOT = 720.0, 210.0, 40.0, 20.0, 30.0, 44.0
GREY_SCORE = 1.25  # of an answer without colour, whatever the pictures


@dataclass(frozen=True)
class Ranked:
    """A system on a test set: its name, the scores of its runs, smaller is better."""

    name: str
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over its runs."""
        return statistics.mean(self.scores)


def score(line: Line) -> float:
    """That of `tintype compare`: 0 for the truth, 1.25 for grey."""
    keys = ("ciede2000", "ciede2000_grey", "colorfulness", "colorfulness_true")
    return TrialScore(line["images"], *(line[key] for key in keys)).score


def rankings(lines: Sequence[Line], studies: Sequence[Line] = ()) -> dict[str, list[Ranked]]:
    """The systems by test set, the best first; of photographs, since a drawing has no light to keep.

    Before the long runs in `lines` stands the study of all systems on the same pictures, of comparison.py's lines.
    """
    found: dict[str, list[Ranked]] = {}
    alike = [line for line in studies if line["study"] == "systems"]
    for of_study in groups(alike, "planned", "size", "test"):
        first = of_study[0]
        what = f"{first['planned']:,} images at {first['size']} px (test set {first['test']})"
        found[f"the same pictures for all, {what}"] = _best_first(groups(of_study, "name"))
    told = [line | {"test": test_set(line)} for line in lines if line["condition"] == "lightness"]
    for of_data in groups(told, "data", "pictures", "condition", "test"):
        title = f"{of_data[0]['data']}, {of_data[0]['pictures']} pictures ({of_data[0]['test'].replace('`', '')})"
        found[title] = _best_first(runs_of_systems(of_data))
    return found


def _best_first(systems: Sequence[Sequence[Line]]) -> list[Ranked]:
    ranked = [Ranked(runs[0]["name"], tuple(map(score, runs))) for runs in systems]
    return sorted(ranked, key=lambda one: one.mean)


def draw_ranking(found: dict[str, list[Ranked]]) -> str:
    """One SVG picture: a panel for each test set, a row for each system, a ring for each run, a dot for their mean."""
    every = [value for ranked in found.values() for one in ranked for value in one.scores]
    ticks = nice_ticks(0.0, max([GREY_SCORE, *every]))
    height = HEAD * len(found) + ROW * sum(map(len, found.values())) + FOOT

    def at(value: float) -> float:
        return LEFT + value / ticks[-1] * (WIDTH - LEFT - RIGHT)

    parts = []
    top = 0.0
    for title, ranked in found.items():
        parts.append(text_at(10, top + 19, title, size=11, weight="bold"))
        bottom = top + HEAD + ROW * len(ranked)
        parts += [rule(at(tick), top + HEAD - 4, at(tick), bottom, RULE) for tick in ticks]
        parts.append(rule(at(GREY_SCORE), top + HEAD - 4, at(GREY_SCORE), bottom, GREY))
        for number, one in enumerate(ranked):
            parts += _row(one, top + HEAD + ROW * (number + 0.5), at)
        top = bottom
    parts += [text_at(at(tick), top + 14, f"{tick:g}", anchor="middle") for tick in ticks]
    parts.append(text_at(at(0), top + 32, "0 is the truth; smaller is better", colour=GREY))
    parts.append(text_at(at(GREY_SCORE), top + 32, "1.25: grey", anchor="middle", colour=GREY))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" '
        f'height="{height:g}" font-family="Helvetica, Arial, sans-serif" font-size="10">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _row(one: Ranked, y: float, at: Any) -> list[str]:
    seeds = f" ({len(one.scores)} seeds)" if len(one.scores) > 1 else ""
    parts = [text_at(LEFT - 10, y + 3.5, one.name + seeds, anchor="end", colour=INK)]
    if len(one.scores) > 1:
        parts.append(rule(at(min(one.scores)), y, at(max(one.scores)), y, INK))
        parts += [f'<circle cx="{at(v):.1f}" cy="{y:.1f}" r="3" fill="white" stroke="{INK}"/>' for v in one.scores]
    colour = ORDERED[3] if one.mean < GREY_SCORE else ORDERED[0]
    parts.append(f'<circle cx="{at(one.mean):.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>')
    label = text_at(at(max(one.scores)) + 9, y + 3.5, f"{one.mean:.2f}", colour=colour)
    parts.append(f'<g stroke="white" stroke-width="3" paint-order="stroke">{label}</g>')  # over the line of grey
    return parts


def ranking_text(found: dict[str, list[Ranked]], place: str) -> str:
    """What stands in the document: the picture, and the order in words, for whoever does not see it."""
    orders = [
        f"- {title}: " + ", ".join(f"{one.name} {one.mean:.2f}" for one in ranked) for title, ranked in found.items()
    ]
    return f"![The systems by their score, on each test set]({place})\n\n" + "\n".join(orders)
