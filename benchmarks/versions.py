"""Two checkouts of tintype against each other: a photo, a folder, films and a moved hint, in turns on this machine.

    git worktree add ../before 5bd9dad
    python benchmarks/versions.py ../before . [--turns 3] [--cases photo hint]

Both run with the Python that runs this, each way in a process of its own, in turns, because a busy machine does not
stay equally busy; the fastest counts. Times are by the clock and in processor time, the last column is the second
checkout's share of the first's. `hint`: a hint moved on an opened photograph of two megapixels, as a page does it.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from documents import append_line
from photo import make_photograph
from PIL import Image

from video import make_film

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "coffee.jpg"
HINT = """
import sys, time
from tintype import Colorizer, Hint
picture = Colorizer("tint").open(sys.argv[1])
times = []
for x in range(100, 1100, 50):
    start = time.perf_counter(), time.process_time()
    picture.predict(hints=[Hint(x, 500, (120, 40, 60))])
    times.append((time.perf_counter() - start[0], time.process_time() - start[1]))
print(*min(times))
"""


def main() -> None:
    """The command line; see the top of this file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("before", type=Path, help="a checkout's folder")
    parser.add_argument("after", type=Path, help="another's")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--cases", nargs="*", default=["photo", "folder", "film-360", "film-720", "hint"])
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "versions.jsonl", help="added to")
    options = parser.parse_args()
    trees = {"before": options.before.resolve(), "after": options.after.resolve()}
    found: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in options.cases:
            source = make_case(case, Path(folder))
            best = {name: (float("inf"), float("inf")) for name in trees}
            for _ in range(options.turns):
                for name, tree in trees.items():
                    took = measure(case, source, tree)
                    best[name] = (min(best[name][0], took[0]), min(best[name][1], took[1]))
            found[case] = {name: [round(value, 3) for value in values] for name, values in best.items()}
            (clock, cpu), (clock_after, cpu_after) = best["before"], best["after"]
            print(
                f"{case:9} before {clock:7.2f} s ({cpu:7.2f} s of processor)  "
                f"after {clock_after:7.2f} s ({cpu_after:7.2f})  "
                f"share {clock_after / clock:.2f} ({cpu_after / cpu:.2f})",
                flush=True,
            )
    record = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count()}
    record |= {name: revision(tree) for name, tree in trees.items()} | {"seconds, of processor": found}
    append_line(options.output, record)


def make_case(case: str, folder: Path) -> Path:
    """What is to be coloured: a photograph of 12 megapixels or 2, a folder of 40 of one, a film of 150 frames."""
    if case == "photo":
        return make_photograph(EXAMPLE, folder / "photo.jpg")
    if case.startswith("film"):
        height = int(case.rpartition("-")[2])
        return make_film(folder / f"{case}.mp4", EXAMPLE, height * 16 // 9, height, 150)
    if case == "hint":
        Image.open(EXAMPLE).convert("L").resize((1600, 1200)).save(folder / "two.jpg")
        return folder / "two.jpg"
    (box := folder / "box").mkdir()
    picture = Image.open(EXAMPLE).convert("L").resize((1200, 800))
    for number in range(40):
        picture.rotate(number).save(box / f"{number:02}.jpg", quality=90)
    return box


def measure(case: str, source: Path, tree: Path) -> tuple[float, float]:
    """Seconds by the clock and of the processor that one checkout takes."""
    environment = os.environ | {"PYTHONPATH": str(tree / "src")}
    if case == "hint":
        told = subprocess.run(
            [sys.executable, "-c", HINT, str(source)], env=environment, check=True, capture_output=True, text=True
        )
        clock, cpu = told.stdout.split()
        return float(clock), float(cpu)
    with tempfile.TemporaryDirectory() as target:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command = [sys.executable, "-m", "tintype", "colorize", str(source), "-o", f"{target}/{source.name}"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        clock, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def revision(tree: Path) -> str:
    """The commit that a checkout stands at, with a plus when files differ from it."""
    told = subprocess.run(
        ["git", "-C", str(tree), "describe", "--always", "--dirty=+"], check=True, capture_output=True, text=True
    )
    return told.stdout.strip()


if __name__ == "__main__":
    main()
