"""The network that restores prints beside the plain filters: PSNR of light on made damage, and on pictures without any.

    python benchmarks/prints.py photos.tar --model restore.onnx --limit 60 --sheet sheet.jpg --shown prints/

Each photograph is damaged in one way, and in all drawn ways, by data/degrade.py, and compared with the print that it
was without that damage. A picture without damage should come back as it was.
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

from tintype.colorizer.learned_restore import Restorer
from tintype.colorizer.restore import restore
from tintype.data import degrade
from tintype.photo.photo import Photo

Luma = NDArray[np.uint8]
KINDS = ("blur", "grain", "scratch", "halftone", "jpeg")
SIDE = 256
MOST = 60.0  # dB: what two pictures count that are the same


def main() -> None:
    """Print one line of JSON for each kind of damage, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tars", type=Path, nargs="+", help="tars of photographs that the network has not seen")
    parser.add_argument("--model", type=Path, required=True, help="a network of the recipe restore, exported")
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
        rows = []
        for number, rgb in enumerate(photos):
            whole, damaged = damage(rgb, kind, np.random.default_rng(number))
            rows.append([psnr(whole, damaged), psnr(whole, plain(damaged)), psnr(whole, learned(damaged))])
        before, filters, network = np.mean(rows, axis=0).round(2).tolist()
        print(
            json.dumps({"damage": kind, "photos": len(rows), "before": before, "filters": filters, "network": network})
        )
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
        return degrade.old_print(rgb, rng)
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
