"""`tintype train`: a thin face of `tintype.training`."""

import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer

from tintype.errors import RecipeError

from .completion import recipes
from .options import AcceleratorOption


def train(
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="PATH", help="Colour photographs: a folder, or a .tar; may be repeated."),
    ],
    recipe: Annotated[
        str, typer.Option("--recipe", autocompletion=recipes, help="A recipe's name, or the path of a .toml file.")
    ] = "tint",
    run: Annotated[
        Path | None,
        typer.Option(
            "--run", "--run-dir", metavar="DIR", help="Run directory; default: runs/RECIPE. Continued if begun."
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option("--validation", metavar="PATH", help="Photographs to look at on the way, never trained on."),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: stages.0.images=20000.")
    ] = None,
    accelerator: AcceleratorOption = "auto",
    accumulate: Annotated[
        int | None,
        typer.Option("--accumulate", min=1, help="Batches that make one step, for more than fits into memory at once."),
    ] = None,
    devices: Annotated[int, typer.Option("--devices", min=1, help="Processes here, each with its own device.")] = 1,
    nodes: Annotated[int, typer.Option("--nodes", min=1, help="Machines; each is given this same command.")] = 1,
    rendezvous: Annotated[
        str | None, typer.Option("--rendezvous", metavar="HOST:PORT", help="Where the machines meet: one of them.")
    ] = None,
    strategy: Annotated[
        Literal["ddp", "fsdp"],
        typer.Option("--strategy", help="fsdp: the processes divide the generator among themselves."),
    ] = "ddp",
    restarts: Annotated[
        int, typer.Option("--restarts", min=0, help="How often a run that failed is continued by itself.")
    ] = 0,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="How long another process may be silent.")
    ] = 1800,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Train this many runs, DIR-seed0, DIR-seed1 ..., to see what is luck.")
    ] = 1,
    images: Annotated[
        str | None,
        typer.Option("--images", metavar="+N", help="Prolong a finished run by N images: --images +20000."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved recipe and stop.")] = False,
) -> None:
    """Train a model by a recipe, or continue a run that was interrupted.

    The run directory gets the resolved recipe, stats.jsonl, losses.csv, sample sheets and checkpoints. Killing a
    run loses at most the last few minutes; the same command continues it.

    Examples:

      tintype train --data photos/ --run runs/mine

      tintype train --data a.tar --data b.tar --validation val.tar --set stages.0.images=20000

      tintype train --data photos/ --run runs/mine --images +20000

      tintype train --data photos/ --devices 4 --restarts 3

      tintype train --recipe landscape --data landscapes/ --seeds 3 && tintype report runs/landscape-seed*
    """
    from tintype.training import load_recipe

    changes = [*(overrides or []), *([f"stages.*.accumulate={accumulate}"] if accumulate else [])]
    more = _more_images(images)
    resolved = load_recipe(recipe, changes)
    if dry_run:
        print(resolved.to_toml(), end="")
        return
    folder = run or Path("runs") / Path(recipe).stem
    runs = {folder: resolved}
    if seeds > 1:
        changed = [load_recipe(recipe, [*changes, f"seed={resolved.seed + i}"]) for i in range(seeds)]
        runs = {folder.with_name(f"{folder.name}-seed{one.seed}"): one for one in changed}

    from tintype.training import train as run_training
    from tintype.training.launch import check_given, launch, working
    from tintype.training.processes import among_others, is_first

    if not among_others() and (devices > 1 or nodes > 1 or restarts):
        check_given(resolved, data)
        launch(sys.argv[1:], devices=devices, nodes=nodes, rendezvous=rendezvous, restarts=restarts, timeout=timeout)
        return
    with working(timeout) if among_others() else nullcontext():
        try:
            for place, one in runs.items():
                weights = run_training(
                    one,
                    data,
                    place,
                    validation=validation,
                    accelerator=accelerator,
                    strategy=strategy,
                    timeout=timeout,
                    prolong=more,
                )
                if is_first():
                    print(weights)
        except KeyboardInterrupt as stop:
            again = shlex.join(_without_images(sys.argv[1:]))
            kept = str(stop) or "stopped; what was saved last is kept"
            print(f"{kept}. The same command goes on:\n  tintype {again}", file=sys.stderr)
            raise SystemExit(130) from None


def _more_images(text: str | None) -> int:
    """The number in "+20000". Raises RecipeError for anything else."""
    if text is None:
        return 0
    number = text.removeprefix("+").replace("_", "").replace(",", "")
    if not (text.startswith("+") and number.isdecimal() and int(number)):
        raise RecipeError(
            f"--images {text}: it prolongs a finished run, write --images +20000; the length of a new run is "
            "--set stages.0.images=20000"
        )
    return int(number)


def _without_images(words: list[str]) -> list[str]:
    """A command without --images: what prolonged a run once is in the run, and must not do it again."""
    kept = [word for before, word in zip(["", *words], words, strict=False) if before != "--images"]
    return [word for word in kept if word != "--images" and not word.startswith("--images=")]
