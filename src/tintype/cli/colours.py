"""`tintype colours`: colours that were said once, kept by name and found again in other pictures."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import JsonOption, ThreadsOption

if TYPE_CHECKING:
    from tintype.colorizer.open_photo import OpenPhoto
    from tintype.hints.saved import Offer

colours = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="""Keep colours of things by name, and find the things again in other pictures.

Without a command it lists them. They lie in the file that TINTYPE_COLOURS names, else in
$XDG_DATA_HOME/tintype/colours.json.

Examples:

  tintype colours save coat wedding.jpg 412,530,#7a1f2b

  tintype colours find album/*.jpg

  tintype colours find party.jpg --output party.json && tintype colorize party.jpg --hints party.json""",
)

ModelOption = Annotated[str, typer.Option("--model", "-m", metavar="NAME", help="Whose eyes it is seen with.")]


@colours.callback(invoke_without_command=True)
def list_them(ctx: typer.Context, as_json: JsonOption = False) -> None:
    if ctx.invoked_subcommand is not None:
        return
    from tintype.hints.saved import read_colours

    found = read_colours()
    if as_json:
        entries = [{"name": s.name, "color": s.color, "looks": len(s.seen), "model": s.model} for s in found]
        print(json.dumps(entries, indent=2))
        return
    width = max((len(saved.name) for saved in found), default=0)
    for saved in found:
        print(f"{saved.name:<{width}}  {saved.color}  seen {len(saved.seen)} times")
    if not found:
        print("no colour is saved; `tintype colours save NAME PHOTO X,Y,#RRGGBB` saves one", file=sys.stderr)


@colours.command()
def save(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="A picture that shows the thing.")],
    points: Annotated[
        list[str], typer.Argument(metavar="X,Y,#RRGGBB...", help="Points on the thing, and the colour it has.")
    ],
    model: ModelOption = "tint",
    threads: ThreadsOption = None,
) -> None:
    """Save the colour of a thing at points of a picture. The same name again learns a further look of it.

    Examples:

      tintype colours save coat wedding.jpg 412,530,#7a1f2b
    """
    from tintype.colorizer.colorizer import Colorizer
    from tintype.errors import TintypeError
    from tintype.hints.hint import Hint
    from tintype.hints.saved import read_colours, seen_at, with_colour, write_colours

    hints = [Hint.parse(text) for text in points]
    colorizer = Colorizer(model, threads=threads)
    opened = colorizer.open(photo)
    described = opened.described()
    known = read_colours()
    wide, high = opened.photo.width, opened.photo.height
    for hint in hints:
        if not (0 <= hint.x < wide and 0 <= hint.y < high):
            raise TintypeError(f"{hint.x:g}, {hint.y:g} is outside the picture of {wide} x {high} pixels")
        color = "#{:02x}{:02x}{:02x}".format(*hint.color)
        seen = seen_at(described, hint.x / wide, hint.y / high)
        known = with_colour(known, name, color, colorizer.model.sha256, seen)
    print(f"{name} is saved in {write_colours(known)}")


@colours.command()
def rm(name: Annotated[str, typer.Argument(metavar="NAME", help="A saved colour.")]) -> None:
    """Forget a saved colour."""
    from tintype.errors import TintypeError
    from tintype.hints.saved import read_colours, write_colours

    known = read_colours()
    if name not in {saved.name for saved in known}:
        raise TintypeError(f"no saved colour is called {name!r}; `tintype colours` lists them")
    write_colours([saved for saved in known if saved.name != name])


@colours.command()
def find(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Pictures to look through.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.json", help="Write what is confirmed as hints, of one picture."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Confirm every offer.")] = False,
    least: Annotated[
        float, typer.Option("--least", metavar="0-1", min=0, max=1, help="Likeness that is needed to be offered.")
    ] = 0.0,
    model: ModelOption = "tint",
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find saved colours again: each place that looks like one is offered, to be confirmed.

    With --output each offer is asked about, and the confirmed ones are written as hints for `tintype colorize --hints`.

    Examples:

      tintype colours find album/*.jpg --json

      tintype colours find party.jpg --output party.json
    """
    from tintype.colorizer.colorizer import Colorizer
    from tintype.errors import OutputError, TintypeError
    from tintype.files.atomic import write_whole
    from tintype.hints.saved import LEAST, find_saved, read_colours

    if output is not None and len(photos) > 1:
        raise OutputError(f"{output}: hints are for one picture, and here are {len(photos)}")
    if output is not None and not yes and not sys.stdin.isatty():
        raise TintypeError("nobody is there to confirm what is found; add --yes to take all of it")
    colorizer = Colorizer(model, threads=threads)
    known = [saved for saved in read_colours() if saved.model == colorizer.model.sha256]
    if not known:
        raise TintypeError(f"no colour was saved with the model {model}; `tintype colours save` saves one")
    told: list[dict[str, object]] = []
    kept: list[dict[str, object]] = []
    for photo in photos:
        opened = colorizer.open(photo)
        for offer in find_saved(known, opened.described(), least or LEAST):
            hint = _hint(offer, opened)
            told.append({"picture": str(photo), "name": offer.saved.name, "likeness": round(offer.likeness, 3)} | hint)
            line = f"{photo}: {offer.saved.name} at {hint['x']:g},{hint['y']:g} ({offer.likeness:.0%} alike)"
            if output is not None and (yes or typer.confirm(f"{line}: colour it {offer.saved.color}?", err=True)):
                kept.append(hint)
            if output is None and not as_json:
                print(f"{line}  --hint {hint['x']:g},{hint['y']:g},{offer.saved.color}")
    if as_json:
        print(json.dumps(told, indent=2))
    if output is not None:
        write_whole(output, lambda: json.dumps(kept, indent=1).encode(), overwrite=False)
        print(f"{len(kept)} of {len(told)} offers confirmed -> {output}", file=sys.stderr)


def _hint(offer: "Offer", opened: "OpenPhoto") -> dict[str, object]:
    """The offer as a hint file holds it, in pixels of the picture."""
    x, y = (
        min(side - 1, round(part * side))
        for part, side in ((offer.x, opened.photo.width), (offer.y, opened.photo.height))
    )
    return {"x": x, "y": y, "color": offer.saved.color}
