"""Whose faces come out wrong: errors on the skin of portraits, by how dark the skin is.

    python benchmarks/skin.py --data faces.tar [--model tint] [--limit 300]

tintype.evaluation.skin finds the skin and its group. Prints a table, writes it into docs/measures.md, and appends a
line to benchmarks/skin.jsonl.
"""

import argparse
import datetime
import json
from pathlib import Path

import numpy as np
from documents import markdown_table, replace_block

from tintype import Colorizer, Photo
from tintype.data.sources import Picture
from tintype.evaluation.benchmark import collect
from tintype.evaluation.skin import SkinFigures, by_group, measure_skin

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="tint")
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    colorizer = Colorizer(options.model, threads=options.threads)

    def measure(_: Picture, truth: Photo, coloured: Photo) -> SkinFigures | None:
        return measure_skin(truth, coloured)

    found = collect(colorizer, options.data, measure, size=None, limit=options.limit, progress=None)
    portraits = [one for one in found.everything if one is not None]
    groups: dict[str, dict[str, float]] = {}
    for name, measured in by_group(portraits).items():
        keys = ("ciede2000", "ciede2000_grey", "chroma", "a", "b")
        groups[name] = {key: round(float(np.mean([getattr(one, key) for one in measured])), 3) for key in keys}
        groups[name]["pictures"] = len(measured)
    row = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "model": colorizer.model.info.name,
        "sha256": colorizer.model.sha256,
        "without_skin": len(found.everything) - len(portraits),
        "groups": groups,
    }
    with (ROOT / "benchmarks" / "skin.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row, indent=2))
    headings = [
        "skin",
        "portraits",
        "CIEDE2000",
        "grey's",
        "chroma too high by",
        "a\\* too high by",
        "b\\* too high by",
    ]
    rows = [
        [name, f"{f['pictures']}", f"{f['ciede2000']:.1f}", f"{f['ciede2000_grey']:.1f}"]
        + [f"{f[key]:+.1f}" for key in ("chroma", "a", "b")]
        for name, f in groups.items()
    ]
    replace_block(ROOT / "docs" / "measures.md", "skin table", markdown_table(headings, rows))


if __name__ == "__main__":
    main()
