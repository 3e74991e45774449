"""The pictures of a report, cut from a run's sample sheets: rows of given | answered | true, squares of one size."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

T = TypeVar("T")

GIVEN, ANSWERED, TRUE = range(3)
TILE = 128
MOST_SHEETS = 12
MOST_TIMES = 6
SHOWN_PICTURES = 4
GAP = 4
PAPER = (127, 127, 127)


@dataclass(frozen=True)
class Sheet:
    """A sample sheet, cut up: for each picture its three squares, and the images seen when it was made."""

    images: int
    rows: tuple[tuple[Image.Image, ...], ...]


@dataclass(frozen=True)
class Shown:
    """A picture as a data URI, and its size in pixels."""

    uri: str
    width: int
    height: int


def read_sheets(folder: Path, most: int = MOST_SHEETS) -> list[Sheet]:
    """Up to `most` sheets of a run directory, evenly spread from its first to its last, oldest first.

    Files that are no sheets, or are being written right now, are left out.
    """
    paths = sorted((path for path in (folder / "samples").glob("*.jpg") if path.stem.isdigit()), key=_images_of)
    sheets = (_read_sheet(path) for path in evenly(paths, most))
    return [sheet for sheet in sheets if sheet is not None]


def collection(folder: Path, sheets: Sequence[Sheet]) -> Shown | None:
    """The landscape colorizer's collection: nine pictures as given, three by three, and right of them the nine answers.

    From samples/collection.png where there is one, else of the newest sheet; None without either.
    """
    made = folder / "samples" / "collection.png"
    if made.is_file():
        try:
            with Image.open(made) as picture:
                size = picture.size
            return Shown(_uri(made.read_bytes(), "png"), *size)
        except OSError:
            pass  # being written right now
    if not sheets:
        return None
    rows = sheets[-1].rows[:9]
    side = rows[0][GIVEN].width
    block = 3 * side + 2 * GAP
    canvas = Image.new("RGB", (2 * block + 4 * GAP, block), PAPER)
    for index, row in enumerate(rows):
        x, y = (index % 3) * (side + GAP), (index // 3) * (side + GAP)
        canvas.paste(row[GIVEN], (x, y))
        canvas.paste(row[ANSWERED], (x + block + 4 * GAP, y))
    return show(canvas)


def over_time(sheets: Sequence[Sheet]) -> tuple[list[int], Shown] | None:
    """A few pictures, a row each: given, answered at a few times, true. With the images seen at those times."""
    sheets = evenly([sheet for sheet in sheets if len(sheet.rows) == len(sheets[-1].rows)], MOST_TIMES)
    if not sheets:
        return None
    rows = []
    for index in evenly(range(len(sheets[-1].rows)), SHOWN_PICTURES):
        newest = sheets[-1].rows[index]
        rows.append([newest[GIVEN], *(sheet.rows[index][ANSWERED] for sheet in sheets), newest[TRUE]])
    return [sheet.images for sheet in sheets], show(_grid(rows))


def whole(sheet: Sheet) -> Shown:
    """All of a sheet, its lower half beside its upper half when it is long."""
    half = (len(sheet.rows) + 1) // 2 if len(sheet.rows) > 4 else len(sheet.rows)
    rows: list[Sequence[Image.Image]] = list(sheet.rows[:half])
    for index, row in enumerate(sheet.rows[half:]):
        rows[index] = (*rows[index], *row)
    return show(_grid(rows))


def evenly(items: Sequence[T], most: int) -> list[T]:
    """Up to `most` of the items, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    if most == 1:
        return [items[-1]]
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def _images_of(path: Path) -> int:
    return int(path.stem)


def _read_sheet(path: Path) -> Sheet | None:
    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
    except OSError:
        return None
    side = picture.width // 3
    if side < 1 or picture.height < side:
        return None
    rows = []
    for top in range(0, picture.height - side + 1, side):
        squares = (picture.crop((left, top, left + side, top + side)) for left in (0, side, 2 * side))
        rows.append(tuple(square.resize((TILE, TILE)) if side > TILE else square for square in squares))
    return Sheet(_images_of(path), tuple(rows))


def _grid(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    side = rows[0][0].width
    columns = max(len(row) for row in rows)
    canvas = Image.new("RGB", (columns * (side + GAP) - GAP, len(rows) * (side + GAP) - GAP), PAPER)
    for y, row in enumerate(rows):
        for x, square in enumerate(row):
            canvas.paste(square.resize((side, side)), (x * (side + GAP), y * (side + GAP)))
    return canvas


def show(picture: Image.Image) -> Shown:
    """A picture as a page carries it: JPEG in a data URI."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=88)
    return Shown(_uri(stream.getvalue(), "jpeg"), *picture.size)


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
