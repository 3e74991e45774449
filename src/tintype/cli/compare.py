"""`tintype compare`: a thin face of `tintype.compare`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from tintype.errors import RecipeError

from .options import AcceleratorOption

_UNITS = {"s": 1, "m": 60, "h": 3600}


def compare(
    recipes: Annotated[str, typer.Option("--recipes", metavar="A,B,C", help="Recipes to compare, by name or path.")],
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="PATH", help="Colour photographs: a folder, or a .tar; may be repeated."),
    ],
    variants: Annotated[
        list[str] | None,
        typer.Option("--variant", metavar="TEXT", help="'NAME=RECIPE KEY=VALUE ...': a recipe with changes."),
    ] = None,
    budget: Annotated[str, typer.Option("--budget", metavar="TIME", help="For everything: 20m, 3h, 90s.")] = "20m",
    images: Annotated[
        int | None, typer.Option("--images", min=1, help="Images that each run sees, instead of a budget.")
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Runs of each recipe, to see what is luck.")] = 3,
    size: Annotated[int, typer.Option("--size", min=32, help="Side of the training crops, in pixels.")] = 128,
    run: Annotated[
        Path, typer.Option("--run", metavar="DIR", help="Where the runs and the page go; continued if begun.")
    ] = Path("runs/compare"),
    accelerator: AcceleratorOption = "auto",
) -> None:
    """Train several recipes on the same pictures, measure them on others, and say which is better.

    Three quarters of the pictures are trained on, a fifth is for the test. Every run sees the same number of images, at
    one size; the ranking has intervals over pictures and seeds. comparison.html in the run's directory shows all of it.

    Examples:

      tintype compare --recipes pix2pix,uvu,landscape --data photos/ --budget 3h

      tintype compare --recipes uvu --variant 'plain=uvu generator.attention=none generator.inner=none' --data photos/
    """
    from tintype.compare.plan import Entrant
    from tintype.compare.study import compare as run_comparison

    texts = [text.strip() for text in recipes.split(",") if text.strip()]
    entrants = [Entrant.parse(text) for text in [*texts, *(variants or [])]]
    outcome = run_comparison(
        entrants,
        data,
        run,
        budget=_seconds(budget),
        images=images,
        seeds=seeds,
        size=size,
        accelerator=accelerator,
    )
    for number, place in enumerate(outcome.places, 1):
        low, high = place.interval
        score = f"score {place.score:.3f} ({low:.3f} to {high:.3f})"
        print(f"{number}. {place.name:20} {score}  CIEDE2000 {place.ciede2000:.2f}")
    print(outcome.verdict)
    print(outcome.page)


def _seconds(text: str) -> float:
    """Seconds of "20m", "3h" or "90s". Raises RecipeError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", text.strip())
    if not found or not float(found[1]):
        raise RecipeError(f"--budget {text}: write a time, such as 20m, 3h or 90s")
    return float(found[1]) * _UNITS[found[2]]
