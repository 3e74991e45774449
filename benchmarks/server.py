"""How the server bears load: fifty people at once upload and colour 2-megapixel photos.

    python benchmarks/server.py                # starts a server of its own in a folder that is deleted afterwards
    python benchmarks/server.py --people 100 --waves 5

It prints a single client's times, then those of the crowd: median, 95th percentile, throughput, how many were told to
come back (429), whether anything else failed, and the server's memory before and after. Loopback only.
"""

import argparse
import io
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from PIL import Image

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
        for _ in range(hints):
            clock.call("predict", client, "POST", f"/api/pictures/{identity}/predict", json={})


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50, help="how many at the same time")
    parser.add_argument("--waves", type=int, default=3, help="how often the crowd comes")
    options = parser.parse_args()
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
            alone = Clock()
            started = time.perf_counter()
            for number in range(5):
                visit(alone, url, number, hints=5)
            alone.report("one person at a time", time.perf_counter() - started)
            memory = [resident(server.pid)]
            for wave in range(1, options.waves + 1):
                crowd = Clock()
                started = time.perf_counter()
                with ThreadPoolExecutor(options.people) as people:
                    visits = [people.submit(visit, crowd, url, 1000 * wave + n) for n in range(options.people)]
                    for future in visits:
                        future.result()
                crowd.report(f"{options.people} people at once, wave {wave}", time.perf_counter() - started)
                memory.append(resident(server.pid))
            print("\nmemory in MB before the first wave and after each: " + ", ".join(f"{one:.0f}" for one in memory))
        finally:
            server.terminate()
            server.wait(timeout=30)


if __name__ == "__main__":
    main()
