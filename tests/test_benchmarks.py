"""The runner of the benchmarks; that each still runs is seen by `python -m benchmarks --quick`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_they_are_listed_each_with_what_it_measures() -> None:
    listed = dict(line.split(maxsplit=1) for line in run().stdout.splitlines())
    wanted = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\ndef main(" in path.read_text()}
    assert set(listed) == wanted - {"__main__"}
    assert listed["folder"].endswith("[--quick]")


def test_one_runs_by_its_name_and_another_is_unknown() -> None:
    assert run("scale_model", "--help").stdout.startswith("usage: scale_model.py")
    done = run("skale")
    assert done.returncode == 1
    assert "no benchmark is called 'skale'" in done.stderr
    assert "needs more than examples/" in run("foreign", "--quick").stderr
