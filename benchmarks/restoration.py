"""Steps that restore film: PSNR and SSIM of the light before and after on made damage, false alarms, speed.

python benchmarks/restoration.py CLIP ... [--frames 48] [--sheet sheet.jpg] [--speed 1280x720]

Each clip's luma is damaged in one way, restored by the step for it, and compared with the clean luma. Of stabilized
film the figure is how much it still jumps, from frame to frame, against the clean film stabilized in the same way,
since a smoothed path is not the original one. Clean film goes through every step too: the share of its pixels that
change by more than 2 of 255 levels is the share of false alarms.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.video.levels import Signal
from tintype.video.reader import FilmInfo, FilmReader, Frame
from tintype.video.restoration import restored

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from documents import append_line

from film_damage import DAMAGE, grain

Luma = NDArray[np.uint8]
STEPS = ("deflicker", "dust", "scratches", "stabilize", "grain")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--steps", nargs="+", default=list(STEPS))
    parser.add_argument("--sheet", type=Path, help="a sheet of details: clean, damaged, restored")
    parser.add_argument("--speed", metavar="WxH", help="frames per second of each step on one clip of that size")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rows: list[list[Luma]] = []
    lines = []
    for clip in options.clips:
        info, clean = load(clip, options.frames)
        for step in options.steps:
            damaged = DAMAGE[step](clean)
            made = run(damaged, info, step)
            again = run(clean, info, step)
            line = {"clip": clip.stem, "step": step} | figures(step, clean, damaged, made, again)
            print(json.dumps(line), flush=True)
            lines.append(line)
            middle = len(clean) // 2
            rows.append([clean[middle], damaged[middle], made[middle]])
    if options.speed and options.clips:
        lines += list(speeds(options.clips[0], options.speed, options.steps))
    if options.sheet:
        sheet(rows).save(options.sheet, quality=92)
    for line in lines:
        append_line(options.output, {"date": datetime.now(UTC).isoformat(timespec="seconds")} | line)


def load(clip: Path, count: int) -> tuple[FilmInfo, list[Luma]]:
    """A clip's luma in 8 bits of full range, and what it is."""
    reader = FilmReader(clip)
    signal = Signal(8, True, 1, 1, 1)
    planes = [reader.info.signal.to_full8(frame.luma) for frame in islice(reader.frames(), count)]
    return replace(reader.info, signal=signal), planes


def run(planes: Sequence[Luma], info: FilmInfo, *steps: str) -> list[Luma]:
    """The planes after the steps."""
    frames = (Frame(i * info.step, info.step, plane) for i, plane in enumerate(planes))
    return [frame.luma for frame in restored(frames, info, steps)]


def figures(step: str, clean: list[Luma], damaged: list[Luma], made: list[Luma], again: list[Luma]) -> dict[str, float]:
    """PSNR and SSIM against the clean film, and false alarms on it."""
    alarms = float(np.mean([(np.abs(a.astype(int) - b) > 2).mean() for a, b in zip(clean, again, strict=True)]))
    if step == "stabilize":
        pairs = {"before": (clean, damaged), "after": (again, made), "clean_after": (clean, again)}
        return {f"jitter_{name}": round(jitter(*pair), 3) for name, pair in pairs.items()}
    return {
        "psnr_before": round(psnr(clean, damaged), 2),
        "psnr_after": round(psnr(clean, made), 2),
        "ssim_before": round(ssim(clean, damaged), 4),
        "ssim_after": round(ssim(clean, made), 4),
        "psnr_clean_after": round(psnr(clean, again), 2),
        "false_alarms": round(alarms, 5),
    }


def psnr(clean: list[Luma], other: list[Luma]) -> float:
    error = np.mean([np.mean((a.astype(np.float32) - b) ** 2) for a, b in zip(clean, other, strict=True)])
    return float(min(99.0, 10 * np.log10(255**2 / max(float(error), 1e-9))))


def ssim(clean: list[Luma], other: list[Luma]) -> float:
    """Structural similarity (Wang et al. 2004), sigma 1.5, mean over frames."""
    return float(np.mean([_ssim(a, b) for a, b in zip(clean, other, strict=True)]))


def _ssim(first: Luma, second: Luma) -> float:
    def mean(plane: NDArray[np.float32]) -> Any:
        return cv2.GaussianBlur(plane, (11, 11), 1.5)

    a, b = first.astype(np.float32), second.astype(np.float32)
    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(((2 * ma * mb + c1) * (2 * cov + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean())


def jitter(clean: list[Luma], other: list[Luma]) -> float:
    """How much the picture jumps against the clean film: the mean change of its shift from it, in pixels a frame."""
    window = cv2.createHanningWindow(clean[0].shape[::-1], cv2.CV_32F)
    shifts = []
    for a, b in zip(clean, other, strict=True):
        first, second = (p.astype(np.float32) - cv2.GaussianBlur(p.astype(np.float32), (0, 0), 6) for p in (a, b))
        shifts.append(cv2.phaseCorrelate(first, second, window)[0])
    return float(np.hypot(*np.diff(np.array(shifts), axis=0).T).mean())


def speeds(clip: Path, size: str, steps: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Frames per second of each step, in wall-clock and in processor time, on grainy, scratched film of that size."""
    width, height = (int(part) for part in size.split("x"))
    info, planes = load(clip, 24)
    large = grain([cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC) for plane in planes], deviation=4)
    info = replace(info, width=width, height=height, rate=Fraction(25), time_base=Fraction(1, 25))
    for step in steps:
        started, cpu = time.perf_counter(), time.process_time()
        run(large, info, step)
        wall, spent = time.perf_counter() - started, time.process_time() - cpu
        line = {
            "speed": step,
            "size": size,
            "fps": round(len(large) / wall, 1),
            "fps_cpu": round(len(large) / spent, 1),
            "load": round(os.getloadavg()[0], 1),
        }
        print(json.dumps(line), flush=True)
        yield line


def sheet(rows: list[list[Luma]], side: int = 300) -> Image.Image:
    """Details from the middle of the pictures, a row for each clip and step."""
    made = Image.new("L", (3 * side, side * len(rows)))
    for i, row in enumerate(rows):
        for j, plane in enumerate(row):
            height, width = plane.shape
            top, left = max(0, height // 2 - 75), max(0, width // 2 - 75)
            part = Image.fromarray(plane[top : top + 150, left : left + 150])
            made.paste(part.resize((side, side), Image.Resampling.NEAREST), (j * side, i * side))
    return made


if __name__ == "__main__":
    main()
