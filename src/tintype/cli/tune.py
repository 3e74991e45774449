"""`tintype tune`: a thin face of `tintype.tune`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .completion import recipes
from .options import AcceleratorOption

SearchOption = Annotated[
    list[str] | None,
    typer.Option(
        "--search",
        metavar="KEY=RANGE",
        help="A value to search: lr=log:1e-5:1e-2, KEY=float:LOW:HIGH, KEY=int:LOW:HIGH:STEP, KEY=choice:A,B. "
        "May be repeated.",
    ),
]
RecipesOption = Annotated[
    str,
    typer.Option(
        "--recipe",
        autocompletion=recipes,
        help="A recipe's name, or the path of a .toml file; several, with commas between, are searched among.",
    ),
]
StorageOption = Annotated[
    str | None,
    typer.Option("--storage", metavar="URL", help="A database that machines share; default: DIR/study.db (SQLite)."),
]


def tune(
    data: Annotated[
        list[Path],
        typer.Option("--data", metavar="PATH", help="Colour photographs: a folder, or a .tar; may be repeated."),
    ],
    validation: Annotated[
        Path, typer.Option("--validation", metavar="PATH", help="Photographs that trials are judged by.")
    ],
    searches: SearchOption = None,
    recipe: RecipesOption = "tint",
    images: Annotated[
        int | None,
        typer.Option("--images", min=1, help="Images that each trial sees: shortens all stages in proportion."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", help="The study's folder; default: runs/tune-RECIPE. Continued if begun."),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe for all trials.")
    ] = None,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Trials in all, those of earlier calls too.")] = 20,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0, help="Start no new trial after this time.")
    ] = None,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Trials at once; they share the threads.")] = 1,
    storage: StorageOption = None,
    grace: Annotated[
        float,
        typer.Option("--grace", metavar="SECONDS", min=2, help="A machine silent for so long has lost its trial."),
    ] = 600,
    study: Annotated[
        str | None, typer.Option("--study", help="The study's name in the database; default: the folder's name.")
    ] = None,
    objective: Annotated[
        Literal["score", "pareto"],
        typer.Option("--objective", help="score: one number; pareto: colour and vividness apart, no pruning."),
    ] = "score",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the proposals, not of the runs.")] = 0,
    accelerator: AcceleratorOption = "auto",
) -> None:
    """Search a recipe's hyperparameters, or continue a search that was interrupted.

    Each trial is a run directory in the study's folder. Trials are judged by the colours and the vividness of
    validation pictures, never by the training loss. The folder gets study.html and best.toml, a recipe to train by.

    Examples:

      tintype tune --data photos/ --validation val.tar --search lr=log:1e-5:1e-2 --trials 30

      tintype tune --recipe uvu --data photos/ --validation val.tar --search generator.attention=choice:source,spatial

      tintype tune --recipe pix2pix,uvu,landscape --images 20000 --data photos/ --validation val.tar --search
      lr=log:1e-5:1e-2
    """
    from tintype.tune import Sharing, Training
    from tintype.tune import tune as run_study

    summary = run_study(
        recipe,
        overrides or [],
        Training(tuple(data), validation, accelerator=accelerator),
        run or Path("runs") / f"tune-{'-'.join(Path(name.strip()).stem for name in recipe.split(','))}",
        searches or [],
        trials,
        objective=objective,
        seed=seed,
        images=images,
        timeout=timeout,
        processes=processes,
        sharing=Sharing(storage, study, grace),
    )
    print(f"trial {summary.best}: {summary.judgement}")
    for key, value in summary.params.items():
        print(f"  {key} = {value}")
    print(summary.best_recipe)
