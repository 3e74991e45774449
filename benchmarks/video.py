"""Films from file to file: frames per second end to end, beside decoding and encoding alone and the plain way.

The plain way is what most colouring scripts do with a film: decode to RGB, take every frame to CIE Lab with
scikit-image, run the network on every frame in torch at 32 bits, enlarge a and b, go back to RGB, encode. All ways run
one after the other in this process on the same grey film, made of an example photograph under a slow pan. Each is given
in wall-clock time and in processor time, because a busy machine stretches the first and not the second.

Half of what a film of a few seconds takes may be its beginning: the tables of its colours, the first motion, the file's
end. A longer film of the same pan, there and back, tells both apart: what a further frame takes is the difference
between the two films, and start-up is what is left of the short one.

python benchmarks/video.py [--photograph examples/coffee.jpg] [--frames 150] [--long 1500] [--sizes 640x360 1280x720]
python benchmarks/video.py --cuts FOLDER   # how many cuts of a made-up film of the folder's pictures are found
"""

import argparse
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from documents import append_line
from numpy.typing import NDArray
from photo import cpu_name, plain_network
from PIL import Image

from tintype.colorizer.colorizer import Colorizer
from tintype.network.preprocess import working_size
from tintype.video.codecs import CODECS
from tintype.video.cuts import likeness
from tintype.video.film import colorize_film
from tintype.video.motion import Motion

RATE = 25
PLAIN_FRAMES = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="tint")
    parser.add_argument("--photograph", type=Path, default=Path(__file__).parents[1] / "examples" / "coffee.jpg")
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--long", type=int, default=1500, help="frames of the longer film")
    parser.add_argument("--sizes", nargs="+", default=["640x360", "1280x720"])
    parser.add_argument("--cuts", type=Path, metavar="FOLDER", help="measure scene cuts on pictures of this folder")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    options = parser.parse_args()
    if options.long <= options.frames:
        parser.error(f"--long {options.long} must be more than --frames {options.frames}")
    if options.cuts:
        print(cuts_found(options.cuts))
        return
    colorizer = Colorizer(options.model)
    print(f"{cpu_name()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {colorizer.network.precision}\n")
    print("| film | way | frames/s | CPU ms/frame | frames/s if both cores were free |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            width, height = (int(side) for side in size.split("x"))
            film = make_film(Path(folder) / f"{size}.mp4", options.photograph, width, height, options.frames)
            rows = measure(film, colorizer, options.frames)
            long = make_film(
                Path(folder) / f"{size}-long.mp4", options.photograph, width, height, options.long, options.frames
            )
            steady = apart(rows, timed(ways_of(long, colorizer), options.long), options)
            report(size, rows, steady, options)


def make_film(path: Path, photograph: Path, width: int, height: int, count: int, turn: int | None = None) -> Path:
    """A grey film: a slow pan over the photograph, with grain; back again after ``turn`` frames."""
    with Image.open(photograph) as image:
        scale = 1.25 * max(width / image.width, height / image.height)
        size = (round(image.width * scale), round(image.height * scale))
        big = np.asarray(image.convert("L").resize(size, Image.Resampling.BICUBIC), np.float32)
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for i in range(count):
            share = 1 - abs(1 - i / max(1, (turn or count) - 1) % 2)
            top, left = (int(share * (whole - side)) for whole, side in zip(big.shape, (height, width), strict=True))
            grey = big[top : top + height, left : left + width] + rng.normal(0, 3, (height, width))
            picture = av.VideoFrame.from_ndarray(grey.clip(0, 255).astype(np.uint8), format="gray")
            picture = picture.reformat(format="yuv420p")
            picture.pts, picture.time_base = i, Fraction(1, RATE)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return path


def ways_of(film: Path, colorizer: Colorizer) -> dict[str, Callable[[], None]]:
    """The floor, and ours."""
    target = film.with_name("out.mp4")
    return {
        "decode + encode alone": lambda: copy_film(film, target),
        "tintype": lambda: colorize_film(str(film), str(target), colorizer, overwrite=True) and None,
    }


def measure(film: Path, colorizer: Colorizer, count: int) -> list[dict[str, Any]]:
    colorizer.colorize(np.zeros((64, 64), np.uint8))  # the first run of a network prepares it
    ways = ways_of(film, colorizer)
    ways["tintype"]()  # tables and caches
    slow = {"plain": lambda: plain(film, film.with_name("out.mp4"), colorizer)}
    return timed(ways, count) + timed(slow, min(count, PLAIN_FRAMES))


def timed(ways: dict[str, Callable[[], None]], frames: int) -> list[dict[str, Any]]:
    """Each way run once: frames a second by the clock, and milliseconds of processor time a frame."""
    rows = []
    for name, way in ways.items():
        wall, cpu = time.perf_counter(), time.process_time()
        way()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        rows.append({"way": name, "fps": frames / wall, "cpu_ms": 1000 * cpu / frames})
    return rows


def apart(short: list[dict[str, Any]], long: list[dict[str, Any]], options: argparse.Namespace) -> list[dict[str, Any]]:
    """What a further frame takes, and what a film takes before and after its frames, from films of two lengths.

    On a busy machine the longer film may take less by the clock: then frames a second are None.
    """
    few, many = options.frames, options.long
    found = []
    for one, other in zip(short, long, strict=False):
        wall = (many / other["fps"] - few / one["fps"]) / (many - few)
        cpu = (many * other["cpu_ms"] - few * one["cpu_ms"]) / (many - few)
        found.append(
            {
                "way": one["way"],
                "fps": 1 / wall if wall > 0 else None,
                "cpu_ms": cpu,
                "start_s": few / one["fps"] - few * wall,
                "start_cpu_s": few * (one["cpu_ms"] - cpu) / 1000,
            }
        )
    return found


def encoder(output: Any, width: int, height: int) -> Any:
    """The encoder that tintype uses by default, with the same settings."""
    codec = CODECS["h264"]
    stream = output.add_stream(codec.encoder, rate=RATE, options=codec.options | {"crf": str(codec.crf)})
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.thread_count = os.cpu_count() or 1
    return stream


def copy_film(film: Path, target: Path) -> None:
    """The floor: decode and encode, nothing else."""
    with av.open(str(film)) as source, av.open(str(target), "w") as output:
        source.streams.video[0].thread_type = "AUTO"
        stream = encoder(output, source.streams.video[0].width, source.streams.video[0].height)
        for picture in source.decode(video=0):
            picture.pict_type = 0
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))


