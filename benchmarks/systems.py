"""Measure finished training runs by one yardstick, for docs/systems.md: a table, a contact sheet, the
ranking in one picture, and the raw figures.

    python benchmarks/systems.py runs/pix2pix-s0 runs/uvu-s0 --data val.tar
    python benchmarks/systems.py 'landscape=runs/landscape-s0=landscape-val' 'landscape=runs/landscape-s1=landscape-val'
    python benchmarks/systems.py     # only make the tables and the ranking anew from benchmarks/systems.jsonl

A run is given as RUN, RUN=DATA or NAME=RUN=DATA; unless given, NAME is the directory's without "-s0" or "-seed0".
The newest weights-*.safetensors is measured, not best.safetensors: what each system is after the images it was to see.
Runs of one name on the same data, with recipes that differ only in the seed and in what is logged, become
mean ± standard deviation.
"""

import argparse
import hashlib
import json
import os
import re
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from documents import replace_block
from systems_ranking import draw_ranking, ranking_text, rankings
from systems_sheet import SheetModel, write_sheet
from systems_tables import raw_ab_table, system_tables

from tintype import Colorizer, Photo
from tintype.data.sources import Picture, iter_pictures
from tintype.errors import InputError, TintypeError, WeightsError
from tintype.evaluation import evaluate
from tintype.evaluation.collection import collect
from tintype.evaluation.fid import LEAST, Features, distance_of_halves, frechet_distance, load_fid_network
from tintype.evaluation.judges import fitted
from tintype.evaluation.lpips import load_lpips
from tintype.models import build_generator
from tintype.reports.history import History, read_history
from tintype.training.checkpoint import read_tensors
from tintype.training.export import export_checkpoint

ROOT = Path(__file__).parents[1]
VALIDATED = 256  # pictures that a validation looks at, at most
_SEEN: dict[tuple[Path, str], list[Features]] = {}  # of a data set's picture: features of grey, of the truth


@dataclass(frozen=True)
class Entry:
    """A run, what it is called in the table, and the pictures it is measured on."""

    name: str
    run: Path
    data: Path


def parse_entry(text: str, data: Path | None) -> Entry:
    """RUN, RUN=DATA or NAME=RUN=DATA; raises InputError when there is no data."""
    parts = text.split("=")
    if len(parts) > 3:
        raise InputError(f"{text!r}: write RUN, RUN=DATA or NAME=RUN=DATA")
    run = Path(parts[1] if len(parts) == 3 else parts[0])
    pictures = Path(parts[-1]) if len(parts) > 1 else data
    if pictures is None:
        raise InputError(f"{text!r}: no pictures to measure it on; write RUN=DATA or give --data")
    name = parts[0] if len(parts) == 3 else re.sub(r"-(s|seed)\d+$", "", run.resolve().name)
    return Entry(name, run, pictures)


def last_weights(history: History) -> tuple[Path, int]:
    """The newest weights of a finished run and the images they have seen; raises InputError when it is not finished."""
    found = sorted(history.folder.glob("checkpoints/weights-*.safetensors"))
    seen = read_tensors(found[-1])[1]["images_seen"] if found else 0
    if seen < history.planned:
        raise InputError(f"{history.folder}: not finished, {seen:,} of {history.planned:,} images in its last weights")
    return found[-1], int(seen)


def describe(entry: Entry, history: History, images: int, size: int) -> dict[str, Any]:
    """What is known of a run without measuring it."""
    recipe = history.recipe
    learned = json.dumps({key: recipe[key] for key in sorted(recipe) if key not in ("seed", "log")}, sort_keys=True)
    generator = history.header.get("generator_parameters")
    if generator is None:  # a run from before there was a header
        network = build_generator(recipe["system"], recipe.get("generator", {}))
        generator = sum(p.numel() for p in network.parameters())
    return {
        "name": entry.name,
        "run": entry.run.resolve().name,
        "data": entry.data.name.removesuffix(".tar"),
        "system": recipe["system"],
        "condition": recipe.get("answer", {}).get("condition", "lightness"),
        "seed": recipe.get("seed", 0),
        "recipe": hashlib.sha256(learned.encode()).hexdigest()[:12],
        "generator_parameters": generator,
        "critic_parameters": history.header.get("critic_parameters", 0),
        "training_pictures": history.header.get("pictures"),
        "images": images,
        "images_per_second": statistics.median(line["images_per_second"] for line in history.ticks),
        "size": size,
        "validation": history.validations[-1]["validation"] if history.validations else {},
    }


