"""One 12-megapixel JPEG from file to file: tintype against the plain way, time and peak memory.

The plain way is what most colouring scripts do: decode with Pillow, take the whole picture to CIE Lab with
scikit-image, run the network in torch at 32 bits, enlarge a and b, go back to RGB at full size, encode with Pillow.
The floor is decoding, the network and encoding, each alone, one after the other. Each way runs in a process of its
own, ours and the floor in turns, because a busy machine does not stay equally busy. Time is given by the clock and in
processor time; the fastest picture of each way counts. All see the network at the same input size; without a model
file the network is left out of all. It takes a minute on a free machine.

python benchmarks/photo.py [--model tint] [--photograph examples/coffee.jpg]
"""

import argparse
import contextlib
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from documents import append_line
from numpy.typing import NDArray
from PIL import Image

from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.compose import compose
from tintype.errors import WeightsError
from tintype.evaluation.speed import peak_mib
from tintype.network.model_file import ModelFile, find_model
from tintype.network.preprocess import working_size
from tintype.parallel import cpu_name
from tintype.photo.photo import Photo

WIDTH, HEIGHT, QUALITY = 4000, 3000, 90
REPEATS = {"tintype": 8, "floor": 8, "plain": 2}
TURNS = 3
SIZE = 256
Pixels = NDArray[np.float32]
Answer = Callable[[Pixels], Pixels]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="tint")
    parser.add_argument("--photograph", type=Path, default=Path(__file__).parents[1] / "examples" / "coffee.jpg")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    parser.add_argument("--way", choices=sorted(WAYS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way, options.photograph, options.model)))
        return
    with tempfile.TemporaryDirectory() as folder:
        photograph = make_photograph(options.photograph, Path(folder) / "photograph.jpg")
        turns = [[run_child(way, photograph, options.model) for way in ("tintype", "floor")] for _ in range(TURNS)]
        plain = run_child("plain", photograph, options.model)
    ours, floor = (fastest([turn[i] for turn in turns]) for i in (0, 1))
    report(ours, floor, plain, options)


def fastest(results: list[dict[str, Any]]) -> dict[str, Any]:
    """One of several equal runs, with the smallest of all their times."""
    times = ("first_seconds", "first_cpu_seconds", "seconds", "cpu_seconds")
    return results[0] | {key: min(result[key] for result in results) for key in times}


def make_photograph(source: Path, target: Path) -> Path:
    """A grey 12-megapixel JPEG: the source enlarged, with grain."""
    with Image.open(source) as image:
        grey = image.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, 4, (HEIGHT, WIDTH))
    pixels = (np.asarray(grey, np.float32) + grain).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(target, quality=QUALITY)
    return target


