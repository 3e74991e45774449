"""The plan of a comparison: which recipes, at which crop size, for how many images, so that all are treated alike.

Equal terms: the same training pictures, the same number of images seen (a critic's own included), the same crop size,
the same seeds, the same test pictures, which nothing was chosen by. Each recipe keeps its batch, its learning rates and
the proportions of its stages; warm-ups shrink with short stages by themselves.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from tintype.data.pairs import PairBatch
from tintype.errors import RecipeError
from tintype.models import SYSTEMS, build_generator
from tintype.training.networks import Training
from tintype.training.optimizers import build_optimizer
from tintype.training.recipe import Recipe, StageOptions, load_recipe

FEWEST_IMAGES = 320  # with fewer nothing is learned that could be compared
ROUND = 64  # images
TIMED_STEPS = 2  # after one that is not timed


@dataclass(frozen=True)
class Entrant:
    """A recipe, or a variant of it: what it is called, where it comes from, what is changed."""

    name: str
    recipe: str
    changes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Entrant":
        """RECIPE, by name or path (then its stem is the name), or NAME=RECIPE KEY=VALUE KEY=VALUE ... for a variant."""
        words = text.split()
        if not words:
            raise RecipeError("an empty recipe: write --recipes pix2pix,uvu")
        name, equals, recipe = words[0].partition("=")
        return cls(name if equals else Path(name).stem, recipe if equals else name, tuple(words[1:]))


def check_entrants(entrants: Sequence[Entrant]) -> None:
    """Raise RecipeError for fewer than two, for a name that stands twice, and for recipes that colour drawings."""
    names = [one.name for one in entrants]
    if len(names) < 2:
        raise RecipeError("a comparison needs two recipes or more: --recipes pix2pix,uvu")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise RecipeError(f"{twice[0]!r} stands twice; give variants names: --variant '{twice[0]}-2={twice[0]} lr=...'")
    for one in entrants:
        if load_recipe(one.recipe, one.changes).answer.condition == "sketch":
            raise RecipeError(f"{one.name!r} colours drawings; what is compared here colours photographs")


def fitting(entrant: Entrant, size: int, seed: int = 0, images: int | None = None) -> Recipe:
    """The entrant's recipe with every stage at `size` pixels, for `images` in all. Raises RecipeError where the network
    cannot be so small."""
    changes = [*entrant.changes, f"stages.*.size={size}", f"seed={seed}"]
    first = load_recipe(entrant.recipe, changes)
    with torch.device("meta"):
        multiple = int(build_generator(first.system, first.generator).size_multiple)  # type: ignore[arg-type]
    if size % multiple and "depth" in SYSTEMS[first.system].config.__dataclass_fields__:
        deepest = (size & -size).bit_length() - 1  # so many halvings end at one pixel
        changes.append(f"generator.depth={deepest}")
    elif size % multiple:
        nearest = max(multiple, round(size / multiple) * multiple)
        raise RecipeError(
            f"{entrant.name!r} needs crops of multiples of {multiple} pixels, not {size}: --size {nearest}"
        )
    shares = first.images_by_stage(images or first.images)
    changes += [f"stages.{number}.images={count}" for number, count in enumerate(shares)]
    whole = sum(shares) if images else first.images
    once = max(ROUND, whole // 2)  # best weights are chosen among two moments, and the end
    changes += [f"log.tick={max(1, whole // 40)}", f"log.samples={whole}", f"log.candidate={once}", "log.first=0"]
    changes += [f"log.snapshot={max(1, 2 * whole)}", f"name={json.dumps(entrant.name)}"]
    return load_recipe(entrant.recipe, changes)


def seconds_per_image(training: Training) -> float:
    """How long an image of this recipe takes on this machine, over its stages in their proportions; measured."""
    recipe = training.recipe
    known: dict[tuple[str, int, int, bool], float] = {}
    total = 0.0
    for stage in recipe.schedule:
        kind = (stage.kind, stage.size, stage.batch, bool(stage.losses.get("feature")))
        if kind not in known:
            known[kind] = _time_stage(training, stage)
        total += known[kind] * stage.images
    return total / recipe.images


def _time_stage(training: Training, options: StageOptions) -> float:
    stage = training.build_stage(options)
    networks, settings = training.networks, training.recipe.optimizer
    optimizers = {name: build_optimizer(name, networks[name], options, settings) for name in stage.networks}
    for network in networks.values():
        network.train()
    batches = training.loader(options, 0)
    seconds = []
    for number, batch in enumerate(islice(batches, TIMED_STEPS + 1)):
        began = time.monotonic()
        here = PairBatch(*map(training.fabric.to_device, (batch.condition, batch.target, batch.hints)))
        turns = stage.optimizer_steps(networks, here, number)
        while True:
            with training.fabric.autocast():
                turn = next(turns, None)
            if turn is None:
                break
            turn.loss.backward()  # type: ignore[no-untyped-call]
            optimizers[turn.network].step()
            optimizers[turn.network].zero_grad()
        seconds.append((time.monotonic() - began) / options.batch)
    return min(seconds[1:])


def images_within(budget: float, costs: Sequence[float], seeds: int) -> int:
    """Images that each run may see, so that all take `budget` seconds; `costs` are seconds an image, by entrant.

    Raises RecipeError for a budget in which nothing can be learned, naming one that is enough.
    """
    each = seeds * sum(costs)
    images = int(budget / each) // ROUND * ROUND
    if images < FEWEST_IMAGES:
        needed = FEWEST_IMAGES * each / 60
        raise RecipeError(
            f"the budget is enough for {images} images a run; with fewer than {FEWEST_IMAGES} nothing is learned: give "
            f"--budget {needed * 1.5:.0f}m or more, fewer recipes, fewer --seeds, or a smaller --size"
        )
    return images
