"""Portraits, the drawings that are made of them, and what a model for drawings paints: the picture of docs/sketches.md.

    python benchmarks/sketches.py [--model sketch] [--output docs/images/sketches.jpg]
    python benchmarks/sketches.py --data held-out-faces/ [--model sketch]

With --data no picture is made: the centres of those photographs, their backgrounds erased, are drawn with the usual
thresholds and with half of them (more lines), painted from the drawings alone, and compared with what they were; the
drawings themselves, taken as pictures, stand beside. Prints a table. Needs the extra `metrics`.
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
from documents import markdown_table
from PIL import Image
from taste_sheet import EXAMPLES, ROOT, SIDE, sheet

from tintype import Colorizer
from tintype.data.background import foreground
from tintype.data.pairs import crop_square, on_paper
from tintype.data.sketch import HIGH, LOW, make_sketch, sketch
from tintype.data.sources import iter_pictures
from tintype.evaluation.fid import distance_of_halves, paired_distance
from tintype.evaluation.judges import PerceptualDistances, PerceptualMetrics, load_networks
from tintype.imaging.metrics import Figures, measure_all
from tintype.imaging.types import Pixels
from tintype.photo.photo import Photo

# The picture, and the square of it with the head: left, top, side.
HEADS = (
    ("astronaut.jpg", (118, 0, 220)),
    ("hopper.jpg", (130, 20, 300)),
    ("lincoln-1863.jpg", (30, 0, 180)),
    ("migrant-mother-1936.jpg", (90, 20, 250)),
)
THRESHOLDS = (1.0, 0.5)
SHARP = 1.5  # times the thresholds, for the heads: they are sharper than what the network was trained on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="sketch")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images" / "sketches.jpg")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    colorizer = Colorizer(options.model, threads=options.threads)
    if options.data is None:
        draw_sheet(colorizer, options.output)
    else:
        print(measure(colorizer, options.data, options.limit, options.threads))


def draw_sheet(colorizer: Colorizer, output: Path) -> None:
    """Three rows of the same heads: photographs, drawings, paintings."""
    rows: dict[str, list[Image.Image]] = {"photograph": [], "drawing": [], "painted": []}
    for name, (left, top, side) in HEADS:
        with Image.open(EXAMPLES / name) as photo:
            head = photo.convert("RGB").crop((left, top, left + side, top + side))
        side, low, high = colorizer.model.info.size, SHARP * LOW, SHARP * HIGH
        drawing = make_sketch(np.asarray(head), side, "remove", low=low, high=high)
        rows["photograph"].append(head)
        rows["drawing"].append(Image.fromarray(drawing).convert("RGB"))
        rows["painted"].append(Image.fromarray(colorizer.colorize(drawing).rgb()))
    page = sheet(
        [{f"{title} {i + 1}": _enlarged(picture) for i, picture in enumerate(row)} for title, row in rows.items()]
    )
    page.save(output, quality=88)


def _enlarged(picture: Image.Image) -> Image.Image:
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def measure(colorizer: Colorizer, data: Path, limit: int, threads: int | None) -> str:
    """A table of means over the pictures, painted and as drawn."""
    judges, side = PerceptualMetrics(load_networks(), threads), colorizer.model.info.size
    measured: list[list[tuple[Figures, PerceptualDistances]]] = []
    for picture in islice(iter_pictures(data), limit):
        square = crop_square(Photo.read(picture.data).rgb(), side, 1.0, 0.5, 0.5, False)
        mask = foreground(square)
        pictures: list[Pixels] = []
        for factor in THRESHOLDS:
            drawing = sketch(square, mask, low=LOW * factor, high=HIGH * factor)
            pictures += [colorizer.colorize(drawing).rgb(), np.repeat(drawing[..., None], 3, axis=2)]
        pictures.append(on_paper(square, mask))
        measured.append(list(zip(measure_all(pictures, pictures[-1]), judges(pictures), strict=True)))
    truth = np.stack([_features(one[-1][1]) for one in measured])
    rows = []
    for i, name in enumerate(("painted", "the drawing", "painted, more lines", "the drawing, more lines")):
        figures, judged = zip(*(one[i] for one in measured), strict=True)
        features = np.stack([_features(one) for one in judged])
        rows.append(
            [
                name,
                f"{np.mean([one.psnr for one in figures]):.2f}",
                f"{np.mean([one.ciede2000 for one in figures]):.2f}",
                f"{np.mean([one.lpips_alex for one in judged]):.3f}",
                f"{paired_distance(features, truth).value:.0f}",
            ]
        )
    table = markdown_table(["", "PSNR dB", "CIEDE2000", "LPIPS alex", "FID"], rows)
    return f"{table}\n\n{len(measured)} pictures; FID between two halves of the truth: {distance_of_halves(truth):.0f}"


def _features(judged: PerceptualDistances) -> np.ndarray:
    assert judged.features is not None, "FID needs the weights of Inception, and they could not be had"
    return judged.features


if __name__ == "__main__":
    main()
