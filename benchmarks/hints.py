"""How much a person's hints help: PSNR against the number of true colours that a model is told, on real photographs.

    python benchmarks/hints.py --data val.tar [--model tint] [--limit 200]

Each photograph is coloured from its light alone, with 0, 1, 2, 5, 10, 20, 50 and 100 hints at places drawn at random,
each of the true colour there (as in Zhang 2017, section 4.1). Then every hint's own place is looked at: how far, in
CIEDE2000, the colour there is from the one asked for, for true colours and for made-up ones that no photograph has.
Appends a line to benchmarks/hints.jsonl and writes table and figure of the default model into docs/hints.md.

    --beside psnrs_siggraph.npy

draws the published curve of Zhang 2017 beside it: the array (pictures, counts) of decibels that `test_sweep.py` of
richzhang/colorization-pytorch compares with. `--from-log` draws its last line in benchmarks/hints.jsonl anew.
"""

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
from documents import SHOWN, append_line, keep_text, markdown_table, replace_block
from line_chart import GREY, ORDERED, Line, Panel, draw_svg
from numpy.typing import NDArray

from tintype import Colorizer, Hint, Photo
from tintype.colorizer.open_photo import OpenPhoto
from tintype.data.sources import iter_pictures
from tintype.evaluation.collection import evenly_spread
from tintype.hints.alternatives import color_at
from tintype.imaging.color import ciede2000, srgb_to_lab
from tintype.imaging.metrics import psnr

ROOT = Path(__file__).parents[1]
LOG = ROOT / "benchmarks" / "hints.jsonl"
COUNTS = (0, 1, 2, 5, 10, 20, 50, 100)
PATCH = 3  # pixels of the photograph around a hint that its colour is the mean of, to each side
MADE_UP = 3  # hints of invented colour, one at a time, for each photograph
# The numbers of patches that the array of Zhang 2017 is over, by the rule in its test_sweep.py.
PUBLISHED = np.unique(np.round(10 ** np.arange(-0.1, 2.8, 0.1)).astype(int) * (np.arange(29) > 0))
FAR = 100  # pixels from a made-up hint where nothing should change


def true_hint(rgb: NDArray[np.uint8], x: int, y: int) -> Hint:
    """The true colour around a place."""
    patch = rgb[max(0, y - PATCH) : y + PATCH + 1, max(0, x - PATCH) : x + PATCH + 1]
    red, green, blue = (int(v) for v in patch.reshape(-1, 3).mean(0).round())
    return Hint(x, y, (red, green, blue))


