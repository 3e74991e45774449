"""How fast training is, in images a second: the loader alone, each system, and the loop that one would write first.

    python benchmarks/train.py --data photos/ [--recipes pix2pix landscape] [--sizes 128 256] [--batches 8]

Each system's slowest kind of stage is timed (adversarial where it has one), loading included: the median step, so that
a hiccup of the machine does not count. The first loop is the same networks in fp32 and NCHW order, torch's own layers
and Adam, pictures opened with Pillow and turned into Lab with scikit-image one by one as they are needed. It runs in a
process of its own, because tintype tunes the memory allocator of its own. Prints a table, appends a line to
benchmarks/train.jsonl. The loader has to be several times faster than the fastest system, or training starves.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch
from documents import append_line
from lightning_fabric import Fabric
from torch import nn

from tintype.data.cache import colourful, open_cache
from tintype.data.pairs import PairBatch
from tintype.models.cpu_layers import Dropout, ThinConv2d
from tintype.training.memory import keep_freed_memory
from tintype.training.networks import Training
from tintype.training.optimizers import build_optimizer
from tintype.training.precision import choose_precision
from tintype.training.recipe import Recipe, StageOptions, load_recipe, recipe_names

KINDS = ("adversarial", "critic", "supervised")
# Sides that a network cannot have are rounded up to these; the pix2pix U-Net loses a level at 128 px.
SMALLER = {"pix2pix": {128: ["generator.depth=7"]}}


def prepare(name: str, size: int, arguments: argparse.Namespace) -> tuple[Recipe, StageOptions]:
    """The recipe at that size, and the stage to time."""
    changes = [f"stages.*.size={size}", *SMALLER.get(name, {}).get(size, []), *arguments.set]
    if arguments.batch:
        changes.append(f"stages.*.batch={arguments.batch}")
    recipe = load_recipe(name, changes)
    return recipe, min(recipe.stages, key=lambda stage: KINDS.index(stage.kind))


def ours(recipe: Recipe, options: StageOptions, arguments: argparse.Namespace) -> tuple[float, float]:
    """Images a second of the loader with nobody else at work, and of training."""
    cache = open_cache(arguments.data, recipe.data.cache_side)
    precision = choose_precision(recipe.precision, arguments.accelerator).arithmetic
    fabric = Fabric(accelerator=arguments.accelerator, devices=1, precision=precision)
    training = Training(recipe, cache, colourful(cache, recipe.data.leave_out), fabric)
    loader = iter(training.loader(options, 0))
    next(loader)
    start = time.perf_counter()
    for _ in islice(loader, 3 * arguments.batches):
        pass
    alone = 3 * arguments.batches * options.batch / (time.perf_counter() - start)
    loader.close()  # type: ignore[attr-defined]
    return alone, steps(training, options, iter(training.loader(options, 0)), arguments.batches)


def steps(training: Training, options: StageOptions, batches: Iterator[PairBatch], count: int) -> float:
    """Images a second of a stage: loading, forward, backward, optimizers."""
    stage = training.build_stage(options)
    optimizers = {
        n: build_optimizer(n, training.networks[n], options, training.recipe.optimizer) for n in stage.networks
    }
    for network in training.networks.values():
        network.train()
    seconds = []
    start = time.perf_counter()
    for number in range(count + 2):
        batch = PairBatch(*map(training.fabric.to_device, vars(next(batches)).values()))
        turns = stage.optimizer_steps(training.networks, batch, number)
        while True:
            with training.fabric.autocast():
                turn = next(turns, None)
            if turn is None:
                break
            turn.loss.backward()
            optimizers[turn.network].step()
            optimizers[turn.network].zero_grad()
        training.update_average(options.batch, options.batch * (number + 1))
        now = time.perf_counter()
        seconds.append(now - start)
        start = now
    return options.batch / statistics.mean(sorted(seconds[2:])[: max(1, count // 2)])


def first_loop(recipe: Recipe, options: StageOptions, arguments: argparse.Namespace) -> float:
    """Images a second of the loop that one would write first."""
    from PIL import Image
    from skimage.color import rgb2lab

    from tintype.data.sources import iter_pictures

    cache = open_cache(arguments.data, recipe.data.cache_side)
    fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
    training = Training(recipe, cache, np.arange(min(len(cache), 64)), fabric)
    for network in training.networks.values():
        network.to(memory_format=torch.contiguous_format)
        for module in network.modules():
            plain = {ThinConv2d: nn.Conv2d, Dropout: nn.Dropout}.get(type(module))
            if plain is not None:
                module.__class__ = plain
    pictures = list(islice((p.data for path in arguments.data for p in iter_pictures(path)), 256))
    stride, scale = training.answers.form.stride, training.answers.form.scale

    def batches() -> Iterator[PairBatch]:
        import io

        source = cycle(pictures)
        while True:
            light, colour = [], []
            for data in islice(source, options.batch):
                image = Image.open(io.BytesIO(data)).convert("RGB").resize((options.size, options.size))
                lab = rgb2lab(np.asarray(image)).astype(np.float32)
                light.append(torch.from_numpy(lab[..., 0] / 50 - 1)[None])
                colour.append(torch.from_numpy(lab[::stride, ::stride, 1:] / scale).permute(2, 0, 1))
            yield PairBatch(torch.stack(light), torch.stack(colour))

    return steps(training, options, batches(), arguments.batches)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders or shards of colour pictures")
    parser.add_argument(
        "--recipes", nargs="+", default=[n for n in recipe_names() if n not in ("uvu-sketch", "sketch")]
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--batch", type=int, help="pictures in a batch; default: the recipe's")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="change the recipes")
    parser.add_argument("--accelerator", default="cpu")
    parser.add_argument("--no-first-loop", action="store_true", help="leave out the comparison")
    parser.add_argument("--first-loop", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    arguments = parser.parse_args()
    if arguments.first_loop:
        print(first_loop(*prepare(arguments.recipes[0], arguments.sizes[0], arguments), arguments))
        return
    keep_freed_memory()
    rows = []
    print(f"{'system':<12}{'px':>5}{'batch':>7}{'loader':>9}{'training':>10}{'first loop':>12}{'ratio':>7}   images/s")
    for size in arguments.sizes:
        for name in arguments.recipes:
            recipe, options = prepare(name, size, arguments)
            loader, training = ours(recipe, options, arguments)
            row = {"system": name, "size": size, "batch": options.batch, "loader": loader, "training": training}
            if not arguments.no_first_loop:
                command = [sys.executable, __file__, "--first-loop", "--recipes", name, "--sizes", str(size)]
                command += ["--data", *map(str, arguments.data), "--batches", str(max(3, arguments.batches // 2))]
                command += ["--batch", str(options.batch), "--set", *arguments.set]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                row["first_loop"] = float(done.stdout.split()[-1])
            rows.append({k: round(v, 1) if isinstance(v, float) else v for k, v in row.items()})
            first = row.get("first_loop")
            compared = f"{first:>12.1f}{training / first:>7.1f}" if isinstance(first, float) else ""
            print(f"{name:<12}{size:>5}{options.batch:>7}{loader:>9,.0f}{training:>10.1f}{compared}", flush=True)
    line = {"rows": rows, "threads": torch.get_num_threads(), "torch": torch.__version__, "machine": platform.machine()}
    append_line(arguments.output, line)


if __name__ == "__main__":
    main()
