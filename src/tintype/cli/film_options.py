"""Options of `tintype colorize` for films, apart from those that other verbs have too."""

from typing import Annotated

import typer

from .options import FILMS

DepthOption = Annotated[
    int | None,
    typer.Option(
        "--depth",
        metavar="BITS",
        help="Of numbered pictures (-o out/%07d.tif): 8 or 16, DPX also 10 or 12; default: as the film has.",
        rich_help_panel=FILMS,
    ),
]
