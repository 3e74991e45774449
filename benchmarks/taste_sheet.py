"""The pictures of docs/photos.md: what each step of `--restore` does, close up, and each taste, to one photograph.

For `--restore auto` examples are damaged by data/degrade.py, since what is mended can be judged only where the print
without damage is known; the figure over each square is its PSNR of light against that print.

python benchmarks/taste_sheet.py [--folder docs/images] [--only restore-auto.jpg]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from prints import psnr

from tintype import Colorizer, Photo, Taste
from tintype.data import degrade

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SIDE, GAP, TITLE = 260, 8, 18
QUALITY = {"restore-auto.jpg": 78}  # a large sheet
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
# The damage, the picture, where its square of `WHOLE` pixels begins, and where in that the close-up does.
WHOLE = 400
MADE = (
    (("halftone",), "astronaut.jpg", (20, 0), (90, 10)),
    (("scratch", "scratch"), "hopper.jpg", (40, 0), (90, 40)),
    (("stain", "scratch"), "migrant-mother-1936.jpg", (0, 0), (110, 40)),
    (("wear",), "coffee.jpg", (80, 0), (90, 60)),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", choices=("restore.jpg", "restore-auto.jpg", "taste.jpg"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    colorizer = Colorizer()
    made = {"restore.jpg": close_ups, "restore-auto.jpg": mended, "taste.jpg": tastes}
    for name, draw in made.items():
        if options.only in (None, name):
            draw(colorizer).save(options.folder / name, quality=QUALITY.get(name, 88))


def close_ups(colorizer: Colorizer) -> Image.Image:
    """What each plain step does to a small part of a picture."""
    rows = []
    for step, name, (left, top, side) in CLOSE_UP:
        photo = Photo.read(EXAMPLES / name)
        box = (left, top, left + side, top + side)
        ways = {
            "as scanned": Taste(strength=0),
            f"--restore {step}": Taste(strength=0, restore=(step,)),
            "coloured without": Taste(),
            "coloured with": Taste(restore=(step,)),
        }
        rows.append({title: crop(colorizer, photo, taste, box) for title, taste in ways.items()})
    return sheet(rows)


def tastes(colorizer: Colorizer) -> Image.Image:
    """One photograph in every taste."""
    photo = Photo.read(EXAMPLES / "migrant-mother-1936.jpg")
    width = photo.width
    square = (0, 0, width, width)
    pictures = {title: crop(colorizer, photo, taste, square) for title, taste in TASTES.items()}
    titles = list(pictures)
    return sheet([{title: pictures[title] for title in titles[i : i + 3]} for i in (0, 3)])


def mended(colorizer: Colorizer) -> Image.Image:
    """Examples with made damage, mended by `--restore auto` and not, grey and coloured."""
    rows = []
    for number, (kinds, name, (left, top), (x, y)) in enumerate(MADE):
        with Image.open(EXAMPLES / name) as image:
            whole = np.asarray(image.convert("L").crop((left, top, left + WHOLE, top + WHOLE)))
        rng, luma = np.random.default_rng(number), whole.astype(np.float32)
        for kind in kinds:
            luma = getattr(degrade, kind)(luma, rng)
        damaged = (luma.clip(0, 255) + 0.5).astype(np.uint8)
        box = (x, y, x + SIDE, y + SIDE)
        row = {}
        for restore, grey, coloured in (((), "damaged", "coloured"), (("auto",), "--restore auto", "and coloured")):
            light = colorizer.colorize(Photo(damaged), taste=Taste(strength=0, restore=restore)).rgb()
            row[f"{grey}, {', '.join(dict.fromkeys(kinds))}: {psnr(whole, light[..., 1]):.1f} dB"] = light
            row[coloured] = colorizer.colorize(Photo(damaged), taste=Taste(restore=restore)).rgb()
        rows.append({title: Image.fromarray(np.ascontiguousarray(rgb)).crop(box) for title, rgb in row.items()})
    return sheet(rows)


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
