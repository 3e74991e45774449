"""What each part of the default model's training is worth: all measures of runs that differ in one thing each.

    tintype train --recipe benchmarks/ablation/gan.toml --set pretrained=START --data photos/ --run runs/gan
    (and supervised.toml, feature.toml; START is a run of `tint`)
    python benchmarks/ablation.py --data val.tar before=START 'supervised=runs/supervised:last' \\
        '+ feature loss=runs/feature:last' '+ GAN=runs/gan:last' '+ EMA=runs/gan' '+ flips=runs/gan:flips'

`:last` takes a run's newest weights instead of their average, `:flips` averages answers over the mirrored picture and a
second size. Writes a table into docs/systems/tint.md. Needs the extra `metrics`.
"""

import argparse
import tempfile
from pathlib import Path

import torch
from documents import markdown_table, replace_block

from tintype import Colorizer, Photo
from tintype.colorizer.taste import Taste
from tintype.evaluation.bootstrap import Estimate
from tintype.evaluation.full import evaluate_full
from tintype.evaluation.full_report import FullReport
from tintype.evaluation.measures import RELATIVE
from tintype.training.checkpoint import STATE, of_prefix, read_tensors, write_tensors
from tintype.training.export import export_checkpoint
from tintype.training.reading import Reading

ROOT = Path(__file__).parents[1]
TEMPERATURE, CHROMA_GAIN = 0.5, 1.3  # the default model's
COLUMNS = {
    "psnr_above_grey": "PSNR above grey",
    "ciede2000_of_grey": "CIEDE2000 / grey's",
    "lpips_alex_of_grey": "LPIPS alex / grey's",
    "lpips_vgg_of_grey": "LPIPS vgg / grey's",
    "colorfulness_of_truth": "colourfulness / truth's",
}
ABSOLUTE = {"fid": "FID", "same_class": "same class", "excess_blotchiness": "excess blotches"}


class Flipped:
    """A model that is asked about the mirrored picture, too."""

    def __init__(self, colorizer: Colorizer) -> None:
        self.colorizer, self.model = colorizer, colorizer.model

    def colorize(self, picture: Photo, *, size: int | None = None) -> Photo:
        return self.colorizer.colorize(picture, size=size, taste=Taste(tta=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN[:last][:flips]")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    rows, images = [], 0
    for text in options.runs:
        name, _, place = text.partition("=")
        run, *how = place.split(":")
        with tempfile.TemporaryDirectory() as scratch:
            weights = last_weights(Path(run), Path(scratch)) if "last" in how else newest(Path(run))
            reading = Reading(TEMPERATURE, CHROMA_GAIN)
            model = export_checkpoint(weights, Path(scratch) / "model.onnx", reading=reading)
            colorizer = Colorizer(model, threads=options.threads)
            report = evaluate_full(
                Flipped(colorizer) if "flips" in how else colorizer,
                options.data,
                limit=options.limit,
                threads=options.threads,
            )
        images = report.images
        rows.append([name, *cells(report)])
        print(" | ".join(rows[-1]), flush=True)
    head = ["", *COLUMNS.values(), *ABSOLUTE.values()]
    text = f"{markdown_table(head, rows)}\n\n{images} pictures, temperature {TEMPERATURE}, chroma times {CHROMA_GAIN}."
    replace_block(ROOT / "docs" / "systems" / "tint.md", "ablation", text)


def newest(run: Path) -> Path:
    """The newest averaged weights of a run; its best ones would not be comparable."""
    return max((run / "checkpoints").glob("weights-*.safetensors"))


def last_weights(run: Path, scratch: Path) -> Path:
    """The weights that the run ended with, not averaged, as a checkpoint."""
    tensors, _ = read_tensors(run / "checkpoints" / STATE)
    _, info = read_tensors(newest(run))
    write_tensors(scratch / "last.safetensors", of_prefix("generator", tensors), info)
    return scratch / "last.safetensors"


def cells(report: FullReport) -> list[str]:
    """The columns of the table for the model's row."""
    row = next(row for row in report.full.rows if row.name == report.model["name"])
    digits = {measure.key: measure.digits for measure in RELATIVE}
    relative = [_cell(row.relative.get(key), digits[key]) for key in COLUMNS]
    absolute = [_cell(row.fid, 0), *(_cell(row.figures.get(key), 2) for key in list(ABSOLUTE)[1:])]
    return [*relative, *absolute]


def _cell(estimate: Estimate | None, digits: int) -> str:
    return "" if estimate is None else f"{estimate.value:.{digits}f}"


if __name__ == "__main__":
    main()
