"""Figures that benchmarks keep: tables inside documents, between `<!-- NAME -->` and `<!-- /NAME -->`, and lines of
JSON. Nothing is kept where `QUICK` is set: such a run only shows that a benchmark still works. The documents tell of
the model that is taken by default: of another nothing but a line is kept."""

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SHOWN = "tint"
QUICK = "TINTYPE_QUICK_BENCHMARK"  # an environment variable, set by `python -m benchmarks --quick`


def append_line(path: Path, row: Mapping[str, Any]) -> None:
    """Add a row to a file of JSON lines."""
    if QUICK not in os.environ:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def keep_text(path: Path, text: str, model: str = SHOWN) -> None:
    """Write a figure (SVG) of what was measured on a model."""
    if QUICK not in os.environ and model == SHOWN:
        path.write_text(text, encoding="utf-8")


def replace_block(document: Path, name: str, text: str, model: str = SHOWN) -> None:
    """Put `text`, measured on a model, between the markers `name` of a document; raises SystemExit when it has none."""
    if QUICK in os.environ or model != SHOWN:
        return
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    old = document.read_text(encoding="utf-8")
    if start not in old or end not in old:
        raise SystemExit(f"{document}: no block {start} ... {end} in it; add the two lines where the table belongs")
    before, _, rest = old.partition(start)
    after = rest.partition(end)[2]
    document.write_text(f"{before}{start}\n{text.strip()}\n{end}{after}", encoding="utf-8")


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def mean_sd(values: Sequence[float], form: str = ".2f") -> str:
    """The mean, with the sample standard deviation where there are several values."""
    mean = f"{statistics.mean(values):{form}}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):{form}}"
