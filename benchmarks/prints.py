"""The network that restores prints beside the plain filters: PSNR and SSIM of light on made damage, and on none.

    python benchmarks/prints.py photos.tar --limit 60 --sheet sheet.jpg --shown prints/

Each photograph is damaged in one way, and in all drawn ways, by data/degrade.py, and compared with the print that it
was without that damage. A picture without damage should come back as it was. `network` is the network on all pictures,
`auto` what the step of that name makes of them: `seen` is the share that it takes for damaged, the others stay.
"""

import argparse
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from restoration import ssim

from tintype.colorizer.learned_restore import DAMAGED, OWN, Restorer
from tintype.colorizer.restore import restore
from tintype.data import degrade
from tintype.photo.photo import Photo

Luma = NDArray[np.uint8]
KINDS = ("blur", "grain", "scratch", "wear", "halftone", "jpeg")
SIDE = 256
MOST = 60.0  # dB: what two pictures count that are the same


def main() -> None:
    """Print one line of JSON for each kind of damage, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tars", type=Path, nargs="+", help="tars of photographs that the network has not seen")
    parser.add_argument("--model", type=Path, default=OWN, help="a network of the recipe restore, exported")
    parser.add_argument("--limit", type=int, default=40, help="photographs of each tar")
    parser.add_argument("--sheet", type=Path, help="a sheet of pictures before and after")
    parser.add_argument("--shown", type=Path, help="folder of old prints for the sheet")
    options = parser.parse_args()
    restorer = Restorer(options.model, threads=1)

    def learned(luma: Luma) -> Luma:
        return restorer.restore(Photo(luma)).luma

    def plain(luma: Luma) -> Luma:
        return restore(Photo(luma), ["noise", "dust"]).luma

    photos = [photo for tar in options.tars for photo in photographs(tar, options.limit)]
    for kind in ("none", *KINDS, "drawn"):
        rows, seen = [], []
        for number, rgb in enumerate(photos):
            whole, damaged = damage(rgb, kind, np.random.default_rng(number))
            if kind == "drawn" and np.array_equal(whole, damaged):
                continue
            made = [damaged, plain(damaged), learned(damaged)]
            rows.append([[psnr(whole, one), ssim([whole], [one])] for one in made])
            seen.append(restorer.damage(Photo(damaged)))
        found = np.mean(rows, axis=0)
        asked = [row[2 if level >= DAMAGED else 0] for row, level in zip(rows, seen, strict=True)]
        figures = {"damage": kind, "photos": len(rows)}
        for name, (decibels, likeness) in zip(("before", "filters", "network"), found.tolist(), strict=True):
            figures |= {name: round(decibels, 2), f"{name}_ssim": round(likeness, 4)}
        figures |= {
            name: round(float(value), 4)
            for name, value in zip(("auto", "auto_ssim"), np.mean(asked, axis=0), strict=True)
        }
        figures |= {"worst": round(float(np.min([row[2][0] for row in rows])), 1)}
        figures |= {"seen": round(float(np.mean(np.array(seen) >= DAMAGED)), 3)}
        figures |= {"measured": np.quantile(seen, [0.05, 0.25, 0.5, 0.75, 0.95]).round(2).tolist()}
        print(json.dumps(figures), flush=True)
    if options.sheet:
        rows_shown = [
            damage(rgb, kind, np.random.default_rng(i))[1]
            for i, (rgb, kind) in enumerate(zip(photos, KINDS, strict=False))
        ]
        rows_shown += [old(path) for path in sorted(options.shown.glob("*.jpg"))[:8]] if options.shown else []
        sheet(rows_shown, [plain, learned]).save(options.sheet, quality=92)


def photographs(tar: Path, limit: int) -> list[NDArray[np.uint8]]:
    """Squares of photographs, RGB (S, S, 3)."""
    found = []
    with tarfile.open(tar) as archive:
        members = [member for member in archive if member.name.lower().endswith((".jpg", ".jpeg", ".webp", ".png"))]
        for index in np.random.default_rng(3).permutation(len(members))[:limit]:
            file = archive.extractfile(members[index])
            assert file is not None
            image = Image.open(io.BytesIO(file.read())).convert("RGB")
            side = min(image.size)
            box = (image.width - side) // 2, (image.height - side) // 2
            square = image.crop((*box, box[0] + side, box[1] + side))
            found.append(np.asarray(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS)))
    return found


def damage(rgb: NDArray[np.uint8], kind: str, rng: np.random.Generator) -> tuple[Luma, Luma]:
    """A print without and with damage: of one kind, or what is drawn."""
    if kind == "drawn":
        return degrade.handled_print(rgb, rng)
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if kind == "none":
        return luma, luma
    made = getattr(degrade, kind)(luma.astype(np.float32), rng)
    return luma, (made.clip(0, 255) + 0.5).astype(np.uint8)


def old(path: Path) -> Luma:
    """The middle of a scan, 512 pixels square, of a copy whose short side is 768."""
    image = Image.open(path).convert("L")
    scale = 768 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    left, top = (image.width - 512) // 2, (image.height - 512) // 2
    return np.asarray(image.crop((left, top, left + 512, top + 512)))


def sheet(pictures: list[Luma], ways: list[Callable[[Luma], Luma]], side: int = 320) -> Image.Image:
    """A row for each picture: as it is, then after each way."""
    made = Image.new("L", (side * (1 + len(ways)), side * len(pictures)))
    for row, picture in enumerate(pictures):
        for column, plane in enumerate([picture, *(way(picture) for way in ways)]):
            made.paste(
                Image.fromarray(plane).resize((side, side), Image.Resampling.LANCZOS), (column * side, row * side)
            )
    return made


def psnr(truth: Luma, other: Luma) -> float:
    """Peak signal-to-noise ratio in dB, 60 at most."""
    error = float(np.mean((truth.astype(np.float32) - other) ** 2))
    return min(MOST, 10 * float(np.log10(255**2 / max(error, 1e-9))))


if __name__ == "__main__":
    main()
