"""Whether the largest pictures that a server takes, of every kind and many at once, stay within its memory.

    python benchmarks/server_memory.py              # 8 at once of each kind, limit and slots as in deploy/server
    python benchmarks/server_memory.py --people 2 --pixels 64000000 --kinds png16,webp

Each person uploads the picture, has it coloured and downloads the result; one told 429 comes back, as the page does. It
prints, for each kind, how many went through, what else was answered, the highest memory of the server and that a minute
later. It ends with status 1 if anything but a 429 failed, if the highest is above the limit, or if a minute later more
than 1.3 times the memory of the start is held. Loopback only; needs Linux, and the extras server and heif.
"""

import argparse
import io
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np
import pyvips
from PIL import Image

GIB = 1 << 30


def made(kind: str, pixels: int) -> bytes:
    """A picture with so many pixels; smooth, so that the file stays below the server's limit of bytes."""
    height = int((pixels / 1.25) ** 0.5)
    width = int(height * 1.25)
    rows = np.linspace(0, 200, height, dtype=np.float32)[:, None]
    plane = np.ascontiguousarray(np.broadcast_to(rows, (height, width)).astype(np.uint8))
    grey = pyvips.Image.new_from_memory(plane, width, height, 1, "uchar")
    if kind == "bomb":  # zeros, which a stranger sends
        zeros = pyvips.Image.black(width, height, bands=4).cast("ushort").copy(interpretation="rgb16")
        return bytes(zeros.pngsave_buffer(compression=9, bitdepth=16))
    if kind == "png16":
        deep = (grey * 257).cast("ushort").bandjoin([(grey * 257).cast("ushort")] * 2).bandjoin(65535).cast("ushort")
        return bytes(deep.copy(interpretation="rgb16").pngsave_buffer(compression=3, bitdepth=16))
    if kind == "tiff16":
        deep = (grey * 257).cast("ushort").copy(interpretation="grey16")
        return bytes(deep.tiffsave_buffer(compression="deflate"))
    if kind in ("jpeg", "webp-out"):
        return bytes(grey.jpegsave_buffer(Q=90))
    if kind == "heic":
        from pillow_heif import register_heif_opener

        register_heif_opener()
        target = io.BytesIO()
        Image.fromarray(plane).convert("RGB").save(target, "HEIF", quality=30)
        return target.getvalue()
    raise SystemExit(f"no kind {kind}; there are bomb, png16, tiff16, jpeg, webp-out, heic")


class Person:
    """Somebody who comes back when told to."""

    def __init__(self, url: str, statuses: "Counter[int]") -> None:
        # The server names its address a moment before it listens there.
        self._http = httpx2.Client(base_url=url, timeout=600, transport=httpx2.HTTPTransport(retries=8))
        self._statuses = statuses

    def ask(self, method: str, path: str, **options: object) -> httpx2.Response:
        while True:
            answer = self._http.request(method, path, **options)  # type: ignore[arg-type]
            self._statuses[answer.status_code] += 1
            if answer.status_code != 429:
                return answer
            time.sleep(float(answer.headers.get("retry-after", 2)))

    def go(self, data: bytes, kind: str) -> bool:
        sent = self.ask("POST", "/api/pictures", files={"files": ("large", data)})
        if sent.status_code != 201:
            print("   ", kind, "upload", sent.status_code, sent.text[:200])
            return False
        picture = sent.json()["pictures"][0]["id"]
        coloured = self.ask("POST", f"/api/pictures/{picture}/results", json={})
        if coloured.status_code not in (200, 201):
            print("   ", kind, "result", coloured.status_code, coloured.text[:200])
            return False
        query = "?format=webp" if kind == "webp-out" else ""
        saved = self.ask("GET", coloured.json()["file_url"] + query)
        self.ask("DELETE", f"/api/pictures/{picture}")
        if saved.status_code != 200:
            print("   ", kind, "download", saved.status_code, saved.text[:200])
        return saved.status_code == 200


def memory(process: "subprocess.Popen[str]", field: str) -> int:
    text = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(rf"{field}:\s+(\d+) kB", text)
    return int(found[1]) * 1024 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--pixels", type=int, default=64_000_000)
    parser.add_argument("--memory", type=int, default=3 * GIB)
    parser.add_argument("--rest", type=float, default=60)
    parser.add_argument("--kinds", default="bomb,png16,tiff16,jpeg,webp-out,heic")
    given = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "TINTYPE_FOLDER": folder, "TINTYPE_MEMORY_BYTES": str(given.memory), "TINTYPE_SLOTS": "2",
            "TINTYPE_REQUESTS_PER_MINUTE": "0", "TINTYPE_QUOTA_BYTES": "0",
        }  # fmt: skip
        command = [sys.executable, "-m", "tintype", "serve", "--port", "0"]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        found = re.search(r"http://localhost:\d+", process.stdout.readline())
        assert found is not None
        url = found[0]
        threading.Thread(target=process.stdout.read, daemon=True).start()
        try:
            start = memory(process, "VmRSS")
            print(f"limit {given.memory / GIB:.1f} GiB, at the start {start / GIB:.2f} GiB")
            for kind in given.kinds.split(","):
                data = made(kind, given.pixels)
                statuses: Counter[int] = Counter()
                began = time.perf_counter()
                Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # the highest begins anew
                with ThreadPoolExecutor(given.people) as pool:
                    through = sum(pool.map(lambda _: Person(url, statuses).go(data, kind), range(given.people)))  # noqa: B023
                seconds = time.perf_counter() - began
                highest = memory(process, "VmHWM")
                time.sleep(given.rest)
                later = memory(process, "VmRSS")
                lives = process.poll() is None
                bad = {status: count for status, count in statuses.items() if status >= 400 and status != 429}
                failed |= bool(bad) or not lives or highest > given.memory or through < given.people
                failed |= later > 1.3 * start
                print(
                    f"{kind:9} {len(data) / 1e6:6.1f} MB  {through} of {given.people} in {seconds:5.0f} s  highest "
                    f"{highest / GIB:.2f}, later {later / GIB:.2f} GiB ({later / start:.2f} x)  "
                    f"{dict(statuses)}{'' if lives else '  DEAD'}",
                    flush=True,
                )
        finally:
            process.terminate()
            process.wait(30)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
