"""How different the other plausible colourings of a picture are, and how plausible, on real photographs.

    python benchmarks/alternatives.py --data val.tar [--model tint] [--limit 100] [--count 3]

Each photograph is coloured from its light alone: plainly, then by `--alternatives`. Diversity is the mean distance in
ab, CIE units, from the plain colouring and between alternatives. Plausibility: FID and LPIPS (alex) of each by itself
and LPIPS of the best of all; a set of alternatives that is worth its name holds one nearer to the truth than the plain
one. Excess blotchiness (docs/measures.md) tells whether they hang together. As a check, each cell is also drawn from
its distribution for itself: as different as that is easy, and looks like noise.
Photographs without a choice are counted, and left out. Appends a line to benchmarks/alternatives.jsonl and writes a
table into docs/hints.md. Needs the extra `metrics`.
"""

import argparse
import datetime
import json
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from documents import append_line, markdown_table, replace_block
from numpy.typing import NDArray

from tintype import Colorizer, Photo
from tintype.colorizer.compose import compose
from tintype.colorizer.open_photo import OpenPhoto
from tintype.data.sources import iter_pictures
from tintype.evaluation.blotchiness import blotches
from tintype.evaluation.collection import evenly_spread
from tintype.evaluation.fid import distance_of_halves, frechet_distance, load_fid_network
from tintype.evaluation.judges import fitted
from tintype.evaluation.lpips import load_lpips
from tintype.hints.alternatives import probabilities
from tintype.imaging.color import srgb_to_lab

ROOT = Path(__file__).parents[1]
Pixels = NDArray[np.uint8]
GREY, PLAIN, DRAWN, BEST, TRUTH = "grey", "plain", "each cell drawn", "best of all", "truth"


@dataclass
class Kind:
    """What was measured of one kind of colouring, a value or a row for each picture."""

    lpips: list[float] = field(default_factory=list)
    blotches: list[float] = field(default_factory=list)
    distance: list[float] = field(default_factory=list)
    features: list[NDArray[np.float32]] = field(default_factory=list)


def distance(first: Pixels, second: Pixels) -> float:
    """Mean distance in ab, CIE units."""
    ab = [srgb_to_lab(np.asarray(rgb, np.float32) / 255)[..., 1:] for rgb in (first, second)]
    return float(np.linalg.norm(ab[0] - ab[1], axis=-1).mean())


def drawn(opened: OpenPhoto, bins: NDArray[np.float32], rng: np.random.Generator) -> Pixels:
    """A colouring in which every cell of the answer takes a colour of its distribution by lot."""
    chances = probabilities(opened._distribution(None, ()))
    limits = chances.reshape(-1, chances.shape[-1]).cumsum(-1)
    chosen = (limits < rng.random((len(limits), 1)) * limits[:, -1:]).sum(-1)
    return compose(opened.photo, bins[chosen].reshape(*chances.shape[:2], 2)).rgb()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="tint")
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    colorizer = Colorizer(options.model, threads=options.threads)
    bins = np.array(colorizer.model.info.bins, np.float32)
    alex, inception = load_lpips("alexnet").eval(), load_fid_network().eval()
    others = [f"alternative {number}" for number in range(1, options.count + 1)]
    kinds = {name: Kind() for name in (GREY, PLAIN, *others, DRAWN, TRUTH)}
    best: list[float] = []
    between: list[float] = []
    seen = without = 0
    for number, picture in enumerate(evenly_spread(iter_pictures(options.data), options.limit)):
        truth = Photo.read(picture.data)
        if truth.chroma is None:
            continue
        seen += 1
        opened = colorizer.open(truth.grey())
        found = [photo.rgb() for photo in opened.alternatives(options.count)]
        if len(found) < options.count:
            without += 1
            continue
        colourings = [truth.grey().rgb(), opened.predict().rgb(), *found]
        colourings += [drawn(opened, bins, np.random.default_rng(number)), truth.rgb()]
        clouds = blotches(colourings, colourings[-1])
        with torch.inference_mode():
            planes = fitted(np.stack(colourings), torch.device("cpu"))
            apart = [*alex(planes[:-1], planes[-1:]).tolist(), 0.0]
            features = inception(planes).numpy()
        for index, kind in enumerate(kinds.values()):
            kind.lpips.append(apart[index])
            kind.blotches.append(clouds[index].excess)
            kind.distance.append(distance(colourings[index], colourings[1]))
            kind.features.append(features[index])
        best.append(min(apart[1 : 2 + options.count]))
        between.append(float(np.mean([distance(*pair) for pair in combinations(found, 2)])))
    true_features = np.stack(kinds[TRUTH].features)
    figures = {
        name: {
            "distance": round(float(np.mean(kind.distance)), 2),
            "lpips": round(float(np.mean(kind.lpips)), 4),
            "fid": round(frechet_distance(np.stack(kind.features), true_features), 1),
            "excess_blotches": round(float(np.mean(kind.blotches)), 3),
        }
        for name, kind in kinds.items()
        if name != TRUTH
    }
    row = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "model": colorizer.model.info.name,
        "sha256": colorizer.model.sha256,
        "pictures": len(best),
        "without_choice": without,
        "between_alternatives": round(float(np.mean(between)), 2),
        "lpips_best": round(float(np.mean(best)), 4),
        "fid_of_halves": round(distance_of_halves(true_features), 1),
        "kinds": figures,
    }
    print(json.dumps(row, indent=2))
    if options.no_write:
        return
    append_line((ROOT / "benchmarks" / "alternatives.jsonl"), row)
    rows = [
        [name, f"{f['distance']:.1f}", f"{f['lpips']:.3f}", f"{f['fid']:.0f}", f"{f['excess_blotches']:.2f}"]
        for name, f in figures.items()
    ]
    rows.append([BEST, "", f"{row['lpips_best']:.3f}", "", ""])
    headings = ["", "ab from the plain one", "LPIPS alex", "FID", "excess blotches"]
    replace_block(ROOT / "docs" / "hints.md", "alternatives table", markdown_table(headings, rows), row["model"])


if __name__ == "__main__":
    main()
