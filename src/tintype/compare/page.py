"""The page of a comparison: the verdict, the ranking as a figure and a table, the same pictures by every entrant."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from tintype.data.cache import PictureCache
from tintype.data.pairs import crop_square
from tintype.reports.charts import empty_chart
from tintype.reports.page import card, columns, framed, section, table, write_page
from tintype.reports.pictures import show
from tintype.training.recipe import Recipe

from .measure import NOISE, Measured
from .ranking import LEVEL, Place, verdict

SHOWN = 8  # pictures
LEAST_SIDE = 112  # pixels that a picture is shown at, so that its entrant's name fits above it
GAP = 4
Pictures = Mapping[str, Sequence[NDArray[np.uint8]]]


def write_comparison_page(
    path: Path,
    places: Sequence[Place],
    runs: Mapping[str, Sequence[Measured]],
    pictures: Pictures,
    test: tuple[PictureCache, NDArray[np.int64]],
    recipe: Recipe,
) -> Path:
    """Write the page; raises OutputError when it cannot be written."""
    one = next(iter(runs.values()))[0]
    told = (
        f"{len(one.ciede2000)} test pictures that nothing was trained on or chosen by (hash {one.test}), crops of "
        f"{recipe.stages[0].size} px; every run saw {one.images:,} images or up to a batch more, "
        f"{places[0].seeds} seed{'s' if places[0].seeds > 1 else ''} of each"
    )
    score = (
        "The score is CIEDE2000 as a part of grey's, plus a quarter of the relative distance of colourfulness from the "
        f"photographs': 0 is the truth, 1.25 is grey. Bars are {LEVEL} % intervals over pictures and seeds."
    )
    body = section(verdict(places), told, card("Ranking", score, ranking_chart(places)), _table(places, runs))
    body += section("Pictures", "Seed 0 of each, on test pictures evenly spread.", _pictures(places, pictures, test))
    gave_up = [run for of_one in runs.values() for run in of_one if run.warnings]
    rows = [[f"{run.name}, seed {run.seed}", "; ".join(run.warnings)] for run in gave_up]
    body += section("What the runs warned of", "", table(["run", "warning"], rows)) if rows else ""
    return write_page(path, "Comparison of " + ", ".join(sorted(runs)), body)


def ranking_chart(places: Sequence[Place]) -> go.Figure:
    """The ranking as dots with their 95 % intervals, the best on top, each row named, beside what grey scores."""
    shown = list(reversed(places))
    above = [place.interval[1] - place.score for place in shown]
    below = [place.score - place.interval[0] for place in shown]
    chart = empty_chart()
    chart.add_trace(
        go.Scatter(
            x=[place.score for place in shown],
            y=[place.name for place in shown],
            mode="markers",
            marker={"size": 12},
            error_x={"type": "data", "array": above, "arrayminus": below},
        )
    )
    chart.add_vline(x=1.25, line_dash="dot", annotation_text="grey")
    chart.update_xaxes(title="score, smaller is better", type="linear")
    chart.update_yaxes(type="category", automargin=True, title=None, tickmode="linear", dtick=1)  # each has its name
    chart.update_layout(showlegend=False, height=max(270, 110 + 34 * len(places)))
    return chart


def _table(places: Sequence[Place], runs: Mapping[str, Sequence[Measured]]) -> str:
    head = ["", "score", f"{LEVEL} %", "behind the first", "more than luck", "PSNR dB", "CIEDE2000", "colourfulness"]
    head += [f"CIEDE2000 with noise of {NOISE:.0f}", "critic's loss", "images/s"]
    rows = []
    for place in places:
        of_one = runs[place.name]
        noisy = [np.mean(run.ciede2000_noisy) for run in of_one if run.ciede2000_noisy]
        critics = [run.critic_loss for run in of_one if run.critic_loss is not None]
        speed = np.mean([run.images / max(run.seconds, 1e-9) for run in of_one])
        low, high = place.behind_interval
        first = place is places[0]
        rows.append(
            [
                place.name,
                f"{place.score:.3f}",
                f"{place.interval[0]:.3f} to {place.interval[1]:.3f}",
                "" if first else f"{place.behind:.3f} ({low:.3f} to {high:.3f})",
                "" if first else "yes" if place.clear else "no",
                f"{place.psnr:.2f}",
                f"{place.ciede2000:.2f}",
                f"{place.colorfulness:.1f}",
                f"{np.mean(noisy):.2f}" if noisy else "",
                f"{np.mean(critics):.2f}" if critics else "",
                f"{speed:.1f}",
            ]
        )
    one = next(iter(runs.values()))[0]
    grey = [f"{np.mean(one.psnr_grey):.2f}", f"{np.mean(one.ciede2000_grey):.2f}", "0.0", "", "", ""]
    rows.append(["grey", "1.250", "", "", "", *grey])
    rows.append(["truth", "0.000", "", "", "", "", "0.00", f"{np.mean(one.colorfulness_true):.1f}", "", "", ""])
    return table(head, rows)


def _pictures(places: Sequence[Place], pictures: Pictures, test: tuple[PictureCache, NDArray[np.int64]]) -> str:
    names = [place.name for place in places if place.name in pictures]
    if not names:
        return ""
    cache, indices = test
    side = pictures[names[0]][0].shape[0]
    larger = -(-LEAST_SIDE // side)  # whole times: what the network answered, not a smooth guess at it
    cell = larger * side + GAP
    chosen = np.linspace(0, len(indices) - 1, min(SHOWN, len(indices)), dtype=int)
    heads = ["photograph", *names]
    sheet = Image.new("RGB", (len(heads) * cell, len(chosen) * cell), "white")
    for row, number in enumerate(chosen):
        truth = crop_square(cache[int(indices[number])], side, 1.0, 0.5, 0.5, False)
        for column, picture in enumerate([truth, *(pictures[name][number] for name in names)]):
            square = Image.fromarray(np.ascontiguousarray(picture)).resize(
                (cell - GAP, cell - GAP), Image.Resampling.NEAREST
            )
            sheet.paste(square, (column * cell, row * cell))
    return framed("The same pictures by all", "", columns(heads, show(sheet), "photographs and answers side by side"))
