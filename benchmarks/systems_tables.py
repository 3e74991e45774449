"""Markdown tables of the lines that systems.py writes."""

from collections.abc import Iterable
from typing import Any

from documents import markdown_table, mean_sd

Line = dict[str, Any]

# What networks judge by, where it was measured: key, heading, format, the truth's own.
JUDGED = (("lpips", "LPIPS ↓", ".3f", "0.000"), ("fid", "FID ↓", ".0f", "0"))
HEADINGS = ("", "generator", "critic", "images seen", "images/s", "px", "PSNR dB ↑", "CIEDE2000 ↓", "colourfulness")


def groups(lines: Iterable[Line], *keys: str) -> list[list[Line]]:
    """Lines that agree in `keys`, in the order of their first appearance."""
    found: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        found.setdefault(tuple(line[key] for key in keys), []).append(line)
    return list(found.values())


def runs_of_systems(lines: Iterable[Line]) -> list[list[Line]]:
    """Runs that differ only in their seeds and logs; raises SystemExit when one name stands for two recipes."""
    by_recipe = groups(lines, "name", "recipe", "size")
    names = [group[0]["name"] for group in by_recipe]
    for name in names:
        if names.count(name) > 1:
            raise SystemExit(f"{name!r} stands for runs of different recipes; give them names: NAME=RUN=DATA")
    return by_recipe


def test_set(line: Line) -> str:
    """What tells test sets apart: the hash of their pictures. Raises SystemExit for a line that cannot be traced."""
    if not (line.get("test") and line.get("weights")):
        raise SystemExit(f"{line['run']}: the line has no hash of its pictures and weights; measure the run anew")
    return f"test set `{line['test']}`"


def system_tables(lines: list[Line]) -> str:
    """A table for each test set: grey, the systems, the truth. Runs on different pictures are never put together."""
    tables = []
    told = [line | {"test": test_set(line)} for line in lines]
    for of_data in groups(told, "data", "pictures", "condition", "test"):
        first = of_data[0]
        sketches = first["condition"] == "sketch"
        judged = [one for one in JUDGED if any(one[0] in line for line in of_data)]
        headings = (*HEADINGS, *(heading for _, heading, *_ in judged))
        rows = [_system_row(runs, sketches, judged) for runs in runs_of_systems(of_data)]
        figures = _figures(first, sketches)
        grey = [*[""] * 5, f"{figures['psnr_grey']:.2f}", f"{figures['ciede2000_grey']:.2f}", "" if sketches else "0.0"]
        truth = [*[""] * 7, f"{figures['colorfulness_true']:.1f}"]
        for key, _, form, itself in judged:
            of_grey = next(line[f"{key}_grey"] for line in of_data if f"{key}_grey" in line)
            grey, truth = [*grey, f"{of_grey:{form}}"], [*truth, itself]
        title = f"**`{first['data']}`**, {first['pictures']} pictures ({first['test']})"
        if sketches:
            title += ", squares of the training size, as its validation saw them"
        halves = [line["fid_of_halves"] for line in of_data if "fid_of_halves" in line]
        if halves:
            title += f"; FID between two halves of the truth is {halves[0]:.0f}"
        rows = [["*the drawing itself*" if sketches else "*grey*", *grey], *rows, ["*truth*", *truth]]
        tables.append(f"{title}\n\n{markdown_table(headings, rows)}")
    return "\n\n".join(tables)


def raw_ab_table(lines: list[Line]) -> str:
    """Seed 2's figure: the mean squared error of one ab plane in CIE units, beside that of a grey answer."""
    runs = [line for line in lines if line["system"] == "driving" and "ab_mse" in line["validation"]]
    if not runs:
        return "No run of this system has been measured yet."
    rows = []
    for group in groups(runs, "name", "data", "recipe"):
        error = [line["validation"]["ab_mse"] for line in group]
        grey = group[0]["validation"]["ab_mse_grey"]
        share = sum(error) / len(error) / grey
        pictures = f"{group[0]['training_pictures']} / {group[0]['pictures']}"
        rows.append([group[0]["name"], pictures, f"{grey:.2f}", mean_sd(error), f"{share:.0%}"])
    headings = ("split", "frames trained on / held out", "grey", "driving U-Net", "of grey's")
    return markdown_table(headings, rows)


def _figures(line: Line, sketches: bool) -> dict[str, float]:
    figures: dict[str, float] = line["validation"] if sketches else line
    return figures


def _system_row(runs: list[Line], sketches: bool, judged: list[tuple[str, str, str, str]]) -> list[str]:
    first = runs[0]
    name = first["name"] if len(runs) == 1 else f"{first['name']} ({len(runs)} seeds)"
    speeds = sorted(line["images_per_second"] for line in runs)
    figures = [_figures(line, sketches) for line in runs]
    cells = [
        name,
        f"{first['generator_parameters']:,}",
        f"{first['critic_parameters']:,}" if first["critic_parameters"] else "none",
        f"{first['images']:,}",
        f"{speeds[len(speeds) // 2]:.0f}",
        str(first["size"]),
        mean_sd([one["psnr"] for one in figures]),
        mean_sd([one["ciede2000"] for one in figures]),
        mean_sd([one["colorfulness"] for one in figures], ".1f"),
    ]
    for key, _, form, _ in judged:
        distances = [line[key] for line in runs if key in line]
        some = f" ({len(distances)} of {len(runs)})" if len(distances) < len(runs) else ""
        cells.append(mean_sd(distances, form) + some if distances else "")
    return cells
