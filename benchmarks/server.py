"""How the server bears load: fifty people at once upload and colour 2-megapixel photos.

    python benchmarks/server.py                # starts a server of its own in a folder that is deleted afterwards
    python benchmarks/server.py --people 100 --waves 5
    python benchmarks/server.py --film 180     # ten people's photos beside a film of three hours; --film 1 in a minute

It prints what one interactive prediction (a hint is moved) costs in processor time, step by step and in the server as a
whole; then a single client's times, then those of the crowd: median, 95th percentile, throughput, how many were told to
come back (429), whether anything else failed, and the server's memory before and after. It ends with status 1 if
anything but a 429 failed, or if memory grew by more than 15 % from the first wave to the last. With --film it prints
how long each of ten people waits from the first byte of a photo to its colours while a long film is coloured, and ends
with status 1 if one waits more than ten seconds or the film does not go on. Loopback only.
"""

import argparse
import io
import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from PIL import Image

from tintype import Colorizer, Hint
from tintype.colorizer.compose import compose
from tintype.photo.photo import Photo
from tintype.photo.shrink import shrink
from tintype.server.settings import Settings

CALM = {"OPENBLAS_NUM_THREADS": "1"}
SOURCE = Path(__file__).parents[1] / "examples" / "migrant-mother-1936.jpg"