def difference(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIEDE2000 of two sRGB arrays (..., 3)."""
    labs = (srgb_to_lab(np.asarray(part, np.float32) / 255) for part in (first, second))
    return np.asarray(ciede2000(*labs), np.float32)


def met(answer: NDArray[np.uint8], luma: NDArray[np.uint8], hint: Hint) -> float:
    """CIEDE2000 between the picture at a hint and its colour in the light of that place."""
    _, a, b = srgb_to_lab(np.array(hint.color, np.float32)[None] / 255)[0]
    wanted = color_at(luma, hint.x, hint.y, (float(a), float(b)))
    return float(difference(answer[int(hint.y), int(hint.x)], np.array(wanted, np.uint8)))


def made_up(opened: OpenPhoto, plain: NDArray[np.uint8], rng: np.random.Generator) -> tuple[list[float], list[float]]:
    """For invented colours at drawn places: how near they were met, and how much changed FAR away, both CIEDE2000."""
    height, width = plain.shape[:2]
    near, far = [], []
    rows, columns = np.mgrid[:height, :width]
    for _ in range(MADE_UP):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        angle, chroma = rng.uniform(0, 2 * np.pi), rng.uniform(20, 50)
        colour = color_at(opened.photo.luma, x, y, (chroma * np.cos(angle), chroma * np.sin(angle)))
        hint = Hint(x, y, colour)
        answer = opened.predict(hints=[hint]).rgb()
        near.append(met(answer, opened.photo.luma, hint))
        away = np.hypot(rows - y, columns - x) > FAR
        if away.any():
            far.append(float(difference(answer[away], plain[away]).mean()))
    return near, far


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--beside", type=Path, help="psnrs_siggraph.npy")
    parser.add_argument("--from-log", action="store_true", help="measure nothing")
    parser.add_argument("--model", default="tint")
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    if options.from_log:
        logged = [json.loads(line) for line in LOG.read_text(encoding="utf-8").splitlines()]
        write([line for line in logged if line["model"] == SHOWN][-1], options.beside)
        return
    if options.data is None:
        parser.error("--data is missing")
    colorizer = Colorizer(options.model, threads=options.threads)
    quality: dict[int, list[float]] = {count: [] for count in COUNTS}
    true_met: list[float] = []
    near: list[float] = []
    far: list[float] = []
    for number, picture in enumerate(evenly_spread(iter_pictures(options.data), options.limit)):
        truth = Photo.read(picture.data)
        if truth.chroma is None:
            continue
        rng = np.random.default_rng(number)
        rgb, opened = truth.rgb(), colorizer.open(truth.grey())
        places = rng.random((max(COUNTS), 2)) * [rgb.shape[1], rgb.shape[0]]
        hints = [true_hint(rgb, int(x), int(y)) for x, y in places]
        for count in COUNTS:
            answer = opened.predict(hints=hints[:count]).rgb()
            quality[count].append(psnr(answer, rgb))
            if count == 0:
                plain = answer
            if count == 10:
                true_met += [met(answer, truth.luma, hint) for hint in hints[:count]]
        some = made_up(opened, plain, rng)
        near, far = near + some[0], far + some[1]
    row = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "model": colorizer.model.info.name,
        "sha256": colorizer.model.sha256,
        "pictures": len(quality[0]),
        "psnr": {str(count): round(float(np.mean(values)), 3) for count, values in quality.items()},
        "met_true": round(float(np.median(true_met)), 2),
        "met_made_up": round(float(np.median(near)), 2),
        "met_made_up_under_5": round(float(np.mean(np.array(near) < 5)), 3),
        "changed_far": round(float(np.median(far)), 2) if far else None,
    }
    print(json.dumps(row, indent=2))
    append_line(LOG, row)
    write(row, options.beside)


def published(path: Path) -> dict[int, float]:
    """Mean decibels by number of patches, from the array of Zhang 2017."""
    means = np.load(path, allow_pickle=False).mean(0)
    if len(means) != len(PUBLISHED):
        raise SystemExit(f"{path}: {len(means)} numbers of patches, {len(PUBLISHED)} are expected")
    return dict(zip(PUBLISHED.tolist(), means.tolist(), strict=True))


def write(row: dict[str, Any], beside: Path | None) -> None:
    """The table and the figure in the documents, of a line of the log."""
    means = [row["psnr"][str(count)] for count in COUNTS]
    rows = [
        ["PSNR, dB", *(f"{value:.2f}" for value in means)],
        ["gain", *(f"{value - means[0]:+.2f}" for value in means)],
    ]
    steps = [(float(np.log10(count + 1)), value) for count, value in zip(COUNTS, means, strict=True)]
    lines = [
        Line(steps, "tint", marked=True),
        Line([(steps[0][0], means[0]), (steps[-1][0], means[0])], "none", GREY, True),
    ]
    if beside is not None:
        theirs = published(beside)
        rows += [["Zhang 2017, other pictures", *(f"{theirs[count]:.2f}" for count in COUNTS)]]
        rows += [["gain", *(f"{theirs[count] - theirs[0]:+.2f}" for count in COUNTS)]]
        curve = [(float(np.log10(count + 1)), value) for count, value in theirs.items() if count <= COUNTS[-1]]
        lines.append(Line(curve, "Zhang 2017", ORDERED[3]))
    table = markdown_table(["true hints", *map(str, COUNTS)], rows)
    replace_block(ROOT / "docs" / "hints.md", "hints table", table, row["model"])
    panel = Panel("PSNR, dB", "log10(1 + hints)", lines, 0, 0, 420, 260)
    keep_text(ROOT / "docs" / "images" / "hints.svg", draw_svg([panel], 420, 260), row["model"])


if __name__ == "__main__":
    main()
