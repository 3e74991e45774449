"""`tintype train`: a thin face of `tintype.training`."""

import os
from pathlib import Path
from typing import Annotated, Literal

import typer


def train(
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="PATH", help="Colour photographs: a folder, or a .tar; may be repeated."),
    ],
    recipe: Annotated[str, typer.Option("--recipe", help="A recipe's name, or the path of a .toml file.")] = "tint",
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="Run directory; default: runs/RECIPE. Continued if begun."),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option("--validation", metavar="PATH", help="Photographs to look at on the way, never trained on."),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: stages.0.images=20000.")
    ] = None,
    accelerator: Annotated[
        Literal["auto", "cpu", "cuda", "mps"], typer.Option("--accelerator", help="What to train on.")
    ] = "auto",
    devices: Annotated[int, typer.Option("--devices", min=1, help="Processes, each with a device of its own.")] = 1,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Train this many runs, DIR-seed0, DIR-seed1 ..., to see what is luck.")
    ] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the resolved recipe and stop.")] = False,
) -> None:
    """Train a model by a recipe, or continue a run that was interrupted.

    The run directory gets the resolved recipe, stats.jsonl, losses.csv, sample sheets and checkpoints. Killing a
    run loses at most the last few minutes; the same command continues it.

    Examples:

      tintype train --data photos/ --run runs/mine

      tintype train --data a.tar --data b.tar --validation val.tar --set stages.0.images=20000

      tintype train --recipe landscape --data landscapes/ --seeds 3 && tintype report runs/landscape-seed*
    """
    from ..training import load_recipe
    from ..training import train as run_training

    resolved = load_recipe(recipe, overrides or [])
    if dry_run:
        print(resolved.to_toml(), end="")
        return
    folder = run or Path("runs") / Path(recipe).stem
    runs = {folder: resolved}
    if seeds > 1:
        changed = [load_recipe(recipe, [*(overrides or []), f"seed={resolved.seed + i}"]) for i in range(seeds)]
        runs = {folder.with_name(f"{folder.name}-seed{one.seed}"): one for one in changed}
    for place, one in runs.items():
        weights = run_training(one, data, place, validation=validation, accelerator=accelerator, devices=devices)
        if os.environ.get("LOCAL_RANK", "0") == "0":  # the other processes of the run stay silent
            print(weights)
