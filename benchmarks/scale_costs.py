"""What one photo and one minute of film cost, and what a server of several workers makes of it.

    python benchmarks/scale_costs.py                    # all of it: some minutes, needs PostgreSQL, Redis and moto
    python benchmarks/scale_costs.py --only photos      # or films, or workers

Costs are processor seconds, with one thread: a busy machine stretches the clock, not these. The workers are those of
`tintype worker`, on one PostgreSQL, one Redis and one S3 server on this machine; store requests and transactions are
counted where they arrive. Results are appended to scale_costs.jsonl, for benchmarks/scale_model.py and docs/scale.md.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from documents import append_line

from tintype.evaluation.speed import SIZES, photograph
from tintype.parallel import cpu_name

ROOT = Path(__file__).parents[1]
OUTPUT = Path(__file__).with_suffix(".jsonl")
FRAMES, RATE = 75, 25
FILMS = ((640, 360), (1280, 720))
PICTURES, A_JOB = 32, 4


def photos() -> list[dict[str, Any]]:
    """Processor seconds and bytes of a grey JPEG that becomes a coloured one, by size."""
    from tintype.colorizer.colorizer import Colorizer

    colorizer = Colorizer(threads=1)
    rows = []
    for megapixels, (width, height) in SIZES.items():
        data = photograph(width, height)
        coloured = colorizer.colorize(data).encode()
        seconds = min(_processor(lambda data=data: colorizer.colorize(data).encode()) for _ in range(3))  # type: ignore[misc]
        rows.append({"megapixels": megapixels, "cpu_s": seconds, "bytes_in": len(data), "bytes_out": len(coloured)})
    return rows


def films() -> list[dict[str, Any]]:
    """Processor seconds and bytes of one minute of film, by size."""
    sys.path.insert(0, str(Path(__file__).parent))
    from tintype.colorizer.colorizer import Colorizer
    from tintype.video.film import colorize_film
    from video import make_film

    colorizer = Colorizer(threads=1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for width, height in FILMS:
            source = make_film(Path(folder) / "in.mp4", ROOT / "examples" / "coffee.jpg", width, height, FRAMES)
            target = Path(folder) / "out.mp4"

            def colour(source: Path = source, target: Path = target) -> None:
                colorize_film(str(source), str(target), colorizer, overwrite=True)

            colour()
            minute = 60 * RATE / FRAMES
            rows.append({
                "size": f"{width}x{height}", "cpu_s": minute * _processor(colour),
                "bytes_in": round(minute * source.stat().st_size), "bytes_out": round(minute * target.stat().st_size),
            })  # fmt: skip
    return rows


def workers(counts: tuple[int, ...] = (1, 2, 4)) -> list[dict[str, Any]]:
    """What so many workers make of the same line of jobs: pictures a second, and where the processor's time went."""
    here = str(Path(__file__).parent)  # its server.py would hide the tests' folder of that name
    sys.path[:] = [str(ROOT / "tests"), *(place for place in sys.path if place != here)]
    from server.cluster import cluster

    def _cluster(folder: Path) -> Any:
        return cluster(folder, apps=1, workers=0, TINTYPE_LEASE_SECONDS="20")

    from server.round_robin import round_robin
    from server.serving import until

    rows = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder, _cluster(Path(folder)) as running:
            port = int(running.environment["AWS_ENDPOINT_URL"].rpartition(":")[2])
            with round_robin([port]) as (address, counter), running.site.visitor() as visitor:
                running.environment["AWS_ENDPOINT_URL"] = address  # of the workers alone
                files = [(f"{n}.jpg", photograph(*SIZES[1], seed=n % 4)) for n in range(PICTURES)]
                ids = [
                    one["id"] for start in range(0, PICTURES, 8) for one in visitor.upload(*files[start : start + 8])
                ]
                warm = visitor.job(kind="colorize", pictures=ids[:1], options={"size": 64})
                with _started(running, count) as processes:
                    visitor.ended(warm)
                    until(lambda: all(_processor_of(one.pid) > 1 for one in processes))
                    time.sleep(3)
                    store, commits = sum(counter.counts.values()), _commits(running.settings.database)
                    before = sum(_processor_of(one.pid) for one in processes)
                    began = time.perf_counter()
                    asked = [
                        visitor.job(kind="colorize", pictures=ids[n : n + A_JOB]) for n in range(0, PICTURES, A_JOB)
                    ]
                    assert len(asked) == PICTURES // A_JOB
                    looks = _wait_for_all(running.settings.database)
                    wall = time.perf_counter() - began
                    used = sum(_processor_of(one.pid) for one in processes) - before
                    rows.append({
                        "workers": count, "pictures": PICTURES, "wall_s": wall, "cpu_s": used / PICTURES,
                        "cores": used / wall, "store_requests": (sum(counter.counts.values()) - store) / PICTURES,
                        "commits": (_commits(running.settings.database) - commits - looks) / PICTURES,
                    })  # fmt: skip
                    print(rows[-1], flush=True)
    return rows


def _wait_for_all(database: str) -> int:
    """Until every job is done, seen past the server, which would count as its work; returns how often was looked."""
    import psycopg

    looks = 0
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        while True:
            looks += 1
            row = connection.execute("select count(*) from jobs where state <> 'done'").fetchone()
            if not row or not row[0]:
                return looks
            time.sleep(0.2)


def _started(running: Any, count: int) -> Any:
    import contextlib

    @contextlib.contextmanager
    def all_of_them() -> Any:
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(running.worker()) for _ in range(count)]

    return all_of_them()


def _processor(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _processor_of(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _commits(database: str) -> int:
    import psycopg

    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        connection.execute("select pg_stat_clear_snapshot()")
        row = connection.execute("select sum(xact_commit + xact_rollback) from pg_stat_database").fetchone()
    return int(row[0]) if row else 0


PARTS: dict[str, Callable[[], list[dict[str, Any]]]] = {"photos": photos, "films": films, "workers": workers}


def latest(part: str) -> list[dict[str, Any]]:
    """The newest rows of that part in scale_costs.jsonl."""
    found = [json.loads(line) for line in OUTPUT.read_text().splitlines()]
    return list(next(one["rows"] for one in reversed(found) if one["part"] == part))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=PARTS, help="this part alone")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    for part in [options.only] if options.only else PARTS:
        rows = PARTS[part]()
        for row in rows:
            print(part, {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()})
        machine = {"cpu": cpu_name(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
        entry = {"part": part, "date": datetime.now(UTC).date().isoformat(), "machine": machine, "rows": rows}
        append_line(options.output, entry)


if __name__ == "__main__":
    main()
