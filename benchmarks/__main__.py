"""Run a benchmark by name: `python -m benchmarks NAME [OPTIONS]`; without a name all are listed.

`--quick` in place of the options measures little, with the pictures of examples/ and of scikit-image, and keeps no
figures: it shows that a benchmark still runs. Without a name it does so for all that need nothing else.
"""

import ast
import os
import runpy
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from .documents import QUICK as QUICK_RUN

HOME = Path(__file__).parent
EXAMPLES = str(HOME.parent / "examples")
OUTPUT = "OUTPUT"  # stands for a file that is thrown away
COLOUR, TAR = "COLOUR", "COLOUR.tar"  # stand for photographs of scikit-image: a folder of them, and an archive
QUICK = {
    "alternatives": ["--data", TAR, "--limit", "6"],
    "contact_sheet": [EXAMPLES, "--output", f"{OUTPUT}.jpg"],
    "film_clip": ["--output", f"{OUTPUT}.webp"],
    "folder": ["--files", "4", "--memory", "--output", OUTPUT],
    "hints": ["--data", TAR, "--limit", "1"],
    "lab_figure": [f"{EXAMPLES}/coffee.jpg", "--output", f"{OUTPUT}.jpg"],
    "landscape_study": [
        *["--data", COLOUR, "--complexities", "4", "--alphas", "0.1", "--alpha-complexity", "4", "--images", "64"],
        *["--output", f"{OUTPUT}.runs", "--figure", f"{OUTPUT}.svg"],
    ],
    "photo": ["--output", OUTPUT],
    "reference": ["--data", TAR, "--limit", "1"],
    "references": [TAR, "--limit", "2"],
    "restoration": ["--frames", "4", "--steps", "dust", "--output", OUTPUT],
    "scale_model": ["--machines", "1"],
    "scaling": [
        *["--data", COLOUR, "--processes", "1", "--steps", "1"],
        *["--set", "stages.*.size=32", "stages.*.batch=2", "--output", OUTPUT],
    ],
    "server": ["--steps"],
    "server_memory": ["--people", "1", "--pixels", "1000000", "--rest", "1", "--kinds", "jpeg"],
    "shots": [TAR, "--limit", "1", "--output", OUTPUT],
    "skin": ["--data", TAR, "--limit", "1"],
    "sketches": ["--output", f"{OUTPUT}.jpg"],
    "sources": ["--data", TAR, "--per-source", "1"],
    "stability": [COLOUR, "--limit", "1", "--output", OUTPUT],
    "taste_sheet": ["--folder", f"{OUTPUT}.sheets"],
    "tradeoff": ["--data", TAR, "--limit", "1"],
    "train": [
        *["--data", COLOUR, "--recipes", "driving", "landscape", "--sizes", "64", "--batches", "1", "--batch", "2"],
        *["--output", OUTPUT],
    ],
    "upsampling": [COLOUR, "--limit", "1", "--output", OUTPUT],
    "versions": [".", ".", "--turns", "1", "--cases", "hint", "--output", OUTPUT],
    "video": ["--frames", "8", "--long", "24", "--sizes", "160x90", "--output", OUTPUT],
}


def scripts() -> dict[str, str]:
    """Benchmarks by name, with the first line of what they say of themselves."""
    trees = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HOME.glob("[!_]*.py"))}
    return {
        name: (ast.get_docstring(tree) or "").partition("\n")[0]
        for name, tree in trees.items()
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
    }


def write_photographs(folder: Path) -> None:
    """Halves of three photographs in colour, and an archive of them beside the folder; those of examples/ are grey."""
    folder.mkdir()
    for name in ("astronaut", "chelsea", "coffee"):
        pixels = getattr(skimage.data, name)()
        for number, half in enumerate(np.array_split(pixels, 2, axis=1)):
            Image.fromarray(half).reduce(2).save(folder / f"{name}-{number}.jpg", quality=95)
    with tarfile.open(f"{folder}.tar", "w") as tar:
        tar.add(folder, ".")


def quick(name: str) -> float:
    """Run a benchmark on little, in a process of its own; the seconds that it took. Ends this one if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        given = [text.replace(OUTPUT, f"{folder}/figures") for text in QUICK[name]]
        if {COLOUR, TAR} & set(given):
            write_photographs(Path(folder) / COLOUR)
            given = [f"{folder}/{text}" if text in (COLOUR, TAR) else text for text in given]
        started = time.perf_counter()
        command = [sys.executable, str(HOME / f"{name}.py"), *given]
        status = subprocess.run(command, cwd=HOME.parent, env=os.environ | {QUICK_RUN: "1"}).returncode
    if status:
        sys.exit(f"benchmarks: {name} --quick ended with status {status}")
    return time.perf_counter() - started


def main(arguments: list[str]) -> None:
    """The command line; see the top of this file."""
    known = scripts()
    if not arguments:
        for name, line in known.items():
            print(f"{name:18} {line}{'' if name not in QUICK else '  [--quick]'}")
    elif arguments[0] == "--quick":
        for name in QUICK:
            print(f"benchmarks: {name} took {quick(name):.1f} s")
    elif arguments[0] not in known:
        sys.exit(f"benchmarks: no benchmark is called {arguments[0]!r}; there are {', '.join(known)}")
    elif arguments[1:] == ["--quick"]:
        if arguments[0] not in QUICK:
            sys.exit(f"benchmarks: {arguments[0]} needs more than examples/; --quick is for {', '.join(QUICK)}")
        quick(arguments[0])
    else:
        name, *sys.argv[1:] = arguments
        sys.argv[0] = str(HOME / f"{name}.py")
        sys.path.insert(0, str(HOME))
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
