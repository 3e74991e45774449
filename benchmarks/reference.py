"""What a reference gives: half of a photograph coloured by the help of its other half, mirrored.

    python benchmarks/reference.py --data val.tar [--model tint] [--limit 60]
    python benchmarks/reference.py --sheet docs/images/reference.jpg

Each photograph is cut into two parts that overlap (each 0.65 of the longer side). The first is made grey; the second,
mirrored, so that no place lies where it did, is the reference, as one photograph of a place is for another. As the
counterproof, the same with the next photograph's second part, which shows something else. PSNR, CIEDE2000 and LPIPS
(alex) against the truth; prints a table, writes it into docs/hints.md, appends a line to benchmarks/reference.jsonl.
Needs the extra `metrics`. With --sheet nothing is measured: a picture is made of four photographs of scikit-image's.
"""

import argparse
import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import skimage.data
import torch
from documents import append_line, markdown_table, replace_block
from numpy.typing import NDArray
from PIL import Image
from taste_sheet import ROOT, SIDE, sheet

from tintype import Colorizer, Photo
from tintype.data.sources import iter_pictures
from tintype.evaluation.collection import evenly_spread
from tintype.evaluation.lpips import load_lpips
from tintype.imaging.metrics import measure

Pixels = NDArray[np.uint8]
Row = tuple[float, float, float]  # PSNR, CIEDE2000, LPIPS

SHARE = 0.65
GREY, PLAIN, OWN, STRANGE = "grey", "no reference", "its other part", "another photograph"
SHOWN = ("astronaut", "chelsea", "coffee", "rocket")  # public domain or CC0: examples/SOURCES.md


def parts(rgb: Pixels) -> tuple[Pixels, Pixels]:
    """A photograph (H, W, 3) cut along its longer side: its first part, and its last, mirrored."""
    axis = 0 if rgb.shape[0] > rgb.shape[1] else 1
    length = round(SHARE * rgb.shape[axis])
    first, last = np.split(rgb, [length], axis)[0], np.split(rgb, [rgb.shape[axis] - length], axis)[1]
    return np.ascontiguousarray(first), np.ascontiguousarray(last[:, ::-1])


def colorings(colorizer: Colorizer, first: Pixels, own: Pixels, strange: Pixels) -> dict[str, Pixels]:
    """The first part in every way that is compared."""
    opened = colorizer.open(Image.fromarray(first).convert("L"))
    references = {PLAIN: None, OWN: colorizer.open(own), STRANGE: colorizer.open(strange)}
    answers = {name: opened.predict(reference=reference).rgb() for name, reference in references.items()}
    return {GREY: opened.photo.rgb(), **answers}


def measured(colorizer: Colorizer, photographs: Sequence[Pixels]) -> dict[str, list[Row]]:
    """A row for each photograph and way."""
    lpips, rows = load_lpips("alexnet").eval(), dict[str, list[Row]]()
    cut = [parts(rgb) for rgb in photographs]
    for number, (first, own) in enumerate(cut):
        for name, answer in colorings(colorizer, first, own, cut[(number + 1) % len(cut)][1]).items():
            figures = measure(answer, first)
            planes = [torch.from_numpy(p.astype(np.float32) / 255).permute(2, 0, 1)[None] for p in (answer, first)]
            with torch.no_grad():
                distance = float(lpips(*planes)[0])
            rows.setdefault(name, []).append((figures.psnr, figures.ciede2000, distance))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--model", default="tint")
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args()
    if (options.data is None) == (options.sheet is None):
        parser.error("give --data, to measure, or --sheet, to make the picture")
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    colorizer = Colorizer(options.model, threads=options.threads)
    if options.sheet is not None:
        draw_sheet(colorizer, options.sheet)
        return
    photographs = [Photo.read(picture.data) for picture in evenly_spread(iter_pictures(options.data), options.limit)]
    found = measured(colorizer, [photo.rgb() for photo in photographs if photo.chroma is not None])
    means = {name: [float(mean) for mean in np.mean(rows, 0)] for name, rows in found.items()}
    table = markdown_table(
        ["reference", "PSNR, dB", "CIEDE2000", "LPIPS alex"],
        [[name, f"{psnr:.2f}", f"{delta:.2f}", f"{lpips:.3f}"] for name, (psnr, delta, lpips) in means.items()],
    )
    print(f"{len(found[GREY])} photographs\n{table}")
    if options.no_write:
        return
    line = {
        "date": datetime.date.today().isoformat(),
        "model": colorizer.model.info.name,
        "sha256": colorizer.model.sha256,
        "pictures": len(found[GREY]),
        "means": {name: [round(value, 4) for value in row] for name, row in means.items()},
    }
    append_line(Path(__file__).with_suffix(".jsonl"), line)
    replace_block(ROOT / "docs" / "hints.md", "reference table", table, line["model"])


def draw_sheet(colorizer: Colorizer, output: Path) -> None:
    """A row for each example: the reference, the part to be coloured, without, with it, the truth."""
    rows = []
    for name in SHOWN:
        first, own = parts(np.asarray(getattr(skimage.data, name)()))
        ways = colorings(colorizer, first, own, own)
        shown = {"reference": own, GREY: ways[GREY], PLAIN: ways[PLAIN], "with it": ways[OWN], "truth": first}
        rows.append({title: _square(pixels) for title, pixels in shown.items()})
    sheet(rows).save(output, quality=82)


def _square(pixels: Pixels) -> Image.Image:
    side = min(pixels.shape[:2])
    return Image.fromarray(pixels[:side, :side]).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
