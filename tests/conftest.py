"""Fixtures that several test modules share."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

import tiny_model
from tintype.network.model_file import ModelFile, find_model

# A test run begun in the background of a script ignores Ctrl-C, and what it starts inherits that: tests that press the
# key in a program of their own need it heard.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Two test processes with two threads each would spend their time waiting for each other. Set before torch is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

EXAMPLES = Path(__file__).parents[1] / "examples"

# How long an example takes says more about the machine than about the code.
settings.register_profile("tintype", deadline=None)
settings.load_profile("tintype")

RunCli = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file called "tiny", in a folder of its own."""
    return tiny_model.build(tmp_path_factory.mktemp("models") / "tiny.onnx")


@pytest.fixture(scope="session")
def model_file(model_path: Path) -> ModelFile:
    return find_model(model_path)


@pytest.fixture(scope="session")
def examples() -> list[Path]:
    """The photographs that come with the project."""
    return sorted(EXAMPLES.glob("*.jpg"))


@pytest.fixture
def cli(model_path: Path, tmp_path: Path) -> RunCli:
    """Run the command line in a process of its own, inside ``tmp_path``; the model "tiny" is at hand."""
    environment = os.environ | {"TINTYPE_MODELS": str(model_path.parent), "OMP_NUM_THREADS": "1"}

    def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "tintype", *map(str, arguments)]
        return subprocess.run(command, input=stdin, capture_output=True, cwd=tmp_path, env=environment, timeout=120)

    return run
