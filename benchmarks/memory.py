"""The most memory that one large picture takes: a JPEG of 50 megapixels, and a TIFF of 900 that is streamed.

Each in a process of its own. The second takes about a minute and a half of CPU time.

python benchmarks/memory.py [--only jpeg]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from documents import append_line

from tintype.colorizer.colorizer import Colorizer
from tintype.evaluation.speed import SIZES, peak_mib, photograph
from tintype.parallel import cpu_name

SIDE, TILE = 30_000, 1000
LIMITS = {"jpeg": 700, "tiff": 1200}  # MB, as promised


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=sorted(LIMITS))
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    parser.add_argument("--source", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.source:
        print(json.dumps(measure(options.source)))
        return
    print("| picture | peak memory | limit | time | CPU time |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for kind in [options.only] if options.only else LIMITS:
            source = Path(folder) / f"picture.{kind}"
            make(source)
            command = [sys.executable, __file__, "--source", str(source)]
            result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
            print(
                f"| {result['megapixels']:.0f} megapixels, {kind} | {result['peak_mib']} MiB | {LIMITS[kind]} MB "
                f"| {result['seconds']:.1f} s | {result['cpu_seconds']:.1f} s |",
                flush=True,
            )
            line = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "cpu": cpu_name(), "cores": os.cpu_count()}
            append_line(options.output, line | {"kind": kind} | result)


def make(path: Path) -> None:
    if path.suffix == ".jpeg":
        path.write_bytes(photograph(*SIZES[50]))
        return
    y, x = np.mgrid[0:TILE, 0:TILE]
    tile = (128 + 60 * np.sin(x / 70) * np.cos(y / 90)).astype(np.uint8)
    image = pyvips.Image.new_from_memory(tile, TILE, TILE, 1, "uchar").copy(interpretation="b-w")
    image.replicate(SIDE // TILE, SIDE // TILE).tiffsave(str(path), compression="deflate")


def measure(source: str) -> dict[str, Any]:
    colorizer = Colorizer()
    target = f"{source}-color{Path(source).suffix}"
    start, cpu = time.perf_counter(), time.process_time()
    if source.endswith(".jpeg"):
        photo = colorizer.colorize(source)
        photo.save(target)
        width, height = photo.width, photo.height
    else:
        width, height = colorizer.colorize_file(source, target)
    return {
        "megapixels": width * height / 1e6,
        "peak_mib": peak_mib(),
        "seconds": round(time.perf_counter() - start, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
    }


if __name__ == "__main__":
    main()