def photo(number: int) -> bytes:
    """A grey JPEG of 2 megapixels; each is a little different."""
    grey = Image.open(SOURCE).convert("L").resize((1224, 1632), Image.Resampling.BICUBIC)
    grey.putpixel((number % 1224, number // 1224), 255)
    target = io.BytesIO()
    grey.save(target, "JPEG", quality=90)
    return target.getvalue()


class Clock:
    """Times and statuses, from many threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.statuses: Counter[str] = Counter()
        self._lock = threading.Lock()

    def call(self, what: str, client: httpx2.Client, method: str, url: str, **options: object) -> httpx2.Response:
        started = time.perf_counter()
        answer = client.request(method, url, **options)  # type: ignore[arg-type]
        with self._lock:
            self.statuses[f"{what} {answer.status_code}"] += 1
            if answer.status_code < 400:
                self.seconds.setdefault(what, []).append(time.perf_counter() - started)
        return answer

    def report(self, title: str, wall: float) -> None:
        print(f"\n{title}")
        for what, seconds in self.seconds.items():
            ordered = sorted(seconds)
            p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
            print(
                f"  {what:10} {len(seconds):4} answered, median {1000 * statistics.median(seconds):6.0f} ms, "
                f"p95 {1000 * p95:6.0f} ms, {len(seconds) / wall:5.1f} a second"
            )
        print("  " + ", ".join(f"{what}: {count}" for what, count in sorted(self.statuses.items())))


def visit(clock: Clock, url: str, number: int, hints: int = 0) -> None:
    """One person: upload a photo, colour it, fetch the result; back off when told to."""
    with httpx2.Client(base_url=url, timeout=120) as client:
        for _ in range(40):
            answer = clock.call("upload", client, "POST", "/api/pictures", files={"files": ("a.jpg", photo(number))})
            if answer.status_code != 429:
                break
            time.sleep(float(answer.headers["retry-after"]))
        answer.raise_for_status()
        identity = answer.json()["pictures"][0]["id"]
        for _ in range(40):
            answer = clock.call("colorize", client, "POST", f"/api/pictures/{identity}/results", json={})
            if answer.status_code != 429:
                break
            time.sleep(float(answer.headers["retry-after"]))
        answer.raise_for_status()
        clock.call("download", client, "GET", answer.json()["file_url"])
        for turn in range(hints):
            moved = {"hints": [{"x": 0.3 + 0.05 * turn, "y": 0.6, "color": "#2456b8"}]}
            clock.call("predict", client, "POST", f"/api/pictures/{identity}/predict", json=moved)


def long_film(minutes: float, path: Path) -> bytes:
    """An MP4 of so many minutes, 96 x 64 at 24 frames a second: long, not large. Needs the extra video."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        whole = Image.open(SOURCE).convert("RGB")
        step, wide, high = whole.width / 200, whole.width * 0.75, whole.width * 0.5
        views = [whole.resize((96, 64), box=(step * n, 0, step * n + wide, high)) for n in range(24)]
        for number in range(round(24 * 60 * minutes)):
            container.mux(stream.encode(av.VideoFrame.from_image(views[number % 24])))
        container.mux(stream.encode())
    return path.read_bytes()


def beside_a_film(url: str, minutes: float, people: int, folder: Path) -> bool:
    """Photos of many people while a film is coloured: print their waits; whether each was below ten seconds."""
    data = long_film(minutes, folder / "long.mp4")
    with httpx2.Client(base_url=url, timeout=600) as owner:
        sent = owner.post("/api/films", files={"file": ("long.mp4", data)}).raise_for_status().json()
        job = owner.post("/api/jobs", json={"kind": "film", "picture": sent["id"]}).raise_for_status().json()
        film = f"/api/jobs/{job['id']}"
        while (now := owner.get(film).json())["done"] == 0 and now["state"] in ("queued", "running"):
            time.sleep(0.2)

        def wait(number: int) -> float:
            with httpx2.Client(base_url=url, timeout=120) as client:
                started = time.perf_counter()
                files = {"files": ("a.jpg", photo(number))}
                one = client.post("/api/pictures", files=files).raise_for_status().json()["pictures"][0]["id"]
                asked = {"kind": "colorize", "pictures": [one]}
                mine = client.post("/api/jobs", json=asked).raise_for_status().json()["id"]
                while (state := client.get(f"/api/jobs/{mine}").json()["state"]) in ("queued", "running"):
                    time.sleep(0.1)
                assert state == "done", state
                return time.perf_counter() - started

        with ThreadPoolExecutor(people) as crowd:
            waits = sorted(crowd.map(wait, range(people)))
        after = owner.get(film).json()
        owner.post(f"{film}/cancel")
    print(
        f"{people} people beside a film of {minutes:g} min ({24 * 60 * minutes:,.0f} frames): a photo took "
        f"{statistics.median(waits):.1f} s (median), {waits[-1]:.1f} s at most; meanwhile the film came from frame "
        f"{now['done']} to {after['done']} and is {after['state']}"
    )
    return waits[-1] < 10 and after["state"] in ("running", "done")


def cost(what: Callable[[], object], times: int = 15) -> float:
    """Median milliseconds of processor time, of all threads; the first calls, which prepare, do not count."""
    spent = []
    for _ in range(times + 2):
        before = time.process_time()
        what()
        spent.append(1000 * (time.process_time() - before))
    return statistics.median(spent[2:])


def steps() -> None:
    """What a moved hint costs, on one thread, once the picture is open."""
    colorizer = Colorizer(threads=1)
    photo_ = shrink(Photo.read(photo(0)).grey(), Settings().preview_pixels)
    opened = colorizer.open(photo_)
    places = itertools.cycle(range(200, 800, 7))

    def hints() -> list[Hint]:
        return [Hint(next(places), 700, (36, 86, 184)), Hint(200, 200, (200, 80, 50))]

    ab = opened.predict_ab(hints=hints())
    coloured = opened.predict(hints=hints())
    whole = cost(lambda: opened.predict_ab())
    told = cost(lambda: opened.predict_ab(hints=hints()))
    composed = cost(lambda: compose(photo_, ab))
    written = cost(lambda: coloured.encode("JPEG", 85))
    everything = cost(lambda: opened.predict(hints=hints()).encode("JPEG", 85))
    print(f"a moved hint on a preview of {photo_.width} x {photo_.height}, in ms of processor time:")
    print(f"  the decoder, and meeting the hints {told:.0f}; composing {composed:.0f}; writing the JPEG {written:.0f}")
    print(f"  all of it {everything:.0f}; beside it the whole network without hints alone: {whole:.0f}")


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def predictions(url: str, pid: int, turns: int = 40) -> None:
    """What a moved hint costs the server, all of a request counted."""
    with httpx2.Client(base_url=url, timeout=120) as client:
        sent = client.post("/api/pictures", files={"files": ("a.jpg", photo(0))}).json()["pictures"][0]["id"]
        spent: list[float] = []
        before = 0.0
        for turn in range(turns + 3):
            if turn == 3:
                before = processor_seconds(pid)
            hint = {"x": 0.2 + 0.6 * turn / turns, "y": 0.5, "color": "#2456b8"}
            started = time.perf_counter()
            client.post(
                f"/api/pictures/{sent}/predict", json={"hints": [hint | {"x": min(1.0, hint["x"])}]}
            ).raise_for_status()
            spent.append(1000 * (time.perf_counter() - started))
        used = 1000 * (processor_seconds(pid) - before) / turns
    clock = statistics.median(spent[3:])
    print(f"  in the server, with all around it: {used:.0f} ms of processor time, {clock:.0f} ms on the clock")


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50, help="how many at the same time")
    parser.add_argument("--waves", type=int, default=3, help="how often the crowd comes")
    parser.add_argument("--film", type=float, metavar="MINUTES", help="only photos of ten people beside a long film")
    parser.add_argument("--steps", action="store_true", help="only what a moved hint costs, step by step")
    options = parser.parse_args()
    if options.steps:
        steps()
        return
    with tempfile.TemporaryDirectory(prefix="tintype-bench-") as folder:
        environment = os.environ | {"TINTYPE_FOLDER": folder, "TINTYPE_REQUESTS_PER_MINUTE": "0"}
        command = [sys.executable, "-m", "tintype", "serve", "--port", "0"]
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert server.stdout is not None
            url = re.search(r"http://\S+:\d+", server.stdout.readline())[0].replace("localhost", "127.0.0.1")  # type: ignore[index]
            while True:
                try:
                    if httpx2.get(f"{url}/ready", timeout=5).status_code == 200:
                        break
                except httpx2.TransportError:
                    pass
                time.sleep(0.2)
            if options.film:
                sys.exit(0 if beside_a_film(url, options.film, min(options.people, 10), Path(folder)) else 1)
            # With numpy as calm as `tintype serve` makes it, which must be said before numpy is there.
            subprocess.run([sys.executable, __file__, "--steps"], env=environment | CALM, check=True)
            predictions(url, server.pid)
            alone = Clock()
            started = time.perf_counter()
            for number in range(5):
                visit(alone, url, number, hints=5)
            alone.report("one person at a time", time.perf_counter() - started)
            memory = [resident(server.pid)]
            failed: Counter[str] = Counter()
            for wave in range(1, options.waves + 1):
                crowd = Clock()
                started = time.perf_counter()
                with ThreadPoolExecutor(options.people) as people:
                    visits = [people.submit(visit, crowd, url, 1000 * wave + n) for n in range(options.people)]
                    for future in visits:
                        future.result()
                crowd.report(f"{options.people} people at once, wave {wave}", time.perf_counter() - started)
                memory.append(resident(server.pid))
                failed.update({what: n for what, n in crowd.statuses.items() if int(what.split()[1]) >= 400})
            print("\nmemory in MB before the first wave and after each: " + ", ".join(f"{one:.0f}" for one in memory))
        finally:
            server.terminate()
            server.wait(timeout=30)
        wrong = [what for what in failed if not what.endswith(" 429")]
        grown = memory[-1] / memory[min(1, len(memory) - 1)]
        print(f"failed but for 429: {', '.join(wrong) or 'nothing'}; memory since wave 1: {100 * (grown - 1):+.0f} %")
        sys.exit(1 if wrong or grown > 1.15 else 0)


if __name__ == "__main__":
    main()
