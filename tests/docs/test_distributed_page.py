"""docs/distributed.md: each of its commands is run, with a small recipe and a few small pictures."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra server is not installed")
pytest.importorskip("psycopg", reason="the extra postgres is not installed")

from docs.pages import blocks, commands
from server.serving import free_port, postgres
from training_pictures import write_tiles

PLACES, *BLOCKS = blocks("distributed.md")
ROOT = Path(__file__).parents[2]
RECIPE = """\
system = "driving"
precision = "32-true"
ema_images = 20

[generator]
width = 4
depth = 3

[log]
tick = 8
samples = 16

[[stages]]
name = "mse"
kind = "supervised"
images = 32
size = 32
batch = 4
lr = 1e-3
losses = { l2 = 1.0 }
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder like that of somebody who follows the page, with a database beside it."""
    folder = tmp_path_factory.mktemp("page")
    write_tiles(folder / "photos")
    (folder / "small.toml").write_text(RECIPE)
    (folder / "benchmarks").mkdir()
    for name in ("scaling.py", "documents.py"):  # it writes a file beside itself
        shutil.copy(ROOT / "benchmarks" / name, folder / "benchmarks")
    programs = folder / "bin"
    programs.mkdir()
    # Programs, not links: from another folder Python would not find the environment that it belongs to.
    for name, does in (("tintype", "-m tintype"), ("torchrun", "-m torch.distributed.run"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {does} "$@"\n')
        (programs / name).chmod(0o755)
    with postgres(folder) as database:
        (folder / "database").write_text(database)
        yield folder


def given(place: Path, machine: str, port: int) -> dict[str, str]:
    """What the first block of the page sets."""
    values = {
        "PHOTOS": "photos",
        "OTHERS": "photos",
        "RECIPE": "small.toml",
        "SHARED": str(place / "shared"),
        "FIRST": "localhost",
        "PORT": str(port),
        "MACHINE": machine,
        "DATABASE": (place / "database").read_text(),
    }
    assert all(f"{name}=" in PLACES for name in values)
    return values


def names(command: str) -> str:
    return "-".join(word for word in command.split()[:12] if "$" not in word and not word.startswith("--"))


COMMANDS = [line for block in BLOCKS for line in commands(block)]
# The others take as long and show less: what they do is tested in tests/training/test_processes.py.
QUICK = ("runs/two --devices 2", "$SHARED/machines")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(line, marks=() if line.endswith(QUICK[0]) or QUICK[1] in line else pytest.mark.slow)
        for line in COMMANDS
    ],
    ids=names,
)
def test_a_command_of_the_page(command: str, place: Path) -> None:
    port = free_port()
    machines = ["one", "two"] if "$FIRST" in command or "$MACHINE" in command else ["one"]
    running = []
    for machine in machines:
        environment = os.environ | given(place, machine, port) | {"TINTYPE_CACHE": str(place / "cache")}
        environment["PATH"] = f"{place / 'bin'}:{environment['PATH']}"
        program = [shutil.which("bash") or "sh", "-c", command]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running.append(subprocess.Popen(program, cwd=place, env=environment, **pipes))  # type: ignore[call-overload]
    said = [process.communicate(timeout=240) for process in running]
    assert [process.returncode for process in running] == [0] * len(running), "\n".join(errors for _, errors in said)
    if " train " in command:
        run = place / command.replace("$SHARED", "shared").split("--run")[1].split()[0 if "--run " in command else 1]
        written = "".join(out for out, _ in said).split()
        assert [Path(path).name for path in written] == ["weights-000000032.safetensors"]  # said once
        assert (place / written[0]).is_relative_to(run)
        assert (place / written[0]).exists()
        lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
        assert [line["images"] for line in lines if "loss" in line][-1] == 32
        assert (run / "report.html").exists()
