"""How training gets faster with more processes: images a second, in one run of this script.

    python benchmarks/scaling.py --data photos/ [--recipe tint] [--processes 1 2 4] [--strategy ddp fsdp]

Each row is a run of `tintype train` with the recipe's batch in each process, of the recipe's first stage, with as many
threads in all as the machine has. The figure is the median of the ticks after the first; the efficiency is what part it
is of as many times one process where each has a GPU, of one process where all share the machine's cores. Prints a
table and appends a line to benchmarks/scaling.jsonl.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from documents import append_line

from tintype.training.recipe import load_recipe

TICKS = 8


def images_per_second(arguments: argparse.Namespace, processes: int, strategy: str, run: Path) -> float:
    """The median of the ticks of a run of the recipe's first stage."""
    recipe = load_recipe(arguments.recipe, arguments.set)
    tick = recipe.stages[0].batch * processes * arguments.steps
    changes = [
        *arguments.set,
        "stages.*.images=1",
        f"stages.0.images={tick * TICKS}",
        f"log.tick={tick}",
        "log.save_seconds=3600",
    ]
    command = [sys.executable, "-m", "tintype", "train", "--recipe", arguments.recipe, "--run", str(run)]
    command += [part for path in arguments.data for part in ("--data", str(path))]
    command += [part for change in changes for part in ("--set", change)]
    command += ["--accelerator", arguments.accelerator, "--devices", str(processes), "--strategy", strategy]
    threads = {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // processes))}
    done = subprocess.run(command, env=os.environ | threads, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    stage = recipe.stages[0].name
    figures = [line["images_per_second"] for line in lines if line.get("stage") == stage]
    return statistics.median(figures[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders or shards of colour pictures")
    parser.add_argument("--recipe", default="driving", help="a recipe's name, or a .toml file")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--strategy", nargs="+", default=["ddp"], choices=["ddp", "fsdp"])
    parser.add_argument("--steps", type=int, default=4, help="steps in a tick")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="change the recipe")
    parser.add_argument("--accelerator", default="auto")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    arguments = parser.parse_args()
    rows = []
    on_gpus = arguments.accelerator != "cpu" and torch.cuda.is_available()
    print(f"{'processes':>9}  {'strategy':<9}{'images/s':>9}{'efficiency':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for strategy in arguments.strategy:
            alone = 0.0
            for processes in arguments.processes:
                speed = images_per_second(arguments, processes, strategy, Path(folder) / f"{strategy}-{processes}")
                alone = alone or speed / (processes if on_gpus else 1)
                part = speed / alone / (processes if on_gpus else 1)
                rows.append({"processes": processes, "strategy": strategy, "images_per_second": round(speed, 1)})
                print(f"{processes:>9}  {strategy:<9}{speed:>9.1f}{part:>11.0%}", flush=True)
    line = {"recipe": arguments.recipe, "rows": rows, "cores": os.cpu_count(), "machine": platform.machine()}
    append_line(arguments.output, line)


if __name__ == "__main__":
    main()
