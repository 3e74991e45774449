"""Things with known colours: are limbs skin, horses brown, herbs green? Errors by kind, and a page of the pictures.

    python benchmarks/kinds.py --data val-out/ [--model tint] [--page kinds.html]

kinds.toml says where in which photograph a thing is. For each kind: the mean distance in ab from the truth, the share
of things whose mean hue is within 30 degrees of the true one, and the share left grey, with less than a third of the
true chroma. Skin, on limbs and faces, is told apart by how dark it is, too (skin.py). Prints tables and
appends a line to benchmarks/kinds.jsonl.
"""

import argparse
import base64
import datetime
import html
import io
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from documents import append_line
from numpy.typing import NDArray
from PIL import Image
from skin import GROUPS, group_of, typology_angle

from tintype import Colorizer
from tintype.data.held_out import difference_hashes
from tintype.data.sources import iter_pictures
from tintype.imaging.color import ciede2000, srgb_to_lab

ROOT = Path(__file__).parents[1]
MOST_DEGREES = 30.0
GREY_SHARE = 1 / 3
SKIN = ("limbs", "face")
LEAST_CHROMA = 8.0  # of the truth: the hue of less is noise, so such a thing only counts in the distance

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Thing:
    """One thing: its true and its given mean ab, and both pictures of it, uint8 (h, w, 3)."""

    kind: str
    true_ab: NDArray[np.float64]
    ab: NDArray[np.float64]
    truth: NDArray[np.uint8]
    coloured: NDArray[np.uint8]

    @property
    def distance(self) -> float:
        return float(np.hypot(*(self.ab - self.true_ab)))

    @property
    def has_hue(self) -> bool:
        return bool(np.hypot(*self.true_ab) >= LEAST_CHROMA)

    @property
    def is_grey(self) -> bool:
        return bool(np.hypot(*self.ab) < GREY_SHARE * np.hypot(*self.true_ab))

    @property
    def has_right_hue(self) -> bool:
        angles = [np.arctan2(ab[1], ab[0]) for ab in (self.ab, self.true_ab)]
        turn = np.degrees(np.abs(angles[0] - angles[1]))
        return not self.is_grey and bool(min(turn, 360 - turn) <= MOST_DEGREES)


def read_kinds(file: Path) -> dict[int, list[tuple[str, Box]]]:
    """What to look at in the picture of each hash."""
    wanted: dict[int, list[tuple[str, Box]]] = {}
    for kind, rows in tomllib.loads(file.read_text()).items():
        for name, x, y, width, height in rows:
            wanted.setdefault(int(name, 16), []).append((kind, (x, y, width, height)))
    return wanted


def measure(colorizer: Colorizer, data: list[Path], wanted: dict[int, list[tuple[str, Box]]]) -> Iterator[Thing]:
    """Colour each picture of `data` that is wanted, once, and cut its things out."""
    hashes = np.array(list(wanted), np.uint64)
    left = set(wanted)
    for path in data:
        for picture in iter_pictures(path):
            rgb = np.asarray(Image.open(io.BytesIO(picture.data)).convert("RGB"))
            bits = np.bitwise_count(hashes ^ difference_hashes(rgb)[0])
            name = int(hashes[bits.argmin()])
            if bits.min() > 2 or name not in left:
                continue
            left.remove(name)
            coloured = colorizer.colorize(Image.fromarray(rgb).convert("L")).rgb()
            for kind, box in wanted[name]:
                here = _cut(rgb, box)
                yield _thing(kind, rgb[here], coloured[here])


def _cut(rgb: NDArray[np.uint8], box: Box) -> tuple[slice, slice]:
    height, width = rgb.shape[:2]
    left, top = round(box[0] * width), round(box[1] * height)
    right, bottom = round((box[0] + box[2]) * width), round((box[1] + box[3]) * height)
    return slice(top, max(bottom, top + 2)), slice(left, max(right, left + 2))


def _thing(kind: str, truth: NDArray[np.uint8], coloured: NDArray[np.uint8]) -> Thing:
    true_ab, ab = (
        srgb_to_lab(pixels / np.float32(255))[..., 1:].reshape(-1, 2).mean(0, dtype=np.float64)
        for pixels in (truth, coloured)
    )
    return Thing(kind, true_ab, ab, truth, coloured)


