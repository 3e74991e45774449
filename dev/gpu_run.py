"""Train `tint` on a lent GPU in one sitting: pack the photographs, train for so many minutes, join what came back.

    python dev/gpu_run.py pack pool/pool.manifest.jsonl --output pieces/       # ten pieces of under 60 MiB, WebP
    python dev/gpu_run.py train pieces/* --start tint --output out/ --minutes 25 --validation val-out.tar
    python dev/gpu_run.py join out/ --output weights.safetensors

The recipe is tint's own (`--recipe`), as one stage at `--size` with the GPU's batch, precision and loader, and a deeper
network: its new blocks change nothing at first, so that it starts as the checkpoint that is given. How many images fit
into the minutes is measured first, since the learning rate falls over all of them. Every two minutes the averaged
weights are saved as fp16 in parts of at most 15 MB.
"""

import argparse
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tintype.data.manifest import Entry, read_entries, read_manifest
from tintype.data.pack import code_small, pack
from tintype.data.sampling import draw, source_weights
from tintype.training.checkpoint import read_checkpoint, write_tensors
from tintype.training.loop import train
from tintype.training.recipe import Recipe, load_recipe, parse_recipe

PIECE_BYTES = 58 * 2**20
PART_BYTES = 15_000_000
DEEPER = {"attention_blocks": 8, "feed_forward": True, "middle_blocks": 16, "queries": 64}
DEEPER |= {"query_width": 128, "query_layers": 4}


def pack_pieces(manifest: Path, output: Path, *, recipe: Recipe, pictures: int, side: int, quality: int) -> list[Path]:
    """Folders output/piece-NN, each under PIECE_BYTES, of up to `pictures` drawn by the recipe's weights of sources."""
    entries = read_manifest(manifest)
    weights = source_weights([entry.name for entry in entries], recipe.data.source_weights)
    order = draw(np.arange(len(entries)), weights, np.random.default_rng(0))
    chosen = np.random.default_rng(1).permutation(np.unique(order))[:pictures]
    coded = _coded(sorted(entries[number] for number in chosen), side, quality)
    pieces: list[Path] = []
    for number, group in enumerate(_under(coded, PIECE_BYTES)):
        loose = output / f".loose-{number:02d}"
        loose.mkdir(parents=True, exist_ok=True)
        for name, data in group:
            (loose / Path(name).with_suffix(".webp").name).write_bytes(data)
        piece = output / f"piece-{number:02d}"
        pack([loose], piece, prefix="photos", shard_size=len(group), overwrite=True)
        for file in loose.iterdir():
            file.unlink()
        loose.rmdir()
        pieces.append(piece)
        print(f"{piece}: {len(group)} pictures", flush=True)
    return pieces


def _coded(entries: Iterable[Entry], side: int, quality: int) -> Iterator[tuple[str, bytes]]:
    for entry, data in read_entries(entries):
        yield entry.name, code_small(data, side, "webp", quality)


def _under(coded: Iterator[tuple[str, bytes]], most: int) -> Iterator[list[tuple[str, bytes]]]:
    """Groups of pictures whose tar is under `most` bytes: each takes a block of 512 and whole blocks of its own."""
    group: list[tuple[str, bytes]] = []
    total = 10_240
    for name, data in coded:
        size = 1024 + len(data)
        if group and total + size > most:
            yield group
            group, total = [], 10_240
        group.append((name, data))
        total += size
    if group:
        yield group


