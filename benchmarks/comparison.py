"""The comparison of the published systems on equal terms, and the ablations that their documents argue from.

    python benchmarks/comparison.py --data photos/ landscapes/ streets/ --study systems [--images 20000] [--seeds 3]
    python benchmarks/comparison.py --tables

Trains every row of a study with `tintype.compare`, on the same pictures, for the same number of images, at one crop
size, into runs/comparison/STUDY. The same command goes on after an interruption, run by run and within a run, so that
days of training can be done in pieces. One held-out test set for all rows, which no choice has seen; its hash and those
of the weights stand in every line. Each finished study is written to benchmarks/comparison.jsonl and, as a ranking with
intervals, into docs/systems.md; `--tables` makes those tables anew from the lines.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from documents import markdown_table, replace_block

from tintype.compare.measure import NOISE
from tintype.compare.plan import Entrant
from tintype.compare.study import compare

ROOT = Path(__file__).parents[1]
LINES = Path(__file__).with_suffix(".jsonl")

# What each document argues from, each as rows that differ in one thing.
STUDIES: dict[str, list[str]] = {
    "systems": ["pix2pix", "uvu", "driving", "nogan", "landscape", "tint"],
    "uvu": [
        "source=uvu",
        "spatial=uvu generator.attention=spatial",
        "no-attention=uvu generator.attention=none",
        "no-extra-block=uvu generator.inner=no-extra",
        "no-inner-net=uvu generator.attention=none generator.inner=none",
    ],
    "losses": [
        "gan=pix2pix",
        "l1=pix2pix stages.0.kind=supervised",
        "l2=pix2pix stages.0.kind=supervised stages.0.losses={l2=100.0}",
    ],
    "patch": ["patch=pix2pix", "whole-image=pix2pix critic.whole=true"],
    "alpha": [
        *(f"alpha-{a}=landscape stages.0.alpha={a}" for a in (0, 0.1, 0.9)),
        "critic-every-1=landscape stages.0.critic_every=1",
        "critic-joint=landscape stages.0.critic_update=joint",
    ],
    "nogan": [
        "nogan=nogan",
        "gan-from-the-start=nogan cycles=1 stages.*.kind=adversarial stages.*.gan=hinge stages.*.adversarial=0.05 "
        "stages.4.losses={l1=1.0,feature=1.0}",
        "no-noise=nogan stages.*.noise=0.0",
        "no-attention=nogan generator.attention=false",
    ],
}
FIGURES = ("psnr", "ciede2000", "colorfulness", "ciede2000_noisy")
DATA_STUDY = (2_000, 8_000, 0)  # pictures; 0 is all


def lines_of(path: Path) -> list[dict[str, Any]]:
    """What earlier calls measured."""
    return [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []


def remember(study: str, folder: Path, images: int, size: int, changes: list[str]) -> None:
    """Add a finished study's lines, in place of those that the same study had on the same test set."""
    here = {"study": study, "size": size, "planned": images, "set": changes}
    new = [here | line for line in lines_of(folder / "comparison.jsonl")]
    tests = {line["test"] for line in new}
    kept = [line for line in lines_of(LINES) if line["study"] != study or line["test"] not in tests]
    LINES.write_text("".join(json.dumps(line) + "\n" for line in [*kept, *new]))


def tables() -> str:
    """A table for each study: one test set, named by its hash, and for each row the mean and deviation over seeds."""
    parts = []
    found = lines_of(LINES)
    for study, test in dict.fromkeys((line["study"], line["test"]) for line in found):
        of_study = [line for line in found if (line["study"], line["test"]) == (study, test)]
        first = of_study[0]
        rows = []
        for name in dict.fromkeys(line["name"] for line in of_study):
            runs = [line for line in of_study if line["name"] == name]
            cells = [f"{name} ({len(runs)} seeds)", *(_mean(runs, key) for key in FIGURES)]
            critics = [run["critic_loss"] for run in runs if run["critic_loss"] is not None]
            gave_up = sum(any("given up" in text for text in run["warnings"]) for run in runs)
            verdict = f"{np.mean(critics):.3f}" if critics else ""
            rows.append([*cells, verdict + (f", gave up in {gave_up}" if gave_up else "")])
        rows.append(["*grey*", f"{first['psnr_grey']:.2f}", f"{first['ciede2000_grey']:.2f}", "0.0", "", ""])
        rows.append(["*truth*", "", "0.00", f"{first['colorfulness_true']:.2f}", "", ""])
        heads = ("", "PSNR dB ↑", "CIEDE2000 ↓", "colourfulness", f"CIEDE2000, noise of {NOISE:.0f} ↓", "critic's loss")
        changed = "".join(f", `{change}` in every row" for change in first.get("set", []))
        title = f"**{study}**: {first['images']:,} images at {first['size']} px{changed}, test set `{test}`"
        parts.append(f"{title}\n\n{markdown_table(heads, rows)}")
    return "\n\n".join(parts)


def _mean(runs: list[dict[str, Any]], key: str) -> str:
    values = [run[key] for run in runs if key in run]  # what lines of earlier versions lack
    if not values:
        return ""
    spread = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{spread}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=Path, help="photographs, landscapes, streets: folders or .tar")
    parser.add_argument("--study", choices=[*STUDIES, "data"], default="systems")
    parser.add_argument("--images", type=int, default=20_000, help="that every run sees")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--recipe", default="pix2pix", help="of the study of data")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="a change to every row")
    parser.add_argument("--runs", type=Path, default=Path("runs/comparison"))
    parser.add_argument("--tables", action="store_true", help="only make the tables anew")
    options = parser.parse_args()
    if not options.tables:
        if not options.data:
            parser.error("--data is needed to train")
        if options.study == "data":
            rows = [f"{count or 'all'}={options.recipe} data.pictures={count}" for count in DATA_STUDY]
        else:
            rows = STUDIES[options.study]
        folder = options.runs / options.study
        entrants = [Entrant.parse(" ".join([text, *options.set])) for text in rows]
        outcome = compare(entrants, options.data, folder, images=options.images, seeds=options.seeds, size=options.size)
        print(outcome.verdict)
        remember(options.study, folder, options.images, options.size, options.set)
    replace_block(ROOT / "docs/systems.md", "comparison", tables())
    return 0


if __name__ == "__main__":
    sys.exit(main())
