"""The pictures of docs/photos.md: what each step of `--restore` does, close up, and each taste, to one photograph.

python benchmarks/taste_sheet.py [--folder docs/images]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tintype import Colorizer, Photo, Taste

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SIDE, GAP, TITLE = 260, 8, 18
# The step, the picture, and the square of it that is shown: left, top, side.
CLOSE_UP = (
    ("dust", "boulevard-1838.jpg", (380, 0, 150)),
    ("noise", "boulevard-1838.jpg", (300, 150, 90)),
    ("fade", "cat.jpg", (60, 0, 300)),
)
TASTES = {
    "grey": Taste(strength=0),
    "as it comes": Taste(),
    "--saturation 1.6": Taste(saturation=1.6),
    "--temperature -0.8": Taste(temperature=-0.8),
    "--temperature 0.8": Taste(temperature=0.8),
    "--strength 0.5": Taste(strength=0.5),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    colorizer = Colorizer()
    rows = []
    for step, name, (left, top, side) in CLOSE_UP:
        photo = Photo.read(EXAMPLES / name)
        box = (left, top, left + side, top + side)
        tastes = {
            "as scanned": Taste(strength=0),
            f"--restore {step}": Taste(strength=0, restore=(step,)),
            "coloured without": Taste(),
            "coloured with": Taste(restore=(step,)),
        }
        rows.append({title: crop(colorizer, photo, taste, box) for title, taste in tastes.items()})
    sheet(rows).save(options.folder / "restore.jpg", quality=88)
    photo = Photo.read(EXAMPLES / "migrant-mother-1936.jpg")
    width = photo.width
    square = (0, 0, width, width)
    pictures = {title: crop(colorizer, photo, taste, square) for title, taste in TASTES.items()}
    titles = list(pictures)
    sheet([{title: pictures[title] for title in titles[i : i + 3]} for i in (0, 3)]).save(
        options.folder / "taste.jpg", quality=88
    )


def crop(colorizer: Colorizer, photo: Photo, taste: Taste, box: tuple[int, int, int, int]) -> Image.Image:
    pixels = np.ascontiguousarray(colorizer.colorize(photo, taste=taste).rgb())
    return Image.fromarray(pixels).crop(box).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def sheet(rows: list[dict[str, Image.Image]]) -> Image.Image:
    width = len(rows[0]) * (SIDE + GAP) - GAP
    page = Image.new("RGB", (width, len(rows) * (SIDE + TITLE + GAP) - GAP), "white")
    draw = ImageDraw.Draw(page)
    for i, row in enumerate(rows):
        for j, (title, picture) in enumerate(row.items()):
            x, y = j * (SIDE + GAP), i * (SIDE + TITLE + GAP)
            draw.text((x + 2, y + 3), title, fill="black")
            page.paste(picture, (x, y + TITLE))
    return page


if __name__ == "__main__":
    main()
