"""Options of `tintype colorize` that change the light before colouring, apart from the list of steps."""

from pathlib import Path
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

RestoredMapOption = Annotated[
    Path | None,
    typer.Option(
        "--restored-map",
        metavar="MAP.png",
        help="Write what --restore changed: grey where nothing, lighter or darker by as much.",
        rich_help_panel="Taste",
    ),
]
