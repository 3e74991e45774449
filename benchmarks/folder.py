"""A folder of one-megapixel JPEGs: many at a time against one at a time, memory against the number of files, and what
running several pictures through the network at once would give.

Every run is a process of its own. One at a time already uses all cores within a picture, for the network, the chroma
and the encoder; many at a time keeps each picture on one core. Both are run twice, in turns, and the faster run counts.

python benchmarks/folder.py [--files 200] [--memory 50 200 400]
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
from documents import append_line

from tintype.batch.run import plan, run
from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.options import OutputOptions
from tintype.evaluation.speed import peak_mib, photograph
from tintype.parallel import CORES, cpu_name

SIZE, SMALL = (1200, 800), (480, 320)
DIFFERENT = 8  # pictures; the others are copies of them
BATCHES = (1, 2, 4, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="tint")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--memory", type=int, nargs="*", default=[50, 200, 400], metavar="FILES")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(TASKS[options.task](options.model, options.files)))
        return
    print(f"{cpu_name()}, {CORES} cores, load {os.getloadavg()[0]:.1f}\n")
    runs = [child(task, options.model, options.files) for task in ("one", "many") * 2]
    one, many = (min(runs[i::2], key=lambda result: result["seconds"]) for i in (0, 1))
    print("| folder | pictures/s | CPU ms a picture | peak memory |\n|---|---|---|---|")
    for name, result in (("one at a time", one), (f"{CORES} at a time", many)):
        rate, cpu = options.files / result["seconds"], 1000 * result["cpu_seconds"] / options.files
        print(f"| {options.files} files of 1 megapixel, {name} | {rate:.1f} | {cpu:.0f} | {result['peak_mib']} MiB |")
    ratio = one["seconds"] / many["seconds"]
    print(f"\nMany at a time: {ratio:.2f} times as fast")
    memory = {count: child("small", options.model, count)["peak_mib"] for count in options.memory}
    print("Peak memory: " + ", ".join(f"{count} files {peak} MiB" for count, peak in memory.items()))
    batches = child("batches", options.model, 1)
    print(
        "The network, CPU ms a picture: " + ", ".join(f"{cpu:.1f} by {size} at once" for size, cpu in batches.items())
    )
    line = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "cpu": cpu_name(), "cores": CORES}
    line |= {"load": round(os.getloadavg()[0], 2), "files": options.files, "one": one, "many": many}
    line |= {"ratio": round(ratio, 2), "peak_mib_by_files": memory, "network_cpu_ms_by_batch": batches}
    append_line(options.output, line)


def child(task: str, model: str, files: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--task", task, "--model", model, "--files", str(files)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def folder(model: str, files: int, workers: int, size: tuple[int, int]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        source.mkdir()
        pictures = [photograph(*size, seed=seed) for seed in range(min(files, DIFFERENT))]
        for number in range(files):
            (source / f"{number:05}.jpg").write_bytes(pictures[number % DIFFERENT])
        colorizer = Colorizer(model, streams=workers)
        jobs = plan([os.fspath(source)], os.path.join(place, "out"))
        run(
            jobs[:workers], colorizer, output=OutputOptions(overwrite=True), workers=workers
        )  # the network prepares itself
        start, cpu = time.perf_counter(), time.process_time()
        report = run(jobs, colorizer, output=OutputOptions(overwrite=True), workers=workers)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    if report.failed:
        raise SystemExit(f"{report.failed} of {files} pictures failed")
    return {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "peak_mib": peak_mib()}


def one(model: str, files: int) -> dict[str, Any]:
    return folder(model, files, 1, SIZE)


def many(model: str, files: int) -> dict[str, Any]:
    return folder(model, files, CORES, SIZE)


def small(model: str, files: int) -> dict[str, Any]:
    return folder(model, files, CORES, SMALL)


def batches(model: str, files: int) -> dict[str, Any]:
    """CPU milliseconds of the network for each picture, by how many go through it at once."""
    network = Colorizer(model, threads=1).network
    planes = np.random.default_rng(0).uniform(-1, 1, (max(BATCHES), 1, 256, 384)).astype(np.float32)
    best = dict.fromkeys(BATCHES, float("inf"))
    for _ in range(8):
        for size in BATCHES:
            start = time.process_time()
            network.run(planes[:size])
            best[size] = min(best[size], 1000 * (time.process_time() - start) / size)
    return {str(size): round(value, 2) for size, value in best.items()}


TASKS = {"one": one, "many": many, "small": small, "batches": batches}


if __name__ == "__main__":
    main()
