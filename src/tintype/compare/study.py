"""Run a comparison: divide the pictures, plan within the budget, train, measure, rank, draw the page. Goes on where it
was interrupted."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tintype.data.cache import PictureCache, colourful, open_cache
from tintype.data.split import split
from tintype.errors import DataError, RecipeError
from tintype.files.atomic import write_whole
from tintype.training.log import decoding_progress, duration
from tintype.training.loop import train
from tintype.training.networks import Training
from tintype.training.precision import choose_precision
from tintype.training.processes import join
from tintype.training.recipe import Recipe

from .measure import Measured, measure_run, read_measured
from .page import write_comparison_page
from .plan import Entrant, check_entrants, fitting, images_within, seconds_per_image
from .ranking import Place, rank, verdict

SHARES = {"train": 0.75, "val": 0.05, "test": 0.2}
MOST_TEST = 200  # pictures
LEAST_PICTURES = 30
# The part of a budget that training may take; the rest is for decoding, measuring and what a machine does besides.
TRAINING_SHARE = 0.7
Test = tuple[PictureCache, NDArray[np.int64]]


@dataclass(frozen=True)
class Outcome:
    """The ranking of a comparison, what it comes to in words, and its page."""

    places: tuple[Place, ...]
    verdict: str
    page: Path


def compare(
    entrants: Sequence[Entrant],
    data: Sequence[str | Path],
    folder: str | Path,
    *,
    budget: float | None = None,
    images: int | None = None,
    seeds: int = 3,
    size: int = 128,
    accelerator: str = "auto",
    cache_dir: Path | None = None,
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
) -> Outcome:
    """Train each entrant `seeds` times on three quarters of the pictures of `data` and rank them on a fifth that
    nothing was trained on or chosen by.

    `budget` is in seconds, for everything; or `images` for each run. The same call goes on after an interruption.
    Raises RecipeError for entrants that cannot be compared and budgets that are too small, DataError for too few
    pictures.
    """
    began = time.monotonic()
    check_entrants(entrants)
    first, *_ = [fitting(one, size) for one in entrants]  # all: who cannot be so small says so before any run
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = _divide(data, folder)
    cache = open_cache([files["test"]], first.data.cache_side, cache_dir, decoding_progress)
    shown = colourful(cache)
    test: Test = (cache, shown[np.linspace(0, len(shown) - 1, min(MOST_TEST, len(shown)), dtype=int)])
    planned = _plan(entrants, files["train"], folder, size, seeds, images, budget, began, accelerator, cache_dir, say)
    runs: dict[str, list[Measured]] = {one.name: [] for one in entrants}
    pictures: dict[str, list[NDArray[np.uint8]]] = {}
    for seed in range(seeds):
        for one in entrants:
            recipe = fitting(one, size, seed, planned)
            run = folder / f"{one.name}-seed{seed}"
            known = read_measured(run / "measured.json")
            if known is None or seed == 0:
                train(
                    recipe, [files["train"]], run, validation=files["val"], cache_dir=cache_dir, accelerator=accelerator
                )
                found, made = _measured(run, recipe, seed, test, files["train"], accelerator, cache_dir)
                found.write(run / "measured.json")
                if seed == 0:
                    pictures[one.name] = made
                known = found
            runs[one.name].append(known)
            reached = f"CIEDE2000 {np.mean(known.ciede2000):.2f}"
            say(f"{one.name}, seed {seed}: {reached}, {_left(entrants, runs, seeds)} to go")
    places = rank(runs)
    page = write_comparison_page(folder / "comparison.html", places, runs, pictures, test, first)
    _remember(folder, runs)
    say(f"{duration(time.monotonic() - began)} in all")
    return Outcome(tuple(places), verdict(places), page)


def _left(entrants: Sequence[Entrant], runs: dict[str, list[Measured]], seeds: int) -> str:
    left = seeds * len(entrants) - sum(map(len, runs.values()))
    return f"{left} run{'' if left == 1 else 's'}"


def _divide(data: Sequence[str | Path], folder: Path) -> dict[str, Path]:
    """Manifests of the three parts, near-duplicates kept together; made once."""
    files = {name: folder / f"{name}.manifest.jsonl" for name in SHARES}
    if not all(file.exists() for file in files.values()):
        divided = split(data, SHARES, seed=0)
        count = sum(map(len, divided.parts.values()))
        if count < LEAST_PICTURES:
            raise DataError(
                f"{count} pictures; a comparison needs {LEAST_PICTURES} at least, to train on and to test on"
            )
        divided.write(folder, overwrite=True)
    return files


def _plan(
    entrants: Sequence[Entrant],
    data: Path,
    folder: Path,
    size: int,
    seeds: int,
    images: int | None,
    budget: float | None,
    began: float,
    accelerator: str,
    cache_dir: Path | None,
    say: Callable[[str], None],
) -> int:
    """Images for each run: as asked, as planned before, or as many as the budget holds."""
    file = folder / "plan.json"
    asked = {"entrants": [f"{e.name}={e.recipe} {' '.join(e.changes)}" for e in entrants], "size": size, "seeds": seeds}
    if file.exists():
        plan = json.loads(file.read_text(encoding="utf-8"))
        if {key: plan[key] for key in asked} != asked or images not in (None, plan["images"]):
            raise RecipeError(f"{folder}: holds another comparison; choose another --run directory")
        return int(plan["images"])
    if images is None:
        costs = []
        for one in entrants:
            costs.append(seconds_per_image(_training(fitting(one, size), data, accelerator, cache_dir)))
            say(f"{one.name}: {1 / costs[-1]:.3g} images/s here")
        left = (budget or 1200.0) * TRAINING_SHARE - (time.monotonic() - began)
        images = images_within(max(left, 0.0), costs, seeds)
        say(f"{len(entrants)} recipes x {seeds} seeds, {images:,} images each at {size} px")
    _write(file, json.dumps(asked | {"images": images}))
    return images


def _training(recipe: Recipe, data: Path, accelerator: str, cache_dir: Path | None) -> Training:
    cache = open_cache([data], recipe.data.cache_side, cache_dir, decoding_progress)
    fabric = join(accelerator, choose_precision(recipe.precision, accelerator).arithmetic)
    fabric.seed_everything(recipe.seed, verbose=False)
    return Training(recipe, cache, colourful(cache, recipe.data.leave_out), fabric)


def _measured(
    run: Path, recipe: Recipe, seed: int, test: Test, data: Path, accelerator: str, cache_dir: Path | None
) -> tuple[Measured, list[NDArray[np.uint8]]]:
    training = _training(recipe, data, accelerator, cache_dir)
    return measure_run(run, recipe, seed, test, training.fabric, training.answers)


def _remember(folder: Path, runs: dict[str, list[Measured]]) -> None:
    """One line a run, without the pictures' own figures: what a table can be made from, and traced to."""
    lines = []
    for of_one in runs.values():
        for run in of_one:
            mean = {key: round(float(np.mean(getattr(run, key))), 4) for key in MEANS}
            kept = {"name": run.name, "seed": run.seed, "images": run.images, "test": run.test, "weights": run.weights}
            if run.ciede2000_noisy:
                mean["ciede2000_noisy"] = round(float(np.mean(run.ciede2000_noisy)), 4)
            critic = None if run.critic_loss is None else round(run.critic_loss, 4)
            lines.append(kept | mean | {"seconds": run.seconds, "critic_loss": critic, "warnings": list(run.warnings)})
    _write(folder / "comparison.jsonl", "".join(json.dumps(line) + "\n" for line in lines))


def _write(path: Path, text: str) -> None:
    write_whole(path, text.encode, overwrite=True)


MEANS = ("psnr", "psnr_grey", "ciede2000", "ciede2000_grey", "colorfulness", "colorfulness_true")
