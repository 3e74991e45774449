"""Run a benchmark by name: `python -m benchmarks NAME [OPTIONS]`; without a name all are listed.

`--quick` in place of the options measures little, with the pictures of examples/, and keeps no figures: it shows that a
benchmark still runs. Without a name it does so for all that need nothing else.
"""

import ast
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).parent
EXAMPLES = str(HOME.parent / "examples")
OUTPUT = "OUTPUT"  # stands for a file that is thrown away
QUICK = {
    "contact_sheet": [EXAMPLES, "--output", f"{OUTPUT}.jpg"],
    "folder": ["--files", "4", "--memory", "--output", OUTPUT],
    "lab_figure": [f"{EXAMPLES}/coffee.jpg", "--output", f"{OUTPUT}.jpg"],
    "restoration": ["--frames", "4", "--steps", "dust", "--output", OUTPUT],
    "scale_model": ["--machines", "1"],
    "stability": [EXAMPLES, "--limit", "1", "--output", OUTPUT],
    "taste_sheet": ["--folder", f"{OUTPUT}.sheets"],
    "video": ["--frames", "8", "--sizes", "160x90", "--output", OUTPUT],
}


def scripts() -> dict[str, str]:
    """Benchmarks by name, with the first line of what they say of themselves."""
    trees = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HOME.glob("[!_]*.py"))}
    return {
        name: (ast.get_docstring(tree) or "").partition("\n")[0]
        for name, tree in trees.items()
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
    }


def quick(name: str) -> float:
    """Run a benchmark on little, in a process of its own; the seconds that it took. Ends this one if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        given = [text.replace(OUTPUT, f"{folder}/figures") for text in QUICK[name]]
        started = time.perf_counter()
        status = subprocess.run([sys.executable, str(HOME / f"{name}.py"), *given], cwd=HOME.parent).returncode
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
