"""Options of `tintype colorize` that say what is left as it is."""

from typing import Annotated

import typer

_PANEL = "Many pictures"
SkipColourOption = Annotated[
    bool,
    typer.Option(
        "--skip-colour", help="Leave pictures, and shots of films, that have colour alone.", rich_help_panel=_PANEL
    ),
]
SkipTonedOption = Annotated[
    bool,
    typer.Option("--skip-toned", help="Leave sepia and other one-coloured prints alone too.", rich_help_panel=_PANEL),
]
AgainOption = Annotated[
    bool, typer.Option("--again", help="Colour tintype's own results once more.", rich_help_panel=_PANEL)
]
