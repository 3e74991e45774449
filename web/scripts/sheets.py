"""One WebP for each view of the page out of its screenshots: three widths beside one another, light above dark.

Arguments: the folder of screenshots named VIEW-WIDTH-THEME.png, as shots.mjs takes them, and the folder to write to.
"""

import sys
from pathlib import Path

from PIL import Image

WIDTHS, THEMES = (1920, 1280, 390), ("light", "dark")
HEIGHT, GAP = 360, 12  # of each screenshot on the sheet
MOST = 60_000  # bytes of a sheet


def sheet(folder: Path, view: str) -> Image.Image:
    rows = []
    for theme in THEMES:
        shots = [Image.open(folder / f"{view}-{width}-{theme}.png").convert("RGB") for width in WIDTHS]
        rows.append(
            [one.resize((round(one.width * HEIGHT / one.height), HEIGHT), Image.Resampling.LANCZOS) for one in shots]
        )
    width = sum(one.width for one in rows[0]) + GAP * (len(WIDTHS) - 1)
    made = Image.new("RGB", (width, HEIGHT * len(rows) + GAP * (len(rows) - 1)), (128, 128, 128))
    for at, row in enumerate(rows):
        left = 0
        for one in row:
            made.paste(one, (left, at * (HEIGHT + GAP)))
            left += one.width + GAP
    return made


def write(image: Image.Image, target: Path) -> int:
    """As good as the room allows; returns the bytes."""
    for quality in range(80, 20, -6):
        image.save(target, "WEBP", quality=quality, method=6)
        if target.stat().st_size <= MOST:
            break
    return target.stat().st_size


if __name__ == "__main__":
    source, goal = map(Path, sys.argv[1:3])
    goal.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name.removesuffix("-390-dark.png") for path in source.glob("*-390-dark.png"))
    total = 0
    for name in names:
        size = write(sheet(source, name), goal / f"view-{name}.webp")
        total += size
        print(f"view-{name}.webp {size / 1000:.0f} kB")
    print(f"{len(names)} sheets, {total / 1e6:.2f} MB")
