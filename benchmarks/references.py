"""How well references and saved colours are found again: pictures that show the same against pictures that do not.

    python benchmarks/references.py photos.tar --clips clips/ --limit 40

Of each photograph a copy is made that is cropped, lighter or darker, and with grain; of each film two frames are taken
half a second and two seconds apart. A reference suits its own copy or frame and no other picture. A colour saved at a
place is to be found again at the same place of the copy, and offered in no other picture.
"""

import argparse
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.colorizer.colorizer import Colorizer
from tintype.hints.saved import Offer, SavedColour, find_saved
from tintype.hints.transfer import agreement, match
from tintype.photo.photo import Photo

Rgb = NDArray[np.uint8]
CROP = (0.06, 0.08, 0.95, 0.97)  # left, top, right, bottom, as parts of the sides
PLACES = 6  # saved colours a picture


@dataclass(frozen=True)
class Pair:
    """A picture and another that shows the same; ``crop`` is what the other shows of it."""

    name: str
    rgb: Rgb
    other: Rgb
    crop: tuple[float, float, float, float]


def photographs(tar: Path, limit: int, rng: np.random.Generator) -> Iterator[Pair]:
    """Photographs of a tar with altered copies."""
    with tarfile.open(tar) as archive:
        members = [member for member in archive if member.name.endswith((".jpg", ".png"))]
        for index in rng.permutation(len(members))[:limit]:
            file = archive.extractfile(members[index])
            assert file is not None
            image = Image.open(io.BytesIO(file.read())).convert("RGB")
            width, height = image.size
            box = tuple(round(side * part) for side, part in zip((width, height) * 2, CROP, strict=True))
            other = np.asarray(image.crop(box), np.float32) / 255  # type: ignore[arg-type]
            other = other ** float(np.exp(rng.normal(0, 0.25))) + rng.normal(0, 0.02, other.shape)
            pixels = (other.clip(0, 1) * 255 + 0.5).astype(np.uint8)
            yield Pair(members[index].name, np.asarray(image), pixels, CROP)


def film_frames(folder: Path) -> Iterator[Pair]:
    """Frames of each film, 12 and 48 frames after its first."""
    import av

    for path in sorted(folder.glob("*.mp4")):
        with av.open(str(path)) as film:
            found = {}
            for number, frame in enumerate(film.decode(video=0)):
                if number in (0, 12, 48):
                    found[number] = frame.to_ndarray(format="rgb24")
                if number >= 48:
                    break
        for number in (12, 48):
            if number in found:
                yield Pair(path.stem, found[0], found[number], (0, 0, 1, 1))


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tar", type=Path, nargs="+", help="tars of colour photographs")
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--limit", type=int, default=20, help="photographs of each tar")
    parser.add_argument("--size", type=int, default=None)
    parser.add_argument("--model", default="tint")
    options = parser.parse_args()
    rng = np.random.default_rng(7)
    pairs = [pair for tar in options.tar for pair in photographs(tar, options.limit, rng)]
    pairs += film_frames(options.clips) if options.clips else []
    colorizer = Colorizer(options.model, threads=1)

    def described(rgb: Rgb) -> NDArray[np.float32]:
        return colorizer.open(Photo.read(np.ascontiguousarray(rgb))).described(size=options.size)

    mine = [described(pair.rgb) for pair in pairs]
    others = [described(pair.other) for pair in pairs]
    same, different = [], []
    for i, a in enumerate(mine):
        for j, b in enumerate(others):
            value = agreement(match(a, b), a.shape, b.shape)
            if i == j:
                same.append(value)
            elif pairs[i].name != pairs[j].name:
                different.append(value)
    print(json.dumps({"agreement": table(same, different)}, indent=1))
    right, wrong, total = [], [], 0
    for i, a in enumerate(mine):
        for _ in range(PLACES):
            place = int(rng.integers(2, a.shape[0] - 2)), int(rng.integers(2, a.shape[1] - 2))
            saved = SavedColour("thing", "#808080", colorizer.model.sha256, (a[place],))
            total += 1
            offers = find_saved([saved], others[i], least=-1)
            (right if is_right(offers[0], place, a.shape, others[i].shape, pairs[i].crop) else wrong).append(
                offers[0].likeness
            )
            elsewhere = [j for j in range(len(pairs)) if pairs[j].name != pairs[i].name]
            for j in rng.permutation(elsewhere)[:4]:
                wrong.append(find_saved([saved], others[j], least=-1)[0].likeness)
    rows = []
    for least in np.arange(0.4, 0.96, 0.05):
        found, false = sum(v >= least for v in right), sum(v >= least for v in wrong)
        rows.append([round(float(least), 2), round(found / total, 3), round(found / max(1, found + false), 3)])
    print(json.dumps({"saved": {"columns": ["least", "recall", "precision"], "rows": rows, "places": total}}))


def is_right(
    offer: Offer, place: tuple[int, int], shape: tuple[int, ...], other: tuple[int, ...], crop: tuple[float, ...]
) -> bool:
    """Whether an offer lies within one and a half places of where the thing is in the other picture."""
    x, y = (
        ((place[1] + 0.5) / shape[1] - crop[0]) / (crop[2] - crop[0]),
        ((place[0] + 0.5) / shape[0] - crop[1]) / (crop[3] - crop[1]),
    )
    return abs(offer.x * other[1] - x * other[1]) <= 1.5 and abs(offer.y * other[0] - y * other[0]) <= 1.5


def table(same: list[float], different: list[float]) -> dict[str, object]:
    """Shares of both kinds of pair at or above some limits, and their percentiles."""
    limits = [0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15]
    return {
        "pairs": [len(same), len(different)],
        "limits": [
            [limit, *(round(float(np.mean(np.array(v) >= limit)), 4) for v in (same, different))] for limit in limits
        ],
        "same": np.percentile(same, [0, 5, 25, 50]).round(4).tolist(),
        "different": np.percentile(different, [50, 95, 99, 100]).round(4).tolist(),
    }


if __name__ == "__main__":
    main()
