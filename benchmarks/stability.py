"""Do the colours stay when the picture is cropped or resized? And what does averaging (`--tta`) give?

For each photograph, made grey: the mean distance in CIE ab between the colours of the whole picture and those of a
picture with 10 % cut off (over what both show), and of one twice as large; by default and with `--tta`. Beside them the
quality against the true colours: PSNR and the mean CIEDE2000.

python benchmarks/stability.py FOLDER [--limit 60]
"""

import argparse
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from documents import append_line
from numpy.typing import NDArray
from PIL import Image

from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.taste import Taste
from tintype.imaging.color import ciede2000, srgb_to_lab
from tintype.parallel import cpu_name
from tintype.photo.photo import Photo

Pixels = NDArray[np.float32]
READABLE = {".jpg", ".jpeg", ".png", ".webp", ".tif"}
FIGURES = ("drift_crop", "drift_resize", "psnr", "ciede2000")


def measure(truth: Image.Image, colour: Callable[[Photo], Photo]) -> list[float]:
    grey = truth.convert("L")
    width, height = grey.size
    left, top = width // 10, height // 10

    def lab(image: Image.Image) -> Pixels:
        return srgb_to_lab(colour(Photo.read(image)).rgb() / np.float32(255))

    whole = lab(grey)
    cropped = lab(grey.crop((left, top, width, height)))
    resized = lab(grey.resize((2 * width, 2 * height), Image.Resampling.BICUBIC))
    small = resized.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
    wanted = srgb_to_lab(np.asarray(truth, np.float32) / 255)
    square = np.mean((colour(Photo.read(grey)).rgb().astype(np.float32) - np.asarray(truth, np.float32)) ** 2)
    return [
        float(np.linalg.norm((whole[top:, left:] - cropped)[..., 1:], axis=-1).mean()),
        float(np.linalg.norm((whole - small)[..., 1:], axis=-1).mean()),
        float(10 * np.log10(255**2 / max(float(square), 1 / 12))),
        float(ciede2000(whole, wanted).mean()),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--model", default="tint")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    options = parser.parse_args()
    files = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in READABLE)
    files = files[:: max(1, len(files) // options.limit)][: options.limit]
    colorizer = Colorizer(options.model)
    print("| way | drift by crop, ab | drift by size, ab | PSNR, dB | CIEDE2000 |\n|---|---|---|---|---|")
    for name, taste in (("default", Taste()), ("--tta", Taste(tta=True))):
        rows = []
        for path in files:
            with Image.open(path) as image:
                rows.append(
                    measure(image.convert("RGB"), lambda photo, taste=taste: colorizer.colorize(photo, taste=taste))
                )
        means = dict(zip(FIGURES, np.mean(rows, axis=0).round(3).tolist(), strict=True))
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in means.values()) + " |")
        line = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "cpu": cpu_name(), "cores": os.cpu_count()}
        line |= {"folder": options.folder.name, "pictures": len(files), "way": name, **means}
        append_line(options.output, line)


if __name__ == "__main__":
    main()
