"""How well a scan that looks like a negative is told from a photograph; fits the weights of the remark and measures it.

    python benchmarks/negatives.py pool/*-000000.tar --held-out pool/*-000001.tar --limit 160

A negative is made of each photograph by the density of film of a drawn gamma and base; photographs get a drawn gamma
and range. Prints weights, means and spreads for tintype/colorizer/negative_look.py, and the shares above each limit.
"""

import argparse
import io
import json
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.colorizer.negative_look import light_figures, negative_score
from tintype.imaging.color import linear_to_srgb, srgb_to_linear

DECADES = 2.3  # of light in a scene
RIDGE = 1.0


def made(shown: NDArray[np.float32], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A photograph as it may be scanned, and its negative; sRGB values."""
    light = srgb_to_linear(shown).clip(10**-DECADES, 1)
    density = rng.uniform(0.5, 0.75) * (np.log10(light) + DECADES)
    negative = linear_to_srgb((rng.uniform(0.55, 1) * 10**-density).astype(np.float32))
    low, high = rng.uniform(0, 0.2), rng.uniform(0.75, 1)
    plain = low + (high - low) * shown ** np.exp(rng.normal(0, 0.25))
    return plain.astype(np.float32), negative


def figures(tars: list[Path], limit: int) -> tuple[NDArray[np.float64], NDArray[np.float64], list[float]]:
    """Figures (N, 8) of photographs and their negatives, whether each is one, and its score by the weights in use."""
    rng = np.random.default_rng(0)
    rows, kinds, scores = [], [], []
    for tar in tars:
        with tarfile.open(tar) as archive:
            members = [member for member in archive if member.name.endswith(".jpg")]
            for index in rng.permutation(len(members))[:limit]:
                file = archive.extractfile(members[index])
                assert file is not None
                image = Image.open(io.BytesIO(file.read())).convert("L")
                image.thumbnail((128, 128))
                for kind, picture in enumerate(made(np.asarray(image, np.float32) / 255, rng)):
                    rows.append(light_figures(picture))
                    kinds.append(kind)
                    scores.append(negative_score(picture))
    return np.array(rows), np.array(kinds, float), scores


def fit(rows: NDArray[np.float64], kinds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of a logistic regression, by Newton's method; the last is the constant."""
    design = np.c_[rows, np.ones(len(rows))]
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        odds = 1 / (1 + np.exp(-design @ weights))
        curvature = (design * (odds * (1 - odds) + 1e-6)[:, None]).T @ design + RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(curvature, design.T @ (kinds - odds) - RIDGE * weights)
    return weights


def main() -> None:
    """Print what was fitted, and the shares on the pictures held out, by it and by the weights in use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tars", type=Path, nargs="+", help="tars of photographs to fit on")
    parser.add_argument("--held-out", type=Path, nargs="+", required=True, help="and to measure on")
    parser.add_argument("--limit", type=int, default=160, help="photographs of each tar")
    options = parser.parse_args()
    rows, kinds, _ = figures(options.tars, options.limit)
    means, spreads = rows.mean(0), rows.std(0)
    weights = fit((rows - means) / spreads, kinds)
    print(
        json.dumps(
            {
                name: np.round(v, 4).tolist()
                for name, v in zip(("weights", "means", "spreads"), (weights, means, spreads), strict=True)
            }
        )
    )
    held, held_kinds, in_use = figures(options.held_out, options.limit)
    fitted = np.c_[(held - means) / spreads, np.ones(len(held))] @ weights
    for name, scores in (("fitted", fitted), ("in use", np.array(in_use))):
        shares = [
            [limit, *(round(float((scores[held_kinds == kind] > limit).mean()), 4) for kind in (0, 1))]
            for limit in range(5)
        ]
        print(json.dumps({name: {"columns": ["limit", "photographs above", "negatives above"], "rows": shares}}))


if __name__ == "__main__":
    main()
