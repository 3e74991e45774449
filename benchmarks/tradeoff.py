"""How much colour costs how much truth: one model at many temperatures and gains.

    python benchmarks/tradeoff.py --data val.tar --limit 120

A distribution can be read boldly or with caution. The temperature sharpens it (towards 0 the likeliest colour, 1 the
mean), the gain multiplies the chroma of what comes out, that of warm hues perhaps by less. Every reading is measured;
grey is 1 (CIEDE2000, LPIPS) or 0 (PSNR). The point that the model file has is marked, on the curve of its own
temperature and its own ratios of the gains, those of lights and of the shade among them; the others have one gain
everywhere. Writes docs/images/tradeoff.svg and the table in docs/measures.md.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from documents import keep_text, markdown_table, replace_block
from line_chart import GREY, INK, ORDERED, Line, Panel, draw_svg
from numpy.typing import NDArray

from tintype import Colorizer, Photo
from tintype.colorizer.compose import compose
from tintype.data.sources import iter_pictures
from tintype.evaluation.collection import evenly_spread
from tintype.evaluation.lpips import load_lpips
from tintype.imaging.color import lightness_from_luma
from tintype.imaging.metrics import measure
from tintype.imaging.resize import resize_float
from tintype.training.reading import Reading

ROOT = Path(__file__).resolve().parents[1]
TEMPERATURES = (0.35, 0.5, 0.7)
GAINS = (1.0, 1.15, 1.3, 1.45, 1.6)
MEASURES = ("psnr", "ciede2000", "lpips", "colorfulness")
WIDTH, HEIGHT = 300.0, 240.0


def annealed(logits: NDArray[np.float32], bins: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """The mean colour (h, w, 2) of logits (h, w, Q) sharpened by `temperature` (Zhang 2016, eq. 5)."""
    sharp = logits / temperature
    odds = np.exp(sharp - sharp.max(-1, keepdims=True))
    mean: NDArray[np.float32] = (odds / odds.sum(-1, keepdims=True)) @ bins
    return mean


def vivid(mean: NDArray[np.float32], reading: Reading, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """`mean` (h, w, 2) multiplied as the model file does, where L* of the places is `light` (h, w)."""
    planes = torch.from_numpy(mean).permute(2, 0, 1)[None]
    gain = reading.gain(planes, torch.from_numpy(light / 50 - 1)[None, None])
    raised: NDArray[np.float32] = (planes * gain)[0].permute(1, 2, 0).numpy()
    return raised


def louder(reading: Reading, gain: float) -> Reading:
    """The same reading with another gain, and all others in their proportion to it."""
    factor = gain / reading.chroma_gain
    warm, light = (None if x is None else x * factor for x in (reading.warm_gain, reading.light_gain))
    return replace(reading, chroma_gain=gain, warm_gain=warm, light_gain=light)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="tint")
    parser.add_argument("--limit", type=int, default=120)
    options = parser.parse_args()
    colorizer = Colorizer(options.model)
    info, bins = colorizer.model.info, np.array(colorizer.model.info.bins, np.float32)
    shipped = Reading(
        info.temperature, info.chroma_gain, info.warm_gain, light_gain=info.light_gain, shade_gain=info.shade_gain
    )
    curves = {f"T {t:g}": [Reading(t, g) for g in GAINS] for t in TEMPERATURES}
    curves["shipped gains"] = [louder(shipped, g) for g in GAINS]
    readings = {shipped, *(reading for curve in curves.values() for reading in curve)}
    lpips = load_lpips("alexnet").eval()
    found: dict[Reading | str, list[tuple[float, ...]]] = {}

    @torch.no_grad()
    def note(key: Reading | str, rgb: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
        figures = measure(rgb, truth)
        planes = [torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None] for picture in (rgb, truth)]
        distance = float(lpips(*planes)[0])
        found.setdefault(key, []).append((figures.psnr, figures.ciede2000, distance, figures.colorfulness))

    for picture in evenly_spread(iter_pictures(options.data), options.limit):
        photo = Photo.read(picture.data)
        if photo.chroma is None:
            continue
        truth, grey = photo.rgb(), photo.grey()
        logits = colorizer.open(grey).distribution()
        note("grey", grey.rgb(), truth)
        note("truth", truth, truth)
        light = resize_float(lightness_from_luma(grey.luma / np.float32(255)), *logits.shape[1::-1])
        means_at = {t: annealed(logits, bins, t) for t in {reading.temperature for reading in readings}}
        for reading in readings:
            note(reading, compose(grey, vivid(means_at[reading.temperature], reading, light)).rgb(), truth)

    means = {key: dict(zip(MEASURES, np.mean(rows, axis=0).tolist(), strict=True)) for key, rows in found.items()}
    grey_means = means["grey"]

    def point(key: Reading) -> dict[str, float]:
        mine = means[key]
        return {
            "colourfulness": mine["colorfulness"] / means["truth"]["colorfulness"],
            "psnr": mine["psnr"] - grey_means["psnr"],
            "ciede2000": mine["ciede2000"] / grey_means["ciede2000"],
            "lpips": mine["lpips"] / grey_means["lpips"],
        }

    rows = []
    for key in sorted(readings, key=lambda each: (each.temperature, each.light_gain is not None, each.chroma_gain)):
        p = point(key)
        name = "**shipped**" if key == shipped else ""
        numbers = [f"{p['colourfulness']:.2f}", f"{p['psnr']:+.2f}", f"{p['ciede2000']:.3f}", f"{p['lpips']:.3f}"]
        read = (key.temperature, key.chroma_gain, key.warm_gain, key.light_gain, key.shade_gain)
        told = ["" if number is None else f"{number:.3g}" for number in read]
        rows.append([*told, *numbers, name])
    gains = ["gain", "for warm hues", "for lights", "in the shade"]
    table = markdown_table(["temperature", *gains, "colourfulness", "PSNR, dB", "CIEDE2000", "LPIPS alex", ""], rows)
    print(table)
    replace_block(ROOT / "docs" / "measures.md", "trade-off table", table, info.name)
    panels = []
    titles = {"psnr": "PSNR above grey, dB", "ciede2000": "CIEDE2000, of grey's", "lpips": "LPIPS (alex), of grey's"}
    best = point(shipped)
    for number, (name, title) in enumerate(titles.items()):
        lines = []
        for (label, curve), colour in zip(curves.items(), ORDERED[::2], strict=False):
            points = [point(reading) for reading in curve]
            lines.append(Line([(p["colourfulness"], p[name]) for p in points], label, colour, marked=True))
        level = 0.0 if name == "psnr" else 1.0
        ends = min(p.points[0][0] for p in lines), max(p.points[-1][0] for p in lines)
        lines.append(Line([(ends[0], level), (ends[1], level)], "grey", GREY, dashed=True))
        lines.append(Line([(best["colourfulness"], best[name])], "shipped", INK, marked=True))
        panels.append(Panel(title, "colourfulness, of the truth's", lines, number * WIDTH, 0, WIDTH, HEIGHT))
    target = ROOT / "docs" / "images" / "tradeoff.svg"
    keep_text(target, draw_svg(panels, WIDTH * len(titles), HEIGHT), info.name)
    print(f"{target.relative_to(ROOT)}: {len(found['grey'])} pictures")


if __name__ == "__main__":
    main()
