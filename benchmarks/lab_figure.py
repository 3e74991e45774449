"""A photograph taken apart: red, green, blue; L*, a*, b*; and L* with one or both of the others. Uses the core alone.

python benchmarks/lab_figure.py [PHOTO] --output docs/images/lab.jpg

The photograph in the documents is scikit-image's astronaut (NASA, public domain), in colour.
"""

import argparse
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tintype import Photo
from tintype.imaging.color import lab_to_srgb, srgb_to_lab
from tintype.imaging.gamut import reduce_chroma_lab

SIDE, GAP, LINE = 300, 8, 28
MIDDLE = 65.0  # L* at which a and b are shown alone: most of their colours exist there

Pixels = NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photo", nargs="?", type=Path, help="default: the astronaut that comes with scikit-image")
    parser.add_argument("--output", type=Path, default=Path("docs/images/lab.jpg"))
    options = parser.parse_args()
    image = Image.fromarray(Photo.read(options.photo).rgb() if options.photo else skimage.data.astronaut())
    side = min(image.size)
    left = (image.width - side) // 2
    square = image.crop((left, 0, left + side, side)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    draw(panels(np.asarray(square))).save(options.output, quality=88)
    print(options.output)


def panels(rgb: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """Nine pictures of uint8 RGB (H, W, 3), by title, in the order of reading."""
    shares = rgb.astype(np.float32) / 255
    lab = srgb_to_lab(shares)
    shown = {name: shares * np.eye(3, dtype=np.float32)[i] for i, name in enumerate(("red", "green", "blue"))}
    shown["L*"] = keep(lab, (1, 0, 0))
    shown["a* alone"] = keep(lab, (0, 1, 0), MIDDLE)
    shown["b* alone"] = keep(lab, (0, 0, 1), MIDDLE)
    shown["L* and a*"] = keep(lab, (1, 1, 0))
    shown["L* and b*"] = keep(lab, (1, 0, 1))
    shown["all three: the photograph"] = shares
    return {name: (picture * 255 + 0.5).clip(0, 255).astype(np.uint8) for name, picture in shown.items()}


def keep(lab: Pixels, planes: tuple[int, int, int], lightness: float = 0.0) -> Pixels:
    """sRGB of Lab (H, W, 3) with only some of its planes; `lightness` stands in for L* where that is not kept."""
    chosen = lab * np.array(planes, np.float32)
    chosen[..., 0] += 0 if planes[0] else lightness
    return lab_to_srgb(reduce_chroma_lab(chosen))


def draw(pictures: dict[str, NDArray[np.uint8]], columns: int = 3) -> Image.Image:
    """Pictures of one size with their titles, row by row."""
    height, width = next(iter(pictures.values())).shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (height + LINE)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (title, pixels) in enumerate(pictures.items()):
        x, y = number % columns * (width + GAP), number // columns * (height + LINE)
        pen.text((x + 2, y + 4), title, fill="black", font_size=17)
        sheet.paste(Image.fromarray(pixels), (x, y + LINE))
    return sheet


if __name__ == "__main__":
    main()
