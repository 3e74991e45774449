"""The picture in docs/systems.md: a few free photographs, coloured by every system."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from tintype import Colorizer, Photo
from tintype.data.sketch import make_sketch

CELL, GAP, HEAD = 150, 4, 22
PAPER, INK = (255, 255, 255), (40, 40, 40)
MOST_BYTES = 600_000
PEOPLE = ("astronaut", "hopper", "migrant-mother-1936")
# Examples whose colours exist: the names of the originals in scikit-image's sample data.
TRUTHS = {"astronaut": "astronaut.png", "cat": "chelsea.png", "coffee": "coffee.png", "rocket": "rocket.jpg"}

Row = list[Image.Image | None]


@dataclass(frozen=True)
class SheetModel:
    """A model file to show, its name, and what it colours: photographs ("lightness") or drawings ("sketch")."""

    name: str
    file: Path
    condition: str


def write_sheet(models: Sequence[SheetModel], examples: Path, output: Path, threads: int | None = None) -> None:
    """Write the contact sheet: grey | each system | true; under it, for systems that paint drawings, drawing | painted
    | photograph."""
    paths = sorted(examples.glob("*.jpg"))
    photos = [model for model in models if model.condition != "sketch"]
    blocks: list[Image.Image] = []
    if photos:
        colorizers = [Colorizer(model.file, threads=threads) for model in photos]
        rows: list[Row] = [
            [Image.open(path), *(_coloured(colorizer, path) for colorizer in colorizers), true_picture(path.stem)]
            for path in paths
        ]
        blocks.append(_block(["grey", *(model.name for model in photos), "true"], rows))
    for model in models:
        if model.condition == "sketch":
            colorizer = Colorizer(model.file, threads=threads)
            people = [path for path in paths if path.stem in PEOPLE]
            blocks.append(_block(["drawing", model.name, "photograph"], [_painted(colorizer, path) for path in people]))
    sheet = Image.new("RGB", (max(b.width for b in blocks), sum(b.height for b in blocks)), PAPER)
    top = 0
    for block in blocks:
        sheet.paste(block, (0, top))
        top += block.height
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(_jpeg(sheet))


def true_picture(stem: str) -> Image.Image | None:
    """The photograph an example was made of, in colour; None where there is none, or scikit-image is not installed."""
    try:
        import skimage
    except ModuleNotFoundError:
        return None
    path = Path(skimage.__file__).parent / "data" / TRUTHS.get(stem, "none")
    return Image.open(path).convert("RGB") if path.is_file() else None


def _coloured(colorizer: Colorizer, path: Path) -> Image.Image:
    return Image.fromarray(colorizer.colorize(path).rgb())


def _painted(colorizer: Colorizer, path: Path) -> Row:
    """The drawing of a photograph, at the size the model works at, and what the model makes of it."""
    picture = true_picture(path.stem) or Image.open(path).convert("RGB")
    drawing = make_sketch(np.asarray(picture), colorizer.model.info.size, "remove")
    return [Image.fromarray(drawing), Image.fromarray(colorizer.colorize(Photo(drawing)).rgb()), picture]


def _block(headings: Sequence[str], rows: Sequence[Row]) -> Image.Image:
    step = CELL + GAP
    block = Image.new("RGB", (len(headings) * step - GAP, HEAD + len(rows) * step), PAPER)
    draw = ImageDraw.Draw(block)
    font = ImageFont.load_default(13)
    for column, heading in enumerate(headings):
        draw.text((column * step + CELL / 2, HEAD / 2), heading, INK, font, anchor="mm")
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            if picture is not None:
                square = ImageOps.fit(picture.convert("RGB"), (CELL, CELL), centering=(0.5, 0.3))
                block.paste(square, (column * step, HEAD + row * step))
    return block


def _jpeg(sheet: Image.Image) -> bytes:
    """The sheet as JPEG, at the best quality that is small enough."""
    for quality in (90, 85, 80, 70, 60):
        buffer = io.BytesIO()
        sheet.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()