def recipe_for(base: Recipe, options: argparse.Namespace, images: int) -> Recipe:
    """The base recipe as one stage of `images` at the GPU's size and batch, by its last stage's losses and crops."""
    values: dict[str, Any] = base.model_dump(mode="json", exclude_none=True)
    stage = values["stages"][-1]
    stage |= {"name": "gpu", "images": images, "size": options.size, "batch": options.batch, "lr": options.lr}
    stage |= {"final_lr": 0.0, "warmup": min(20_000, images // 10)}
    values |= {"stages": [stage], "pretrained": options.start, "generator": values["generator"] | DEEPER}
    values["ema_images"] = min(base.ema_images, images / 10)
    values["data"] |= {"store": "encoded", "workers": options.workers, "processes": True, "source_weights": {}}
    values["log"] |= {"tick": max(options.batch, images // 200), "samples": max(1, images // 4)}
    values["log"] |= {"snapshot": max(1, images // 50)}
    if not torch.cuda.is_available() and not options.bf16:
        values["precision"] = "32-true"
    return parse_recipe(values)


def images_per_second(recipe: Recipe, data: Sequence[Path], folder: Path) -> float:
    """Of a short run, its first half left out."""
    rates: list[tuple[float, float]] = []
    began = time.monotonic()

    def note(line: dict[str, Any]) -> None:
        if "loss" in line:
            rates.append((time.monotonic() - began, line["images"]))

    train(recipe, data, folder, on_line=note)
    if len(rates) < 2:
        return float(rates[-1][1] / rates[-1][0])
    (t0, n0), (t1, n1) = rates[len(rates) // 2 - 1], rates[-1]
    return (n1 - n0) / max(t1 - t0, 1e-6)


def run(options: argparse.Namespace) -> Path:
    """Measure, train for the rest of the minutes, and leave the averaged weights in parts."""
    began = time.monotonic()
    base = load_recipe(options.recipe)
    probe = recipe_for(base, options, options.probe)
    rate = images_per_second(probe, options.pieces, options.work / "probe")
    left = options.minutes * 60 - (time.monotonic() - began)
    if left <= 0:
        raise SystemExit(
            f"the probe took all of the {options.minutes:g} minutes: give fewer images than --probe {options.probe}"
        )
    images = max(options.batch, int(0.95 * left * rate))
    print(f"{rate:.0f} images/s; {images:,} images in {left / 60:.1f} minutes", flush=True)
    folder = options.work / "run"
    saved = time.monotonic()

    def save_now_and_then(line: dict[str, Any]) -> None:
        nonlocal saved
        print(json.dumps(line), flush=True)
        if time.monotonic() - saved > options.save_seconds and list(folder.glob("checkpoints/weights-*.safetensors")):
            split(folder, options.output)
            saved = time.monotonic()

    train(
        recipe_for(base, options, images),
        options.pieces,
        folder,
        validation=options.validation,
        on_line=save_now_and_then,
    )
    split(folder, options.output)
    return Path(options.output)


def split(run_dir: Path, output: Path) -> None:
    """Write the newest weights of a run as fp16 safetensors of at most PART_BYTES each, and `info.json`."""
    checkpoint = read_checkpoint(run_dir)
    output.mkdir(parents=True, exist_ok=True)
    part: dict[str, Tensor] = {}
    number = size = 0
    for name, tensor in checkpoint.weights.items():
        half = tensor.half() if tensor.is_floating_point() else tensor
        if part and size + half.nbytes > PART_BYTES:
            save_file(part, output / f"part-{number}.safetensors")
            part, number, size = {}, number + 1, 0
        part[name] = half.contiguous()
        size += half.nbytes
    save_file(part, output / f"part-{number}.safetensors")
    (output / "info.json").write_text(json.dumps(checkpoint.info))


def join(parts: Path, output: Path) -> Path:
    """A checkpoint of what `split` wrote."""
    weights: dict[str, Tensor] = {}
    for file in sorted(parts.glob("part-*.safetensors")):
        weights |= {name: t.float() if t.is_floating_point() else t for name, t in load_file(file).items()}
    write_tensors(output, weights, json.loads((parts / "info.json").read_text()))
    return output


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line; see the text above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    packing = verbs.add_parser("pack")
    packing.add_argument("manifest", type=Path)
    packing.add_argument("--output", type=Path, required=True)
    packing.add_argument("--recipe", default="tint")
    packing.add_argument("--pictures", type=int, default=100_000)
    packing.add_argument("--side", type=int, default=192)
    packing.add_argument("--quality", type=int, default=60)
    training = verbs.add_parser("train")
    training.add_argument("pieces", type=Path, nargs="+")
    training.add_argument("--recipe", default="tint")
    training.add_argument("--start", default="tint", help="a model's name, a checkpoint, or imagenet")
    training.add_argument("--output", type=Path, required=True)
    training.add_argument("--work", type=Path, default=Path("gpu-run"))
    training.add_argument("--validation", type=Path)
    training.add_argument("--minutes", type=float, default=25)
    training.add_argument("--size", type=int, default=256)
    training.add_argument("--batch", type=int, default=128)
    training.add_argument("--lr", type=float, default=4e-4)
    training.add_argument("--workers", type=int, default=16)
    training.add_argument("--probe", type=int, default=12_800, help="images of the run that measures the speed")
    training.add_argument("--save-seconds", type=float, default=120)
    training.add_argument("--bf16", action="store_true", help="on a CPU too")
    joining = verbs.add_parser("join")
    joining.add_argument("parts", type=Path)
    joining.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    if options.verb == "pack":
        recipe = load_recipe(options.recipe)
        pack_pieces(
            options.manifest,
            options.output,
            recipe=recipe,
            pictures=options.pictures,
            side=options.side,
            quality=options.quality,
        )
    elif options.verb == "train":
        print(f"weights in parts: {run(options)}")
    else:
        print(join(options.parts, options.output))


if __name__ == "__main__":
    main()
