"""How much faster are two workers of a Ray cluster than one, and what does the engine cost for each picture?

The same pictures are coloured by the local engine, with as many in hand as one worker has, and on a cluster of two
raylets of one core each, started here: with one worker, then with two. What counts is the time from the first result to
the last, so that starting Ray and loading the model, told apart, do not. The overhead is what a picture takes one
worker longer than the local engine. --plan measures instead what planning so many files takes in the driver's memory.

python benchmarks/cluster.py [--pictures 200] [--side 1000]
python benchmarks/cluster.py --plan [--pictures 100000]
"""

import argparse
import os
import shutil
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_worker_niceness", "0")  # workers count as much as the local engine does

from documents import append_line

from tintype.batch.run import Job, Report, Result, plan, run
from tintype.cluster.engine import run_on_ray
from tintype.cluster.worker import IN_HAND, WorkerOptions
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import TintypeError
from tintype.evaluation.speed import photograph
from tintype.network.model_file import find_model
from tintype.parallel import cpu_name

STORE = 80_000_000
SAME = 0.05  # seconds


def measure(jobs: list[Job], work: Callable[[Callable[[Result], None]], Report]) -> dict[str, float]:
    """Seconds until the first result, and for each picture after it."""
    times: list[float] = []
    started = time.perf_counter()
    report = work(lambda result: times.append(time.perf_counter()))
    if report.failed:
        raise TintypeError(f"{report.failed} of {len(jobs)} pictures failed")
    together = sum(moment - times[0] < SAME for moment in times)  # results of a shard come all at once
    return {
        "first": round(times[0] - started, 2),
        "each": round((times[-1] - times[0]) / max(1, len(times) - together), 4),
    }


def throughput(count: int, side: int, model_name: str) -> dict[str, object]:
    from ray.cluster_utils import Cluster

    model = find_model(model_name)
    folder = Path(tempfile.mkdtemp(prefix="tintype-cluster-"))
    (folder / "in").mkdir()
    for number in range(count):
        (folder / "in" / f"{number:05}.jpg").write_bytes(photograph(side, side * 3 // 4, seed=number % 8))

    def jobs(name: str) -> list[Job]:
        return plan([str(folder / "in")], str(folder / name))

    cluster = Cluster()
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=STORE, include_dashboard=False)
        colorizer = Colorizer(model.path, threads=1, streams=IN_HAND)
        found = {
            "local": measure(jobs("local"), lambda done: run(jobs("local"), colorizer, workers=IN_HAND, done=done))
        }
        for workers in (1, 2):
            planned = jobs(f"ray{workers}")
            found[f"ray_{workers}"] = measure(
                planned,
                lambda done, planned=planned, workers=workers: run_on_ray(
                    planned, [model], WorkerOptions(), address=cluster.address, workers=workers, done=done
                ),
            )
    finally:
        cluster.shutdown()
        shutil.rmtree(folder)
    return {
        "pictures": count,
        "side": side,
        "model": f"{model.info.name} {model.info.version}",
        **found,
        "ratio": round(found["ray_1"]["each"] / found["ray_2"]["each"], 2),
        "overhead_ms": round(1000 * (found["ray_1"]["each"] - found["local"]["each"]), 1),
    }


def planning(count: int) -> dict[str, object]:
    import fsspec

    store = fsspec.filesystem("memory")
    for number in range(count):
        store.pipe_file(f"/scans/box {number // 1000:04}/plate {number:08}.jpg", b"")
    tracemalloc.start()
    started = time.perf_counter()
    jobs = plan(["memory://scans/"], "memory://colour/")
    seconds = time.perf_counter() - started
    kept, peak = tracemalloc.get_traced_memory()
    assert len(jobs) == count
    return {"files": count, "kept_bytes_each": kept // count, "peak_bytes_each": peak // count, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--side", type=int, default=1000, help="the longer side, in pixels")
    parser.add_argument("--model", default="tint")
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".jsonl"))
    options = parser.parse_args()
    if options.plan:
        found = planning(options.pictures or 100_000)
        print(f"planning: {found['kept_bytes_each']} bytes for each file, {found['peak_bytes_each']} at the peak")
    else:
        found = throughput(options.pictures or 200, options.side, options.model)
        for name in ("local", "ray_1", "ray_2"):
            times = found[name]
            assert isinstance(times, dict)
            print(f"{name:6} {1 / times['each']:6.2f} pictures/s, the first after {times['first']:.1f} s")
        print(f"two workers do {found['ratio']} times what one does; Ray costs {found['overhead_ms']} ms a picture")
    about = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
    }
    append_line(options.output, about | found)


if __name__ == "__main__":
    main()
