"""Whose faces come out wrong: errors on the skin of portraits, by how dark the skin is.

    python benchmarks/skin.py --data faces.tar [--model tint] [--limit 300]

Prints a table, writes it into docs/measures.md, and appends a
line to benchmarks/skin.jsonl.

A mean over all pictures hides whose faces come out wrong. So the skin of each true photograph is found by its chroma
(Chai and Ngan, "Face segmentation using skin-color map in videophone applications", 1999: Cb 77 to 127 and Cr 133 to
173, whatever the lightness), within the middle of the picture, where portraits have the face. Its individual typology
angle, arctan((L* - 50) / b*) in degrees (Chardon and others, "Skin colour typology and suntanning pathways", 1991),
puts the picture into one of six groups. Light and camera shift the angle: a group is of photographs, not of people.
"""

import argparse
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from documents import append_line, markdown_table, replace_block
from numpy.typing import NDArray

from tintype import Colorizer, Photo
from tintype.data.sources import Picture
from tintype.evaluation.collection import collect
from tintype.imaging.color import ciede2000, rgb_to_ycc, srgb_to_lab
from tintype.imaging.types import Pixels

ROOT = Path(__file__).parents[1]
# Groups by the least angle that belongs to them, as Chardon's classes are used since.
GROUPS = (
    ("very light", 55.0),
    ("light", 41.0),
    ("intermediate", 28.0),
    ("tan", 10.0),
    ("brown", -30.0),
    ("dark", -90.0),
)
CB, CR = (77, 127), (133, 173)
MIDDLE = 0.36, 0.44  # half axes of the ellipse that is looked at, as shares of the width and the height
LEAST = 0.1  # of that ellipse, skin; less is no portrait


@dataclass(frozen=True)
class SkinFigures:
    """One portrait: its group, and over its skin the mean CIEDE2000 of a colouring and of grey, the chroma and the
    a* and b* of the colouring less the truth's, CIE units."""

    group: str
    angle: float
    ciede2000: float
    ciede2000_grey: float
    chroma: float
    a: float
    b: float


def skin_mask(truth: Photo) -> NDArray[np.bool_]:
    """Where a colour photograph (h, w) shows skin, within the middle."""
    height, width = truth.luma.shape
    y, x = np.mgrid[:height, :width]
    across = (x + 0.5 - width / 2) / (MIDDLE[0] * width)
    down = (y + 0.5 - height / 2) / (MIDDLE[1] * height)
    middle = across**2 + down**2 <= 1
    _, cb, cr = np.moveaxis(rgb_to_ycc(truth.rgb() / np.float32(255)) * 255, -1, 0)
    cb, cr = cb + 128, cr + 128
    mask = middle & (cb >= CB[0]) & (cb <= CB[1]) & (cr >= CR[0]) & (cr <= CR[1])
    return mask if mask.sum() >= LEAST * middle.sum() else np.zeros_like(mask)


def typology_angle(rgb: Pixels) -> float:
    """Individual typology angle, degrees, of the median colour of skin pixels (N, 3)."""
    lightness, _, b = np.median(srgb_to_lab(rgb.astype(np.float32) / 255), axis=0)
    return float(np.degrees(np.arctan2(lightness - 50, max(float(b), 1e-6))))


def group_of(angle: float) -> str:
    """The name of the group that an angle belongs to."""
    return next(name for name, least in GROUPS if angle > least or name == GROUPS[-1][0])


def measure_skin(truth: Photo, coloured: Photo) -> SkinFigures | None:
    """The figures of one colouring of a portrait; None where no skin is found."""
    mask = skin_mask(truth)
    if not mask.any():
        return None
    true, answer, grey = (photo.rgb()[mask] for photo in (truth, coloured, truth.grey()))
    labs = [srgb_to_lab(pixels.astype(np.float32) / 255) for pixels in (true, answer, grey)]
    chroma = [float(np.linalg.norm(lab[:, 1:], axis=1).mean()) for lab in labs]
    angle = typology_angle(true)
    return SkinFigures(
        group=group_of(angle),
        angle=angle,
        ciede2000=float(ciede2000(labs[1], labs[0]).mean()),
        ciede2000_grey=float(ciede2000(labs[2], labs[0]).mean()),
        chroma=chroma[1] - chroma[0],
        a=float((labs[1] - labs[0])[:, 1].mean()),
        b=float((labs[1] - labs[0])[:, 2].mean()),
    )


def by_group(measured: Sequence[SkinFigures]) -> dict[str, list[SkinFigures]]:
    """The figures of each group that has any, from light to dark."""
    return {name: found for name, _ in GROUPS if (found := [one for one in measured if one.group == name])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="tint")
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--threads", type=int, default=None)
    options = parser.parse_args()
    colorizer = Colorizer(options.model, threads=options.threads)

    def measure(_: Picture, truth: Photo, coloured: Photo) -> SkinFigures | None:
        return measure_skin(truth, coloured)

    found = collect(colorizer, options.data, measure, size=None, limit=options.limit, progress=None)
    portraits = [one for one in found.everything if one is not None]
    groups: dict[str, dict[str, float]] = {}
    for name, measured in by_group(portraits).items():
        keys = ("ciede2000", "ciede2000_grey", "chroma", "a", "b")
        groups[name] = {key: round(float(np.mean([getattr(one, key) for one in measured])), 3) for key in keys}
        groups[name]["pictures"] = len(measured)
    row = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "model": colorizer.model.info.name,
        "sha256": colorizer.model.sha256,
        "without_skin": len(found.everything) - len(portraits),
        "groups": groups,
    }
    append_line((ROOT / "benchmarks" / "skin.jsonl"), row)
    print(json.dumps(row, indent=2))
    headings = [
        "skin",
        "portraits",
        "CIEDE2000",
        "grey's",
        "chroma too high by",
        "a\\* too high by",
        "b\\* too high by",
    ]
    rows = [
        [name, f"{f['pictures']}", f"{f['ciede2000']:.1f}", f"{f['ciede2000_grey']:.1f}"]
        + [f"{f[key]:+.1f}" for key in ("chroma", "a", "b")]
        for name, f in groups.items()
    ]
    replace_block(ROOT / "docs" / "measures.md", "skin table", markdown_table(headings, rows), row["model"])


if __name__ == "__main__":
    main()