def hash_of_data(data: Path) -> str:
    """The first 16 digits of the SHA-256 over the files of all pictures, in their order."""
    digest = hashlib.sha256()
    for picture in iter_pictures(data):
        digest.update(picture.data)
    return digest.hexdigest()[:16]


def hash_of_file(path: Path) -> str:
    """The same of a file: what a figure is traced to."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def measure(entry: Entry, model: Path, condition: str, options: argparse.Namespace) -> dict[str, Any]:
    """Figures of a model over photographs; of one for drawings, nothing: those are in its validation."""
    if condition == "sketch":
        return {"pictures": min(VALIDATED, sum(1 for _ in iter_pictures(entry.data)))}
    report = evaluate(Colorizer(model, threads=options.threads), entry.data, limit=options.limit)
    mine, grey, truth = report.rows[0], report.row("grey"), report.row("truth")
    distances = perceptual_distances(Colorizer(model, threads=options.threads), entry.data, options.limit)
    distances |= frechet_distances(Colorizer(model, threads=options.threads), entry.data, options.limit)
    assert mine.psnr is not None
    assert grey.psnr is not None
    return {
        "pictures": report.images,
        "psnr": round(mine.psnr, 4),
        "psnr_grey": round(grey.psnr, 4),
        "ciede2000": round(mine.ciede2000, 4),
        "ciede2000_grey": round(grey.ciede2000, 4),
        "colorfulness": round(mine.colorfulness, 4),
        "colorfulness_true": round(truth.colorfulness, 4),
        "mean_chroma": round(mine.mean_chroma, 4),
        "mean_chroma_true": round(truth.mean_chroma, 4),
        **distances,
    }


def perceptual_distances(model: Colorizer, data: Path, limit: int | None) -> dict[str, float]:
    """Mean LPIPS alex of the model and of grey; nothing, with a remark, where its weights cannot be had."""
    try:
        network = load_lpips("alexnet").eval()
    except WeightsError as error:
        print(f"no LPIPS: {error}", file=sys.stderr)
        return {}

    def judge(_: Picture, truth: Photo, coloured: Photo) -> list[float]:
        pictures = np.stack([coloured.rgb(), truth.grey().rgb(), truth.rgb()])
        with torch.inference_mode():
            rgb = fitted(pictures, torch.device("cpu"))
            return network(rgb[:2], rgb[2:]).tolist()

    judged = collect(model, data, judge, size=None, limit=limit, progress=None)
    mine, grey = np.mean(judged.everything, axis=0)
    return {"lpips": round(float(mine), 4), "lpips_grey": round(float(grey), 4)}


def frechet_distances(model: Colorizer, data: Path, limit: int | None) -> dict[str, float]:
    """FID of the model and of grey; nothing, with a remark, where the weights of Inception cannot be had.

    What Inception sees in the photographs, and in grey ones, is computed once for all systems.
    """
    try:
        network = load_fid_network().eval()
    except WeightsError as error:
        print(f"no FID: {error}", file=sys.stderr)
        return {}

    def features(*photos: Photo) -> list[Features]:
        with torch.inference_mode():
            rgb = fitted(np.stack([photo.rgb() for photo in photos]), torch.device("cpu"))
            return list(network(rgb).numpy())

    def judge(picture: Picture, truth: Photo, coloured: Photo) -> list[Features]:
        key = (data, picture.name)
        if key not in _SEEN:
            _SEEN[key] = features(truth.grey(), truth)
        return [*features(coloured), *_SEEN[key]]

    judged = collect(model, data, judge, size=None, limit=limit, progress=None).everything
    if len(judged) < LEAST:
        return {}
    mine, grey, truth = (np.stack(column) for column in zip(*judged, strict=True))
    return {
        "fid": round(frechet_distance(mine, truth), 2),
        "fid_grey": round(frechet_distance(grey, truth), 2),
        "fid_of_halves": round(distance_of_halves(truth), 2),
    }


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def check_name(line: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """Raises InputError when the name already stands for a run of another recipe on the same pictures."""
    for other in others:
        same = all(other[key] == line[key] for key in ("name", "data"))
        if same and other["run"] != line["run"] and any(other[key] != line[key] for key in ("recipe", "size")):
            raise InputError(
                f"{line['run']}: {line['name']!r} is {other['run']} already, of another recipe or size; "
                "give it a name: NAME=RUN=DATA"
            )


def remember(path: Path, lines: list[dict[str, Any]]) -> None:
    """Add lines to a file of earlier ones; a run that was measured on the same pictures before is replaced."""
    kept = {(line["run"], line["data"]): line for line in [*read_lines(path), *lines]}
    path.write_text("".join(json.dumps(line) + "\n" for line in kept.values()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="[NAME=]RUN[=DATA]")
    parser.add_argument("--data", type=Path, help="pictures for the runs that name none: a folder or a .tar")
    parser.add_argument("--limit", type=int, help="only so many pictures of each data set, evenly spread")
    parser.add_argument("--size", type=int, help="short side of what networks see; default: that of their last stage")
    parser.add_argument("--threads", type=int, help="of the network; default: all cores")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"), help="raw figures")
    parser.add_argument("--document", type=Path, default=ROOT / "docs/systems.md", help="where the tables go")
    parser.add_argument("--sheet", type=Path, default=ROOT / "docs/images/systems.jpg", help="the contact sheet")
    parser.add_argument(
        "--ranking", type=Path, default=ROOT / "docs/images/systems-ranking.svg", help="the picture of the ranking"
    )
    options = parser.parse_args()

    lines: list[dict[str, Any]] = []
    models: list[SheetModel] = []
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, text in enumerate(options.runs):
            try:
                entry = parse_entry(text, options.data)
                history = read_history(entry.run)
                weights, images = last_weights(history)
                size = options.size or history.recipe["stages"][-1]["size"]
                line = describe(entry, history, images, size)
                check_name(line, [*read_lines(options.output), *lines])
                name = re.sub(r"[^a-z0-9]+", "-", entry.name.lower())
                model = export_checkpoint(weights, Path(scratch) / f"{number}-{name}.onnx", name=name, size=size)
                line |= {"test": hash_of_data(entry.data), "weights": hash_of_file(weights)}
                line |= measure(entry, model, line["condition"], options)
            except TintypeError as error:
                print(f"left out: {error}", file=sys.stderr)
                failed += 1
                continue
            print(json.dumps(line), flush=True)
            lines.append(line)
            if entry.name not in [shown.name for shown in models]:
                models.append(SheetModel(entry.name, model, line["condition"]))
        if models:
            write_sheet(models, ROOT / "examples", options.sheet, options.threads)
            print(f"{options.sheet}: {options.sheet.stat().st_size / 1000:.0f} kB", file=sys.stderr)
            place = os.path.relpath(options.sheet, options.document.parent)
            replace_block(options.document, "sheet", f"![The example photographs, coloured by each system]({place})")
    remember(options.output, lines)
    known = read_lines(options.output)
    if known:
        replace_block(options.document, "table", system_tables(known))
        replace_block(options.document, "raw ab", raw_ab_table(known))
        found = rankings(known, read_lines(options.output.with_name("comparison.jsonl")))
        options.ranking.write_text(draw_ranking(found), encoding="utf-8")
        place = os.path.relpath(options.ranking, options.document.parent)
        replace_block(options.document, "ranking", ranking_text(found, place))
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