def figures(things: list[Thing]) -> dict[str, float | int]:
    """The row of a kind."""
    hued = [thing for thing in things if thing.has_hue]
    return {
        "things": len(things),
        "distance": round(float(np.mean([thing.distance for thing in things])), 2),
        "right_hue": round(float(np.mean([thing.has_right_hue for thing in hued])), 3) if hued else float("nan"),
        "grey": round(float(np.mean([thing.is_grey for thing in hued])), 3) if hued else float("nan"),
    }


def skin_figures(things: list[Thing]) -> dict[str, dict[str, float | int]]:
    """Mean CIEDE2000 on the skin of each kind and group, with how many things it has."""
    found: dict[str, list[float]] = {}
    for kind in SKIN:
        for group, _ in GROUPS:
            for thing in things:
                if thing.kind == kind and group_of(typology_angle(thing.truth.reshape(-1, 3))) == group:
                    true, given = (srgb_to_lab(rgb / np.float32(255)) for rgb in (thing.truth, thing.coloured))
                    found.setdefault(f"{kind}, {group}", []).append(float(ciede2000(true, given).mean()))
    return {name: {"things": len(d), "ciede2000": round(float(np.mean(d)), 2)} for name, d in found.items()}


def page(by_kind: dict[str, list[Thing]], rows: dict[str, dict[str, float | int]], title: str) -> str:
    """One self-contained HTML page: each thing as it is and as it was coloured, the wrong ones framed."""
    parts = [f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>"]
    parts.append(
        "body{font:14px sans-serif;margin:2em;background:#222;color:#eee}figure{display:inline-block;margin:4px}"
    )
    parts.append("img{width:64px;height:64px;display:block}.wrong{outline:2px solid #f55}</style>")
    parts.append(
        f"<h1>{html.escape(title)}</h1><p>Above the truth, below the colouring; framed: the wrong hue, or grey."
    )
    for kind, things in by_kind.items():
        row = rows[kind]
        parts.append(f"<h2>{html.escape(kind)}</h2><p>{row['things']} things, ab {row['distance']} away, ")
        parts.append(f"right hue {row['right_hue']:.0%}, grey {row['grey']:.0%}</p>")
        for thing in things:
            wrong = " class=wrong" if thing.has_hue and not thing.has_right_hue else ""
            parts.append(f"<figure{wrong}>{_img(thing.truth)}{_img(thing.coloured)}</figure>")
    return "".join(parts)


def _img(rgb: NDArray[np.uint8]) -> str:
    out = io.BytesIO()
    Image.fromarray(rgb).resize((64, 64)).save(out, "JPEG", quality=85)
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}">'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="shards that hold the photographs")
    parser.add_argument("--model", default="tint")
    parser.add_argument("--kinds", type=Path, default=ROOT / "benchmarks" / "kinds.toml")
    parser.add_argument("--page", type=Path)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    colorizer = Colorizer(options.model, threads=options.threads)
    wanted = read_kinds(options.kinds)
    by_kind: dict[str, list[Thing]] = {kind: [] for rows in wanted.values() for kind, _ in rows}
    for thing in measure(colorizer, options.data, wanted):
        by_kind[thing.kind].append(thing)
    by_kind = {kind: things for kind, things in by_kind.items() if things}
    rows = {kind: figures(things) for kind, things in by_kind.items()}
    rows["all"] = figures([thing for things in by_kind.values() for thing in things])
    print(f"{'':14}{'things':>8}{'ab':>8}{'right hue':>11}{'grey':>7}")
    for kind, row in rows.items():
        print(f"{kind:14}{row['things']:8}{row['distance']:8.1f}{row['right_hue']:11.0%}{row['grey']:7.0%}")
    skin = skin_figures([thing for things in by_kind.values() for thing in things])
    for name, row in skin.items():
        print(f"{name:22}{row['things']:4}  CIEDE2000 {row['ciede2000']:.1f}")
    if options.page:
        options.page.write_text(page(by_kind, rows, f"Things with known colours: {colorizer.model.info.name}"))
    line = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "model": colorizer.model.info.name,
        "sha256": colorizer.model.sha256,
        "kinds": rows,
        "skin": skin,
    }
    append_line((ROOT / "benchmarks" / "kinds.jsonl"), line)


if __name__ == "__main__":
    main()
