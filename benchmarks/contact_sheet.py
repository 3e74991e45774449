"""A contact sheet of photographs before | after, as one JPEG: the picture in the README.

python benchmarks/contact_sheet.py --model tint --output docs/images/examples.jpg
"""

import argparse
from pathlib import Path

from PIL import Image

from tintype import Colorizer
from tintype.batch.run import READABLE

HEIGHT, GAP, WIDTH = 220, 8, 1400
PAPER = (255, 255, 255)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[1] / "examples")
    parser.add_argument("--model", default="tint")
    parser.add_argument("--output", type=Path, default=Path("docs/images/examples.jpg"))
    parser.add_argument("--quality", type=int, default=85)
    options = parser.parse_args()

    colorizer = Colorizer(options.model)
    paths = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in READABLE)
    sheet = arrange([before_after(colorizer, path) for path in paths])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(options.output, quality=options.quality)
    print(f"{len(paths)} photographs, {sheet.width}x{sheet.height} pixels: {options.output}")


def before_after(colorizer: Colorizer, path: Path) -> Image.Image:
    """The grey picture and the coloured one side by side, touching."""
    opened = colorizer.open(path)
    halves = [Image.fromarray(photo.rgb()) for photo in (opened.photo.grey(), opened.predict())]
    width = round(halves[0].width * HEIGHT / halves[0].height)
    pair = Image.new("RGB", (2 * width, HEIGHT), PAPER)
    for i, half in enumerate(halves):
        pair.paste(half.resize((width, HEIGHT), Image.Resampling.LANCZOS), (i * width, 0))
    return pair


def arrange(pairs: list[Image.Image]) -> Image.Image:
    """Rows of pairs, as many in each as fit, the rows centred."""
    rows: list[list[Image.Image]] = [[]]
    for pair in pairs:
        if rows[-1] and _width([*rows[-1], pair]) > WIDTH:
            rows.append([])
        rows[-1].append(pair)
    width = max(map(_width, rows))
    sheet = Image.new("RGB", (width, len(rows) * (HEIGHT + GAP) - GAP), PAPER)
    for i, row in enumerate(rows):
        x = (width - _width(row)) // 2
        for pair in row:
            sheet.paste(pair, (x, i * (HEIGHT + GAP)))
            x += pair.width + GAP
    return sheet


def _width(row: list[Image.Image]) -> int:
    return sum(pair.width + GAP for pair in row) - GAP


if __name__ == "__main__":
    main()
