"""How quick the page is in a browser: first paint, from drop to first colour, a stroke's answer, twelve photos, memory.

    python benchmarks/page.py                 # needs Node, `npm ci` in web/, and Chromium
    python benchmarks/page.py --photos 20     # fewer photos for the memory of the page

It makes grey photographs of 2 and 24 megapixels out of examples/, starts a server of its own and drives Chromium by
web/scripts/bench.mjs. Times are those a person waits, browser and server on the same machine.
A stroke's answer is the first change of colour that is drawn; the whole one, with all pixels, follows it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "examples" / "migrant-mother-1936.jpg"
WORDS = {
    "first_paint_ms": "first paint, ms", "drop_2mp_ms": "drop to colour, 2 megapixels, ms",
    "drop_24mp_ms": "drop to colour, 24 megapixels, ms", "stroke_median_ms": "a stroke's answer, median, ms",
    "stroke_p95_ms": "a stroke's answer, 95 %, ms", "stroke_whole_ms": "its whole answer, median, ms",
    "photos_12_ms": "twelve photos, sent and coloured, ms",
    "heap_mb": "memory of the page's objects afterwards, MB", "page_kb": "the page, gzipped, kB",
}  # fmt: skip


def photo(path: Path, width: int, height: int) -> Path:
    Image.open(SOURCE).convert("L").resize((width, height), Image.Resampling.BICUBIC).save(path, "JPEG", quality=90)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--strokes", type=int, default=20)
    parser.add_argument("--photos", type=int, default=100)
    given = parser.parse_args()
    if given.photos % 20 == 1:
        parser.error(f"--photos {given.photos}: the last one would be alone, which is no batch; give one more")
    with tempfile.TemporaryDirectory() as folder:
        small = photo(Path(folder) / "small.jpg", 1224, 1632)
        large = photo(Path(folder) / "large.jpg", 4243, 5657)
        command = ["node", "scripts/bench.mjs", str(small), str(large), str(given.strokes), str(given.photos)]
        environment = {"PYTHON": sys.executable} | os.environ
        done = subprocess.run(command, cwd=ROOT / "web", env=environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            return done.returncode
    found = json.loads(done.stdout.splitlines()[-1])
    for name, words in WORDS.items():
        print(f"{words:48} {found[name]:8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
