"""Do the tests of each claim fail when the claim is broken?

    python -m tests.seeds.mutate                 # all of mutations.toml, one by one
    python -m tests.seeds.mutate S0-13 S4        # those of some claims
    python -m tests.seeds.mutate --list

Each break changes one place of the source, in a copy of it, and names the claim that it breaks. The tests with the
claim's mark then have to fail; if they pass, the break has survived, and the claim is guarded in name only. The tests
run in a fork of this process, which has loaded the libraries already.
"""

import argparse
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SOURCE = ROOT / "src" / "tintype"
sys.path[:0] = [str(ROOT / "tests")]

from seeds.table import find_proofs  # noqa: E402 (tests/ is no package of an installed project)

LIBRARIES = ("cv2", "hypothesis", "lightning_fabric", "numpy", "onnx", "openvino", "plotly", "pydantic", "pytest")
LIBRARIES += ("rich", "safetensors.torch", "simplejpeg", "skimage.data", "typer")
FAILED, NO_TESTS = 1, 5  # pytest's exit statuses
TRAINING = ("_run", "recipes", "loop", "tune", "cli")  # parts of the names of files whose tests train networks
LONGEST = 900  # seconds, after which a hanging test counts as failed


@dataclass(frozen=True)
class Break:
    """In `file`, below src/tintype, the only `find` becomes `put`; `what` says what no longer holds of claim `row`."""

    row: str
    what: str
    file: str
    find: str
    put: str

    def source(self) -> str:
        """The whole broken file; raises ValueError when the place is not there, or not the only one."""
        text = (SOURCE / self.file).read_text(encoding="utf-8")
        if (count := text.count(self.find)) != 1:
            raise ValueError(f"{self.row}, {self.what}: {self.find!r} is {count} times in {self.file}")
        return text.replace(self.find, self.put)


def read_breaks() -> list[Break]:
    """All of mutations.toml."""
    values = tomllib.loads((HERE / "mutations.toml").read_text(encoding="utf-8"))
    return [Break(**entry) for entry in values["break"]]


def proving_tests(row: str) -> list[str]:
    """The tests that carry the claim's mark: the quick ones, or if it has none the slow ones. Those that train come
    last: the first failure is enough."""
    proofs = sorted(find_proofs().get(row, []), key=lambda proof: any(part in proof.path for part in TRAINING))
    chosen = [proof for proof in proofs if not proof.slow] or proofs
    return [f"{proof.path}::{proof.name}" for proof in chosen]


def run_tests(tests: list[str], source: Path, output: Path) -> int:
    """pytest's exit status for `tests` with the package at `source`, in a fork that knows no tintype yet."""
    process = os.fork()
    if process == 0:
        os.setpgid(0, 0)
        status = 3
        try:
            with output.open("w") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            sys.path.insert(0, str(source))
            os.environ["PYTHONPATH"] = str(source)
            os.chdir(ROOT)
            import pytest

            status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))
        finally:
            os._exit(status)
    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return FAILED


def load_libraries() -> None:
    """What the tests import besides tintype, once for all forks."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in LIBRARIES:
        importlib.import_module(name)
    import torch

    torch.set_num_threads(1)


def try_break(one: Break, folder: Path) -> tuple[str, float]:
    """ "caught", "SURVIVED", or what is wrong with the break itself; and seconds."""
    began = time.monotonic()
    source = folder / "src"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(SOURCE, source / "tintype", copy_function=os.symlink, ignore=shutil.ignore_patterns("__pycache__"))
    target = source / "tintype" / one.file
    text = one.source()
    target.unlink()
    target.write_text(text, encoding="utf-8")
    tests = proving_tests(one.row)
    output = folder / "output.txt"
    status = run_tests(tests, source, output) if tests else NO_TESTS
    result = {0: "SURVIVED", FAILED: "caught"}.get(status, f"no answer (pytest ended with {status})")
    if result != "caught":
        print(output.read_text()[-2000:] if output.exists() else "no tests", file=sys.stderr)
    return result, time.monotonic() - began


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 1 when a break has survived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help="only the breaks of claims that begin so: S0-13, S4")
    parser.add_argument("--list", action="store_true", help="print the breaks and run nothing")
    parser.add_argument("--from", dest="first", type=int, default=0, help="number of the first break to try")
    options = parser.parse_args(arguments)
    breaks = list(enumerate(read_breaks()))
    wanted = tuple(options.rows) or ("S",)
    chosen = [(n, one) for n, one in breaks if n >= options.first and one.row.startswith(wanted)]
    if options.list:
        for number, one in chosen:
            print(f"{number:3} {one.row} {one.what} ({one.file}; {len(proving_tests(one.row))} tests)")
        return 0
    load_libraries()
    survived = []
    with tempfile.TemporaryDirectory() as scratch:
        for number, one in chosen:
            result, seconds = try_break(one, Path(scratch))
            print(f"{number:3} {one.row} {one.what}: {result} ({seconds:.0f} s)", flush=True)
            if result != "caught":
                survived.append(one)
    print(f"{len(chosen) - len(survived)} of {len(chosen)} breaks caught")
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main())
