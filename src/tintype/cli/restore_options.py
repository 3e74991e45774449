"""Options of `tintype colorize` that change the light before colouring, apart from the list of steps."""

from typing import Annotated

import typer

NegativeOption = Annotated[
    bool,
    typer.Option(
        "--negative",
        help="Scans of black-and-white negatives: turned by density, from the film base; a folder is one roll.",
        rich_help_panel="Taste",
    ),
]
