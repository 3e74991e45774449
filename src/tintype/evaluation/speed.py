"""How fast tintype is on this machine, and how near to the floor: decoding, encoding and the network alone.

Every measurement runs in a process of its own, so that the peak of memory is that of one task.
"""

import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image

from tintype.errors import TintypeError
from tintype.parallel import CORES, cpu_name
from tintype.version import __version__

SIZES = {1: (1200, 800), 12: (4000, 3000), 50: (8660, 5774)}
QUALITY = 90
_REPEATS = 3


def measure(model: str = "tint", *, sizes: tuple[int, ...] = (1, 12, 50), files: int = 32) -> Iterator[dict[str, Any]]:
    """Rows of the table, one after the other: "what", "value", and for pictures "floor_ms", "ratio", "peak_mib".

    sizes: megapixels, of `SIZES`; files: how many one-megapixel pictures the folder holds.
    Raises TintypeError if a measurement fails.
    """
    yield {"what": "machine", "value": f"{cpu_name()}, {CORES} cores, {platform.system()} {platform.machine()}"}
    yield {"what": "tintype", "value": f"{__version__}, Python {platform.python_version()}"}
    yield from _child("network", model)
    for size in sizes:
        yield from _child("picture", model, size)
    yield from _child("folder", model, files)


def _child(task: str, *arguments: object) -> list[dict[str, Any]]:
    code = f"import json, tintype.evaluation.speed as speed; print(json.dumps(speed.TASKS[{task!r}](*{arguments!r})))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if ran.returncode:
        reason = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise TintypeError(f"the benchmark {task} failed: {reason}")
    rows: list[dict[str, Any]] = json.loads(ran.stdout.splitlines()[-1])
    return rows


def _network(model: str) -> list[dict[str, Any]]:
    from tintype.network.model_file import find_model
    from tintype.network.network import Network

    network = Network(find_model(model))
    rows: list[dict[str, Any]] = [
        {"what": "engine", "value": f"{network.engine}, {network.device}, {network.precision}"}
    ]
    for side in (256, 512):
        plane = np.zeros((1, 1, side, side), np.float32)
        _, seconds = _timed(partial(network.run, plane), 2 * _REPEATS)
        rows.append({"what": f"network at {side}x{side}", "value": f"{1000 * seconds:.1f} ms", "ms": 1000 * seconds})
    return rows


def _picture(model: str, megapixels: int) -> list[dict[str, Any]]:
    from tintype.colorizer.colorizer import Colorizer
    from tintype.photo.photo import Photo

    colorizer = Colorizer(model)
    data = photograph(*SIZES[megapixels])
    started = time.perf_counter()
    coloured = colorizer.colorize(data)
    first = coloured.encode()
    first_seconds = time.perf_counter() - started
    del coloured, first
    _, seconds = _timed(lambda: colorizer.colorize(data).encode(), _REPEATS)
    peak = peak_mib()
    opened = colorizer.open(Photo.read(data))
    _, network = _timed(opened.predict_ab, _REPEATS)
    _, decode = _timed(lambda: simplejpeg.decode_jpeg(data, "GRAY"), _REPEATS)
    luma = np.ascontiguousarray(opened.photo.luma[: SIZES[megapixels][1] // 2 * 2])
    chroma = [np.ascontiguousarray(luma[::2, ::2] // 8 + 112) for _ in range(2)]
    _, encode = _timed(lambda: simplejpeg.encode_jpeg_yuv_planes(luma, *chroma, QUALITY), _REPEATS)
    floor = decode + network + encode
    return [
        {
            "what": f"{megapixels} megapixels, grey JPEG to colour JPEG",
            "value": f"{1000 * seconds:.0f} ms, {seconds / floor:.2f} x floor",
            "first_ms": 1000 * first_seconds,
            "ms": 1000 * seconds,
            "decode_ms": 1000 * decode,
            "network_ms": 1000 * network,
            "encode_ms": 1000 * encode,
            "floor_ms": 1000 * floor,
            "ratio": seconds / floor,
            "peak_mib": peak,
        }
    ]


def _folder(model: str, files: int) -> list[dict[str, Any]]:
    from tintype.batch.run import plan, run
    from tintype.colorizer.colorizer import Colorizer
    from tintype.colorizer.options import OutputOptions

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in"
        source.mkdir()
        for number in range(files):
            (source / f"{number:04}.jpg").write_bytes(photograph(*SIZES[1], seed=number % 8))
        seconds: list[float] = []
        peaks: list[int | None] = []
        for workers in (1, CORES):
            colorizer = Colorizer(model, streams=workers)
            jobs = plan([os.fspath(source)], os.path.join(folder, f"out{workers}-{len(seconds)}"))
            run(jobs[:1], colorizer, output=OutputOptions(overwrite=True))
            started = time.perf_counter()
            report = run(jobs, colorizer, output=OutputOptions(overwrite=True), workers=workers)
            seconds.append(time.perf_counter() - started)
            peaks.append(peak_mib())
            if report.failed:
                raise TintypeError(f"{report.failed} of {files} pictures failed")
    one, many = (files / value for value in seconds)
    return [
        {
            "what": f"folder of {files} one-megapixel JPEGs",
            "value": f"{many:.1f} pictures/s with {CORES} at a time, {one:.1f} one at a time ({many / one:.2f} x)",
            "per_second": many,
            "per_second_alone": one,
            "ratio": many / one,
            "peak_mib": peaks[-1],
        }
    ]


def photograph(width: int, height: int, seed: int = 0) -> bytes:
    """A grey JPEG with soft shapes and grain, from black to white."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(-20, 276, (12, 16)).astype(np.float32))
    shapes = coarse.resize((width, height), Image.Resampling.BICUBIC).point(lambda value: value * 1.0)
    pixels = np.empty((height, width), np.uint8)
    grain = rng.normal(0, 4, (257, width)).astype(np.float32)
    for row in range(0, height, 257):
        part = np.asarray(shapes.crop((0, row, width, min(row + 257, height))))
        pixels[row : row + 257] = (part + grain[: len(part)]).clip(0, 255)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def _timed(work: Callable[[], Any], repeats: int) -> tuple[Any, float]:
    """The result, and the seconds of the fastest of some tries after one to warm up."""
    result, best = work(), float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - started)
    return result, best


def peak_mib() -> int | None:
    """The most memory this process has held, in MiB; None where the system does not say."""
    with suppress(OSError):  # Linux: getrusage would also count the parent, from before this program began
        for row in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if row.startswith("VmHWM"):
                return int(row.split()[1]) // 1024
    try:
        import resource
    except ImportError:
        return None
    scale = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**20)


TASKS: dict[str, Callable[..., list[dict[str, Any]]]] = {"network": _network, "picture": _picture, "folder": _folder}
