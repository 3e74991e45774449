"""Options of `tintype colorize` for films, apart from those that other verbs have too."""

from dataclasses import dataclass
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
DeinterlaceOption = Annotated[
    bool,
    typer.Option("--deinterlace", help="Take frames of two fields apart; default: kept.", rich_help_panel=FILMS),
]


@dataclass(frozen=True)
class FilmWishes:
    """What the command line says of films alone, as text and numbers, not checked yet; results depend on all of it."""

    stability: float
    every: str
    codec: str | None
    crf: int | None
    depth: int | None
    start: str | None
    end: str | None
    rate: float | None
    hints: tuple[str, ...]
    restore: tuple[str, ...]
    deinterlace: bool
    skip_colour: bool = False
    skip_toned: bool = False
    again: bool = False