def plain(film: Path, target: Path, colorizer: Colorizer) -> None:
    """Frame by frame through RGB and scikit-image; the network is of the same shape and sees the same."""
    from skimage.color import lab2rgb, rgb2lab

    warnings.filterwarnings("ignore", "Conversion from CIE-LAB", UserWarning)
    size = colorizer.model.info.size
    answer, _ = plain_network(colorizer.model)
    with av.open(str(film)) as source, av.open(str(target), "w") as output:
        stream = None
        for i, picture in enumerate(source.decode(video=0)):
            if i == PLAIN_FRAMES:
                break
            pixels = picture.to_ndarray(format="rgb24")
            height, width = pixels.shape[:2]
            stream = stream or encoder(output, width, height)
            lab = rgb2lab(pixels).astype(np.float32)
            rows, columns = (-(-side // 32) * 32 for side in working_size(height, width, size))
            light = cv2.resize(lab[..., 0], (columns, rows), interpolation=cv2.INTER_AREA) / 50 - 1
            ab = answer(light)
            lab[..., 1:] = cv2.resize(ab, (width, height), interpolation=cv2.INTER_CUBIC)
            coloured = (lab2rgb(lab).clip(0, 1) * 255).round().astype(np.uint8)
            made = av.VideoFrame.from_ndarray(coloured, format="rgb24").reformat(format="yuv420p")
            made.pts, made.time_base = picture.pts, picture.time_base
            output.mux(stream.encode(made))
        if stream is not None:
            output.mux(stream.encode(None))


def report(size: str, rows: list[dict[str, Any]], steady: list[dict[str, Any]], options: argparse.Namespace) -> None:
    cores = os.cpu_count() or 1
    for row in rows:
        print(
            f"| {size} | {row['way']} | {row['fps']:.1f} | {row['cpu_ms']:.1f} | {1000 * cores / row['cpu_ms']:.0f} |"
        )
    floor, ours, slow = rows
    ratios = {
        "of_floor": round(ours["fps"] / floor["fps"], 3),
        "times_plain": round(ours["fps"] / slow["fps"], 2),
        "times_plain_cpu": round(slow["cpu_ms"] / ours["cpu_ms"], 2),
    }
    print(
        f"\n{size}: {ratios['of_floor']:.0%} of the speed of decoding and encoding alone; the plain way takes "
        f"{ratios['times_plain']:.1f} times as long and {ratios['times_plain_cpu']:.1f} times the processor time\n"
    )
    for row in steady:
        rate = "a rate that other work on this machine hid" if row["fps"] is None else f"{row['fps']:.1f} frames/s"
        print(
            f"{size}, {row['way']}: start-up {row['start_s']:.2f} s, {row['start_cpu_s']:.2f} s of processor time; "
            f"then {rate}, {row['cpu_ms']:.1f} ms of processor time a frame"
        )
    line = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "cores": cores,
        "load": round(os.getloadavg()[0], 2),
        "size": size,
        "frames": options.frames,
        "ways": [{"way": row["way"], "fps": round(row["fps"], 2), "cpu_ms": round(row["cpu_ms"], 2)} for row in rows],
        "long": options.long,
        "steady": [{k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()} for row in steady],
        **ratios,
    }
    append_line(options.output, line)


def cuts_found(folder: Path, count: int = 100, width: int = 256, height: int = 144) -> str:
    """Cuts between moving shots over pictures: pans, zooms, grain, flicker, fades, an object that crosses."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".png", ".webp"))[:count]
    rng, frames, cuts = np.random.default_rng(0), [], []
    for path in paths:
        with Image.open(path) as image:
            picture = np.asarray(image.convert("L"))
        cuts.append(len(frames))
        frames += shot(picture, width, height, rng)
    motion = Motion(height, width)
    found = [
        i
        for i, (earlier, later) in enumerate(pairwise(frames), 1)
        if likeness(motion.between(earlier, later), later).is_cut
    ]
    wanted = set(cuts[1:])
    right = len(wanted & set(found))
    return f"{len(frames)} frames, {len(wanted)} cuts: {right} found, {len(found) - right} false"


def shot(picture: NDArray[np.uint8], width: int, height: int, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    rows, columns = picture.shape
    begin, speed, angle = rng.uniform(1.0, 1.6), rng.choice([0, 0.004, 0.012, 0.025]), rng.uniform(0, 6.28)
    end, flicker, grain = begin * rng.uniform(0.85, 1.2), rng.choice([0, 0.05, 0.15]), rng.choice([0, 3, 8])
    fades, count, made = rng.random() < 0.15, int(rng.integers(6, 20)), []
    for i in range(count):
        scale = (begin + (end - begin) * i / count) * max(width / columns, height / rows)
        x, y = columns * (0.5 + np.cos(angle) * speed * i), rows * (0.5 + np.sin(angle) * speed * i)
        place = np.array([[scale, 0, width / 2 - scale * x], [0, scale, height / 2 - scale * y]], np.float32)
        frame = cv2.warpAffine(picture, place, (width, height), borderMode=cv2.BORDER_REFLECT).astype(np.float32)
        cv2.circle(frame, (int(width * (0.2 + 0.03 * i)), int(height * 0.6)), int(height * 0.15), 40.0, -1)
        frame *= 1 + rng.normal(0, flicker)
        frame *= min(1.0, (i + 1) / 6) if fades else 1.0
        made.append((frame + rng.normal(0, grain, frame.shape)).clip(0, 255).astype(np.uint8))
    return made


if __name__ == "__main__":
    main()
