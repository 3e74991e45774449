"""Saved colours: what a person said once of a thing, found again in other pictures by what the encoder sees of it.

A saved colour is a name, a colour, and descriptors of the places where it was said (transfer.py). In another picture
the place that is most like any of them is offered, if it is alike enough. Nothing is coloured by it unasked.
"""

import base64
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tintype.errors import TintypeError
from tintype.files.atomic import write_whole
from tintype.imaging.types import Plane

from .hint import parse_color

COLOURS_VARIABLE = "TINTYPE_COLOURS"
LEAST = 0.6  # likeness to be offered: benchmarks/references.py
_NAME = re.compile(r"[\w][\w .-]{0,39}")


@dataclass(frozen=True)
class SavedColour:
    """A colour for a thing that was seen.

    Attributes:
        name: what a person calls it.
        color: as #rrggbb.
        model: SHA-256 of the model whose encoder described it; another one's descriptors mean other things.
        seen: descriptors (D,) of the places where it was said, each of length 1.
    """

    name: str
    color: str
    model: str
    seen: tuple[Plane, ...]


@dataclass(frozen=True)
class Offer:
    """A place of a picture that is like a saved colour's: x and y as parts of the sides; likeness is a cosine."""

    saved: SavedColour
    x: float
    y: float
    likeness: float


def find_saved(colours: Iterable[SavedColour], described: Plane, least: float = LEAST) -> list[Offer]:
    """For each saved colour the place of a picture, described as (h, w, D), that is most like it; the surest first.

    None is offered for a colour that is less than ``least`` alike, nor for one of another model.
    """
    rows, columns = described.shape[:2]
    offers = []
    for saved in colours:
        seen = [vector for vector in saved.seen if vector.shape == described.shape[2:]]
        if not seen:
            continue
        likeness = (described @ np.stack(seen, axis=-1)).max(axis=-1)
        row, column = np.unravel_index(int(likeness.argmax()), likeness.shape)
        value = float(likeness[row, column])
        if value >= least:
            offers.append(Offer(saved, (float(column) + 0.5) / columns, (float(row) + 0.5) / rows, value))
    return sorted(offers, key=lambda offer: -offer.likeness)


def seen_at(described: Plane, x: float, y: float) -> Plane:
    """The descriptor of the place of a picture, described as (h, w, D); x and y are parts of its sides, 0 to 1."""
    rows, columns = described.shape[:2]
    return np.array(described[min(rows - 1, int(y * rows)), min(columns - 1, int(x * columns))], np.float32)


def colours_file() -> Path:
    """`$TINTYPE_COLOURS`, else `colours.json` beside the models of a person."""
    if chosen := os.environ.get(COLOURS_VARIABLE):
        return Path(chosen)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tintype" / "colours.json"


def read_colours(path: Path | None = None) -> list[SavedColour]:
    """The saved colours, by name; none where there is no file.

    Raises:
        TintypeError: the file is not one of saved colours.
    """
    path = path or colours_file()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise TintypeError(f"{path}: not a file of saved colours ({error}); move it away to begin anew") from error
    try:
        found = [_from_dict(name, entry) for name, entry in values["colours"].items()]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise TintypeError(f"{path}: not a file of saved colours; move it away to begin anew") from error
    return sorted(found, key=lambda saved: saved.name)


def write_colours(colours: Sequence[SavedColour], path: Path | None = None) -> Path:
    """Replace the file of saved colours; it is there whole or not at all. Raises OutputError."""
    path = path or colours_file()
    values = {"format": 1, "colours": {saved.name: _as_dict(saved) for saved in colours}}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda: json.dumps(values, indent=1).encode(), overwrite=True)
    return path


def with_colour(colours: Sequence[SavedColour], name: str, color: str, model: str, seen: Plane) -> list[SavedColour]:
    """The saved colours and one more; a name that is there already learns a further look of the thing, and the newest
    colour. Looks by another model are forgotten then.

    Raises:
        TintypeError: the name or the colour is none.
    """
    if not _NAME.fullmatch(name):
        raise TintypeError(f"{name!r} is no name for a colour: 1 to 40 letters, digits, spaces, dots and dashes")
    parse_color(color)
    earlier = next((saved for saved in colours if saved.name == name), None)
    looks = earlier.seen if earlier is not None and earlier.model == model else ()
    made = SavedColour(name, color, model, (*looks, seen))
    return [*(saved for saved in colours if saved.name != name), made]


def _as_dict(saved: SavedColour) -> dict[str, object]:
    looks = [base64.b64encode(vector.astype("<f2").tobytes()).decode() for vector in saved.seen]
    return {"color": saved.color, "model": saved.model, "seen": looks}


def _from_dict(name: str, values: dict[str, object]) -> SavedColour:
    looks = values["seen"]
    if not isinstance(looks, list):
        raise TypeError
    seen = tuple(np.frombuffer(base64.b64decode(look), "<f2").astype(np.float32) for look in looks)
    return SavedColour(name, str(values["color"]), str(values["model"]), seen)
