"""`tintype help`: the same as `--help`, for whoever types it this way."""

from typing import Annotated

import typer


def help(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="The command to show the help of.")
    ] = None,
) -> None:
    """Show the help of tintype, or of one of its commands.

    Examples:

      tintype help

      tintype help colorize
    """
    from . import app

    app([*(words or ()), "--help"], prog_name="tintype", standalone_mode=False)
