"""Does a click colour the thing, and not a blob? Objects with masks, one true hint in the middle of each.

    python benchmarks/objects.py --pictures images/ --masks seg/ [--model tint] [--limit 100] [--page objects.html]

`masks` holds label maps (8-bit, 0 is nothing) named as the photographs are: SYSU-Scene's `seg`, VOC 2012's
`SegmentationClass`. Each connected piece of a label is an object when it covers 1 to 40 % of its picture. The hint lies
where the piece is thickest and has the true colour around that place. Measured with and without it: the share of the
object within CIEDE2000 8 of the truth, and the share of what lies outside that the hint moved by more than 4, a rim of
1 % of the short side left out of both. Prints a row and appends it to benchmarks/objects.jsonl.
"""

import argparse
import base64
import datetime
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from documents import append_line
from hints import difference, true_hint
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tintype import Colorizer, Photo

ROOT = Path(__file__).parents[1]
LEAST, MOST = 0.01, 0.4  # shares of the picture that an object covers
CLOSE, MOVED = 8.0, 4.0  # CIEDE2000
RIM = 0.01  # of the short side
EACH = 4  # objects of a picture at most, the largest


@dataclass(frozen=True)
class Click:
    """What one hint did: shares of the object near the truth before and after, and of the outside that moved."""

    before: float
    after: float
    outside: float
    picture: NDArray[np.uint8]  # truth, without and with the hint, side by side


def objects(labels: NDArray[np.uint8]) -> Iterator[NDArray[np.bool_]]:
    """Masks of the connected pieces of all labels that are neither specks nor backgrounds, largest first."""
    masks = []
    for label in np.unique(labels[labels > 0]):
        count, pieces = cv2.connectedComponents((labels == label).astype(np.uint8))
        masks += [pieces == number for number in range(1, count)]
    sizes = [(float(mask.mean()), mask) for mask in masks]
    fitting = sorted((pair for pair in sizes if LEAST <= pair[0] <= MOST), key=lambda pair: -pair[0])
    yield from (mask for _, mask in fitting[:EACH])


def thickest(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """(x, y) of the place in a mask that is farthest from its edge."""
    depth = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(x), int(y)


def clicks(colorizer: Colorizer, photo: Path, masks: Path) -> Iterator[Click]:
    """One click on each object of a photograph."""
    file = masks / f"{photo.stem}.png"
    truth = Photo.read(photo.read_bytes())
    if truth.chroma is None or not file.exists():
        return
    rgb = truth.rgb()
    labels = np.asarray(Image.open(file))
    if labels.shape != rgb.shape[:2]:
        raise SystemExit(f"{file}: {labels.shape} is not the size of {photo}, {rgb.shape[:2]}")
    opened = colorizer.open(truth.grey())
    plain = opened.predict().rgb()
    far = difference(plain, rgb)
    rim = np.ones((2 * max(1, round(RIM * min(labels.shape))) + 1,) * 2, np.uint8)
    for mask in objects(labels):
        inner = cv2.erode(mask.astype(np.uint8), rim) > 0
        outer = cv2.dilate(mask.astype(np.uint8), rim) == 0
        if not inner.any() or not outer.any():
            continue
        x, y = thickest(mask)
        answer = opened.predict(hints=[true_hint(rgb, x, y)]).rgb()
        yield Click(
            before=float((far[inner] < CLOSE).mean()),
            after=float((difference(answer, rgb)[inner] < CLOSE).mean()),
            outside=float((difference(answer, plain)[outer] > MOVED).mean()),
            picture=np.concatenate([_outlined(rgb, mask), plain, _dotted(answer, x, y)], 1),
        )


def _outlined(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(rgb.copy(), contours, -1, (255, 0, 255), 2), np.uint8)


def _dotted(rgb: NDArray[np.uint8], x: int, y: int) -> NDArray[np.uint8]:
    image = Image.fromarray(rgb)
    ImageDraw.Draw(image).ellipse((x - 4, y - 4, x + 4, y + 4), outline="white", width=2)
    return np.asarray(image)


def page(found: list[Click]) -> str:
    """HTML of all clicks, the worst first: the truth with its object, without a hint, and with one."""
    parts = ["<!doctype html><meta charset=utf-8><title>One true hint on each object</title>"]
    for click in sorted(found, key=lambda click: click.after - click.outside):
        data = io.BytesIO()
        Image.fromarray(click.picture).save(data, "JPEG", quality=85)
        source = base64.b64encode(data.getvalue()).decode()
        text = f"near the truth {click.before:.0%} → {click.after:.0%}, outside moved {click.outside:.0%}"
        parts.append(f'<figure><img src="data:image/jpeg;base64,{source}"><figcaption>{text}</figcaption></figure>')
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--model", default="tint")
    parser.add_argument("--limit", type=int, default=100, help="photographs, evenly spread")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    colorizer = Colorizer(options.model, threads=options.threads)
    photos = sorted(file for file in options.pictures.iterdir() if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
    chosen = [photos[i] for i in np.unique(np.linspace(0, len(photos) - 1, options.limit).astype(int))]
    found = [click for photo in chosen for click in clicks(colorizer, photo, options.masks)]
    if not found:
        raise SystemExit(f"{options.masks}: no object of {LEAST:.0%} to {MOST:.0%} in {len(chosen)} pictures")
    row = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "model": colorizer.model.info.name,
        "sha256": colorizer.model.sha256,
        "pictures": len(chosen),
        "objects": len(found),
        "near_before": round(float(np.mean([click.before for click in found])), 3),
        "near_after": round(float(np.mean([click.after for click in found])), 3),
        "outside_moved": round(float(np.mean([click.outside for click in found])), 3),
    }
    print(json.dumps(row, indent=2))
    append_line((ROOT / "benchmarks" / "objects.jsonl"), row)
    if options.page:
        options.page.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
