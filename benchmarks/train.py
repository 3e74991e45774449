"""How fast training is: the loader alone, then each stage of a recipe, in images a second.

    python benchmarks/train.py --data photos/ [--recipe tint] [--batches 20] [--size 128]

Prints a table and appends one line to benchmarks/train.jsonl. The loader has to be several times faster than the
fastest stage, or training starves.
"""

import argparse
import json
import platform
import statistics
import time
from itertools import islice
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch.optim import AdamW

from tintype.data.cache import colourful, open_cache
from tintype.data.pairs import PairLoader
from tintype.models import build_generator
from tintype.training.loop import TARGET_STRIDE, keep_freed_memory
from tintype.training.losses import bin_prior
from tintype.training.recipe import Recipe, StageOptions, load_recipe
from tintype.training.stages import build_stage, trainable


def loader_speed(loader: PairLoader, batches: int) -> float:
    """Images a second of the loader with nobody else at work."""
    iterator = iter(loader)
    next(iterator)
    start = time.perf_counter()
    for _ in islice(iterator, batches):
        pass
    return batches * loader.batch / (time.perf_counter() - start)


def stage_speed(recipe: Recipe, options: StageOptions, loader: PairLoader, prior: torch.Tensor, batches: int) -> float:
    """Images a second of a stage: loading, forward, backward, optimizer. The median step, so that a hiccup of the
    machine does not count."""
    fabric = Fabric(accelerator="auto", devices=1, precision=recipe.precision)
    model = build_generator(recipe.system, recipe.generator).to(memory_format=torch.channels_last)
    generator = fabric.setup_module(model)
    stage = build_stage(options, prior, model.bins)
    optimizer = fabric.setup_optimizers(AdamW(trainable(model, options, 0.01), fused=True))
    seconds = []
    start = time.perf_counter()
    for batch in islice(loader, batches + 2):
        batch = type(batch)(fabric.to_device(batch.lightness), fabric.to_device(batch.ab))
        for turn in stage.turns({"generator": generator}, batch):
            fabric.backward(turn.loss)
            optimizer.step()
            optimizer.zero_grad()
        now = time.perf_counter()
        seconds.append(now - start)
        start = now
    return loader.batch / statistics.median(seconds[2:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders or shards of colour pictures")
    parser.add_argument("--recipe", default="tint")
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--size", type=int, help="pixels; default: each stage's own")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    arguments = parser.parse_args()
    keep_freed_memory()
    recipe = load_recipe(arguments.recipe)
    cache = open_cache(arguments.data, recipe.data.cache_side)
    indices = colourful(cache, recipe.data.least_chroma)
    prior = torch.from_numpy(bin_prior(cache, indices))
    rows: dict[str, float] = {}
    for options in recipe.stages:
        size = arguments.size or options.size

        def make_loader(size: int = size, batch: int = options.batch) -> PairLoader:
            workers = recipe.data.workers
            return PairLoader(cache, indices, size=size, batch=batch, stride=TARGET_STRIDE, seed=0, workers=workers)

        rows[f"loader alone, {size} px"] = loader_speed(make_loader(), 4 * arguments.batches)
        rows[f"{options.name}, {size} px"] = stage_speed(recipe, options, make_loader(), prior, arguments.batches)
    for name, speed in rows.items():
        print(f"{name:<28}{speed:>9,.0f} images/s")
    line = {"images_per_second": {name: round(speed, 1) for name, speed in rows.items()}}
    line |= {"threads": torch.get_num_threads(), "torch": torch.__version__, "machine": platform.machine()}
    with arguments.output.open("a") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