def run_child(way: str, photograph: Path, model: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--way", way, "--photograph", str(photograph), "--model", model]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def measure(way: str, photograph: Path, model: str) -> dict[str, Any]:
    """Seconds for the first picture and the fastest of the next, without start-up and loading the network."""
    model_file = None
    with contextlib.suppress(WeightsError):
        model_file = find_model(model)
    colour, network = WAYS[way](model_file)
    seconds, cpu = [], []
    for _ in range(1 + REPEATS[way]):
        start, cpu_start = time.perf_counter(), time.process_time()
        size = len(colour(photograph))
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
    return {
        "way": way,
        "network": network,
        "first_seconds": round(seconds[0], 4),
        "first_cpu_seconds": round(cpu[0], 4),
        "seconds": round(min(seconds[1:]), 4),
        "cpu_seconds": round(min(cpu[1:]), 4),
        "peak_mib": peak_mib(),
        "output_bytes": size,
    }


def tintype_way(model_file: ModelFile | None) -> tuple[Callable[[Path], bytes], str]:
    if model_file is None:
        ab = np.full((64, 86, 2), 10, np.float32)
        return lambda path: compose(Photo.read(path), ab).encode(quality=QUALITY), "none"
    colorizer = Colorizer(model_file.path)
    name = (
        f"{model_file.info.name} {model_file.info.version}, {colorizer.network.engine}, {colorizer.network.precision}"
    )
    return lambda path: colorizer.colorize(path).encode(quality=QUALITY), name


def floor_way(model_file: ModelFile | None) -> tuple[Callable[[Path], bytes], str]:
    """What no way of working with these parts can do without; its chroma is made up."""
    network = Colorizer(model_file.path).network if model_file else None
    side = model_file.info.size if model_file else SIZE
    multiple = model_file.info.size_multiple if model_file else 32
    height, width = (-(-s // multiple) * multiple for s in working_size(HEIGHT, WIDTH, side))
    small = np.zeros((1, 1, height, width), np.float32)
    chroma = [np.full((HEIGHT // 2, WIDTH // 2), value, np.uint8) for value in (120, 140)]

    def colour(path: Path) -> bytes:
        luma = np.asarray(simplejpeg.decode_jpeg(path.read_bytes(), "GRAY"))[..., 0]
        if network:
            network.run(small)
        encoded: bytes = simplejpeg.encode_jpeg_yuv_planes(luma, *chroma, QUALITY)
        return encoded

    return colour, network.engine if network else "none"


def plain_way(model_file: ModelFile | None) -> tuple[Callable[[Path], bytes], str]:
    from skimage.color import lab2rgb, rgb2lab

    warnings.filterwarnings("ignore", "Conversion from CIE-LAB", UserWarning)  # it clips; that is its way
    answer, network = plain_network(model_file)
    side = model_file.info.size if model_file else SIZE

    def colour(path: Path) -> bytes:
        with Image.open(path) as image:
            lab = rgb2lab(np.asarray(image.convert("RGB"))).astype(np.float32)
        height, width = (-(-s // 32) * 32 for s in working_size(HEIGHT, WIDTH, side))
        lightness = enlarge(lab[..., 0], width, height) / 50 - 1
        ab = answer(lightness)
        for i in range(2):
            lab[..., 1 + i] = enlarge(ab[..., i], WIDTH, HEIGHT)
        pixels = (lab2rgb(lab).clip(0, 1) * 255).round().astype(np.uint8)
        target = io.BytesIO()
        Image.fromarray(pixels).save(target, "JPEG", quality=QUALITY)
        return target.getvalue()

    return colour, network


def plain_network(model_file: ModelFile | None) -> tuple[Answer, str]:
    """The same network from lightness (h, w) in [-1, 1] to ab (h/4, w/4, 2); its speed needs no trained weights."""
    if model_file is None:
        return lambda lightness: np.full((64, 86, 2), 10, np.float32), "none"
    if model_file.info.system == "tint" and importlib.util.find_spec("torch"):
        import torch

        from tintype.imaging.ab_bins import ab_bins
        from tintype.models import build_generator
        from tintype.models.tint import annealed_mean

        generator = build_generator("tint", {}).eval()
        bins = torch.from_numpy(np.array(ab_bins(), np.float32))

        def answer(lightness: Pixels) -> Pixels:
            with torch.inference_mode():
                logits = generator(torch.from_numpy(lightness)[None, None])
                ab = annealed_mean(logits, bins, model_file.info.temperature)
            return np.asarray(ab[0].permute(1, 2, 0))

        return answer, f"tint, torch {torch.__version__}, f32, untrained weights"
    from tintype.network.network import Network

    network = Network(model_file, precision="f32")
    return (
        lambda lightness: network.run(lightness[None, None])["ab"][0].transpose(1, 2, 0),
        f"{model_file.info.name}, {network.engine}, f32",
    )


def enlarge(plane: Pixels, width: int, height: int) -> Pixels:
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


WAYS: dict[str, Callable[[ModelFile | None], tuple[Callable[[Path], bytes], str]]] = {
    "floor": floor_way,
    "plain": plain_way,
    "tintype": tintype_way,
}


def report(ours: dict[str, Any], floor: dict[str, Any], plain: dict[str, Any], options: argparse.Namespace) -> None:
    above_floor, cpu_above_floor = (ours[key] / floor[key] for key in ("seconds", "cpu_seconds"))
    first_ratio, first_cpu_ratio, ratio, cpu_ratio = (
        plain[key] / ours[key] for key in ("first_seconds", "first_cpu_seconds", "seconds", "cpu_seconds")
    )
    print(f"One {WIDTH}x{HEIGHT} JPEG, quality {QUALITY}; {cpu_name()}, {os.cpu_count()} cores\n")
    print("| way | first picture | next picture | CPU time of it | peak memory | output | network |")
    print("|---|---|---|---|---|---|---|")
    for result in (ours, floor, plain):
        print(
            f"| {result['way']} | {result['first_seconds'] * 1000:,.0f} ms | {result['seconds'] * 1000:,.0f} ms "
            f"| {result['cpu_seconds'] * 1000:,.0f} ms | {result['peak_mib']:,} MiB "
            f"| {result['output_bytes'] / 1e6:.1f} MB | {result['network']} |"
        )
    memory = plain["peak_mib"] / ours["peak_mib"]
    print(f"\nAbove the floor: {above_floor:.2f} times its time, {cpu_above_floor:.2f} times its CPU time")
    print(
        f"The plain way takes {ratio:.1f} times as long for a further photograph, {cpu_ratio:.1f} times the CPU time;\n"
        f"{first_ratio:.1f} and {first_cpu_ratio:.1f} times for the first of a process; {memory:.1f} times the memory"
    )
    line = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "photograph": options.photograph.name,
        "tintype": ours,
        "floor": floor,
        "plain": plain,
        "above_floor": round(above_floor, 2),
        "cpu_above_floor": round(cpu_above_floor, 2),
        "first_ratio": round(first_ratio, 2),
        "first_cpu_ratio": round(first_cpu_ratio, 2),
        "ratio": round(ratio, 2),
        "cpu_ratio": round(cpu_ratio, 2),
    }
    append_line(options.output, line)


if __name__ == "__main__":
    main()
