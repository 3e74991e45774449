"""Masks of skin for dev/skin_probe.py, out of a bare clone of Clothing Co-Parsing.

    git clone --bare https://github.com/bearpaw/clothing-co-parsing clothing-co-parsing.git
    python dev/skin_masks.py clothing-co-parsing.git --output people/

1,004 of its photographs have every pixel labelled (Yang, Luo, Lin, "Clothing co-parsing by joint image segmentation and
labeling", CVPR 2014; for research). Writes NAME.jpg and NAME.png, white where the label is skin: faces, arms, legs.
Every third is cut to a square and every third to head and shoulders, so that people are seen from near, too.
"""

import argparse
import io
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import loadmat

Box = tuple[int, int, int, int]  # left, top, right, bottom
LABELS, ANNOTATIONS, PHOTOGRAPHS = "label_list.mat", "annotations/pixel-level/", "photos/"


def git(repository: Path, *words: str) -> bytes:
    """What a git command says of a bare repository."""
    return subprocess.run(["git", "-C", str(repository), *words], check=True, capture_output=True).stdout


def whole(mask: NDArray[np.bool_], _: np.random.Generator) -> Box:
    """All of the photograph."""
    return 0, 0, mask.shape[1], mask.shape[0]


def square(mask: NDArray[np.bool_], rng: np.random.Generator) -> Box:
    """As high as it is wide, anywhere."""
    height, width = mask.shape
    top = int(rng.integers(0, max(1, height - width)))
    return 0, top, width, min(height, top + width)


def head(mask: NDArray[np.bool_], rng: np.random.Generator) -> Box:
    """A square around the uppermost skin, a fifth to two fifths of the width."""
    height, width = mask.shape
    side = int(width * rng.uniform(0.2, 0.4))
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return whole(mask, rng)
    top = max(0, int(rows.min()) - side // 3)
    middle = int(np.median(columns[rows < rows.min() + side // 2]))
    left = min(max(0, middle - side // 2), width - side)
    return left, top, left + side, min(height, top + side)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    labels = loadmat(io.BytesIO(git(options.repository, "show", f"HEAD:{LABELS}")))["label_list"][0]
    skin = next(number for number, label in enumerate(labels) if len(label) and label[0] == "skin")
    paths = git(options.repository, "ls-tree", "--name-only", "HEAD", ANNOTATIONS).decode().split()
    rng = np.random.default_rng(0)
    for number, path in enumerate(paths):
        name = Path(path).stem
        truth = loadmat(io.BytesIO(git(options.repository, "show", f"HEAD:{path}")))["groundtruth"]
        photograph = Image.open(io.BytesIO(git(options.repository, "show", f"HEAD:{PHOTOGRAPHS}{name}.jpg")))
        box = (whole, square, head)[number % 3](truth == skin, rng)
        photograph.convert("RGB").crop(box).save(options.output / f"{name}.jpg", quality=90)
        Image.fromarray(np.uint8(truth == skin) * 255).crop(box).save(options.output / f"{name}.png")
    print(f"{len(paths)} photographs with masks -> {options.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
