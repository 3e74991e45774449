"""Is the model worse than grey anywhere? LPIPS (alex), PSNR and CIEDE2000 beside grey's, source by source.

    python benchmarks/sources.py --data val.tar --data landscape.tar [--model tint] [--per-source 125]

`tintype evaluate --full --per-source N` gives every measure; this one runs AlexNet alone, twenty times as fast, over
several sets at once. LPIPS stands as a share of grey's, with its 95 % bootstrap interval: below 1 the colours help.
Prints a table, and appends a line to benchmarks/sources.jsonl. Needs the extra `metrics`.
"""

import argparse
import datetime
from pathlib import Path

import numpy as np
import torch
from documents import append_line, markdown_table

from tintype import Colorizer, Photo
from tintype.data.sources import Picture
from tintype.evaluation.bootstrap import ratio
from tintype.evaluation.collection import collect
from tintype.evaluation.judges import fitted
from tintype.evaluation.lpips import load_lpips
from tintype.imaging.metrics import measure_all

ROOT = Path(__file__).parents[1]
Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--model", default="tint")
    parser.add_argument("--per-source", type=int, default=125)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    colorizer = Colorizer(options.model, threads=options.threads)
    alex = load_lpips("alexnet").eval()

    def measure(_: Picture, truth: Photo, coloured: Photo) -> Figures:
        pictures = [coloured.rgb(), truth.grey().rgb(), truth.rgb()]
        with torch.inference_mode():
            planes = fitted(np.stack(pictures), torch.device("cpu"))
            model, grey = alex(planes[:2], planes[2:]).tolist()
        figures, plain, true = measure_all(pictures, pictures[-1])
        return {
            "lpips": model,
            "lpips_grey": grey,
            "psnr_gain": figures.psnr - plain.psnr,
            "ciede2000": figures.ciede2000,
            "ciede2000_grey": plain.ciede2000,
            "colorfulness": figures.colorfulness,
            "colorfulness_truth": true.colorfulness,
        }

    sources: dict[str, dict[str, float]] = {}
    for data in options.data:
        found = collect(colorizer, data, measure, size=None, per_source=options.per_source, limit=None, progress=None)
        for source, measured in found.sources.items():
            columns = {key: [one[key] for one in measured] for key in measured[0]}
            share = ratio(columns["lpips"], columns["lpips_grey"])
            assert share is not None
            sources[source] = {"pictures": len(measured)} | {
                key: round(float(np.mean(v)), 4) for key, v in columns.items()
            }
            limits = {"lpips_of_grey": share.value, "low": share.low, "high": share.high}
            sources[source] |= {key: round(value, 4) for key, value in limits.items()}
            print(source, sources[source], flush=True)
    row = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "model": colorizer.model.info.name,
        "sha256": colorizer.model.sha256,
        "per_source": options.per_source,
        "sources": sources,
    }
    append_line((ROOT / "benchmarks" / "sources.jsonl"), row)
    headings = ["source", "pictures", "LPIPS alex / grey's", "interval", "PSNR above grey", "CIEDE2000 / grey's"]
    headings.append("colourfulness / truth's")
    rows = [
        [
            source,
            f"{f['pictures']}",
            f"{f['lpips_of_grey']:.2f}",
            f"{f['low']:.2f} to {f['high']:.2f}",
            f"{f['psnr_gain']:+.2f} dB",
            f"{f['ciede2000'] / f['ciede2000_grey']:.2f}",
            f"{f['colorfulness'] / f['colorfulness_truth']:.2f}",
        ]
        for source, f in sources.items()
    ]
    print(markdown_table(headings, rows))


if __name__ == "__main__":
    main()
