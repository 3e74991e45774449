"""Low-resolution colour raised to full size: bleeding across edges and PSNR of five methods, and what they cost.

True chroma of colour photographs is averaged over FACTOR x FACTOR pixels and raised again, with the full luma at hand.

- PSNR: of Cb and Cr together, 255 at the peak, mean of the decibels of the pictures.
- Bleeding: the mean distance of (Cb, Cr) from the truth, of 255, within 2 pixels of the 5 % of pixels where true chroma
  changes most. "Elsewhere" is the same away from them.

python benchmarks/upsampling.py FOLDER [--limit 200] [--factors 4 8 16]
"""

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from documents import append_line
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tintype.imaging.upsample import Enlarger, raise_planes
from tintype.parallel import cpu_name

FloatPlane = NDArray[np.float32]
Planes = list[FloatPlane]
READABLE = {".jpg", ".jpeg", ".png", ".webp", ".tif"}


def resized(plane: FloatPlane, like: FloatPlane, how: Image.Resampling) -> FloatPlane:
    return np.asarray(Image.fromarray(plane).resize(like.shape[::-1], how), np.float32)


def nearest(planes: Planes, low: FloatPlane, luma: FloatPlane) -> Planes:
    return [resized(plane, luma, Image.Resampling.NEAREST) for plane in planes]


def bicubic(planes: Planes, low: FloatPlane, luma: FloatPlane) -> Planes:
    return [resized(plane, luma, Image.Resampling.BICUBIC) for plane in planes]


def mean(plane: FloatPlane, radius: int = 1) -> FloatPlane:
    image = Image.fromarray(np.ascontiguousarray(np.pad(plane, radius, mode="edge")))
    view = np.lib.stride_tricks.sliding_window_view(np.asarray(image), (2 * radius + 1, 2 * radius + 1))
    return view.mean(axis=(2, 3), dtype=np.float32)


def guided_filter(planes: Planes, low: FloatPlane, luma: FloatPlane) -> Planes:
    """He and Sun, Fast Guided Filter (2015), radius 1, epsilon 0.001, the best of those tried."""
    variance, raised = mean(low * low) - mean(low) ** 2, []
    for plane in planes:
        slope = (mean(low * plane) - mean(low) * mean(plane)) / (variance + 1e-3)
        constant = mean(plane) - slope * mean(low)
        slope, constant = (resized(mean(p), luma, Image.Resampling.BILINEAR) for p in (slope, constant))
        raised.append(slope * luma + constant)
    return raised


def joint_bilateral(planes: Planes, low: FloatPlane, luma: FloatPlane) -> Planes:
    """Kopf, Cohen, Lischinski and Uyttendaele (2007), 5x5 cells, sigma 0.5 cells and 0.2 of luma, the best tried."""
    height, width = luma.shape
    rows = (np.arange(height) + 0.5) * low.shape[0] / height - 0.5
    columns = (np.arange(width) + 0.5) * low.shape[1] / width - 0.5
    total, sums = np.zeros_like(luma), [np.zeros_like(luma) for _ in planes]
    for i in range(-2, 3):
        for j in range(-2, 3):
            r, c = np.round(rows).astype(int) + i, np.round(columns).astype(int) + j
            near = np.exp(-(((rows - r) ** 2)[:, None] + (columns - c) ** 2) / 0.5)
            at = np.ix_(r.clip(0, low.shape[0] - 1), c.clip(0, low.shape[1] - 1))
            weight = (near * (np.exp(-((luma - low[at]) ** 2) / 0.08) + 1e-6)).astype(np.float32)
            total += weight
            for target, plane in zip(sums, planes, strict=True):
                target += weight * plane[at]
    return [plane / total for plane in sums]


def injected(planes: Planes, low: FloatPlane, luma: FloatPlane) -> Planes:
    """What tintype does."""
    return raise_planes(planes, luma)


METHODS: dict[str, Callable[[Planes, FloatPlane, FloatPlane], Planes]] = {
    "nearest": nearest,
    "bicubic": bicubic,
    "guided filter": guided_filter,
    "joint bilateral": joint_bilateral,
    "tintype": injected,
}


def measure(path: Path, factor: int) -> dict[str, tuple[float, float, float]] | None:
    with Image.open(path) as image:
        rgb = image.convert("RGB")
    width, height = (side // factor * factor for side in rgb.size)
    luma, cb, cr = np.moveaxis(np.asarray(rgb.crop((0, 0, width, height)).convert("YCbCr"), np.float32), 2, 0) / 255
    truth = [np.ascontiguousarray(plane) for plane in (cb, cr)]
    if max(float(plane.std()) for plane in truth) < 0.01:
        return None
    low = [plane.reshape(height // factor, factor, width // factor, factor).mean((1, 3)) for plane in (luma, *truth)]
    change = sum(np.hypot(*np.gradient(plane)) for plane in truth)
    edges = Image.fromarray(change >= np.quantile(change, 0.95)).convert("L").filter(ImageFilter.MaxFilter(5))
    band = np.asarray(edges) > 0
    result = {}
    for name, method in METHODS.items():
        raised = method(low[1:], low[0], np.ascontiguousarray(luma))
        square = sum((a - b) ** 2 for a, b in zip(raised, truth, strict=True))
        distance = 255 * np.sqrt(square)
        psnr = 10 * np.log10(2 / max(float(np.mean(square)), 1e-9))
        result[name] = psnr, float(distance[band].mean()), float(distance[~band].mean())
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--factors", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    options = parser.parse_args()
    files = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in READABLE)
    files = files[:: max(1, len(files) // options.limit)][: options.limit]
    print("| factor | method | PSNR, dB | bleeding | elsewhere |\n|---|---|---|---|---|")
    for factor in options.factors:
        results = [found for path in files if (found := measure(path, factor))]
        if not results:
            raise SystemExit(f"{options.folder}: none of the {len(files)} pictures looked at has colour; raise --limit")
        line = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "cpu": cpu_name(), "cores": os.cpu_count()}
        line |= {"folder": options.folder.name, "pictures": len(results), "factor": factor}
        for name in METHODS:
            psnr, bleeding, elsewhere = np.mean([result[name] for result in results], axis=0)
            print(f"| {factor} | {name} | {psnr:.2f} | {bleeding:.2f} | {elsewhere:.2f} |")
            line[name] = {"psnr": round(psnr, 3), "bleeding": round(bleeding, 3), "elsewhere": round(elsewhere, 3)}
        append_line(options.output, line)
    planes = np.zeros((4, 288, 384), np.float32)
    start = time.process_time()
    enlarger = Enlarger(planes, 2000, 1500)
    for row in range(0, 1500, 60):
        enlarger.rows(row, row + 60)
    print(f"\nEnlarging for 12 megapixels: {1000 * (time.process_time() - start):.0f} ms of CPU time")


if __name__ == "__main__":
    main()
