"""Run a network that nobody vouches for once, in a process of its own, before it is run in this one.

A graph can be made to take all memory, to take for ever, or to crash the engine. So its first run is elsewhere, with
bounds on memory and time (`trial_process.py`); that it went well is remembered by the hash of the file. That run also
tells contracts apart that have the same shapes.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tintype.errors import OutputError, WeightsError
from tintype.files.atomic import write_bytes

from .graph_reader import Interface
from .places import cache_folder

LEAST_SECONDS, SECONDS_PER_BYTE = 25, 1e-7  # of the processor; 100 more for a gigabyte
PATIENCE = 4  # seconds of the clock for each of these, since a machine may have other work
LEAST_MEMORY, MEMORY_PER_BYTE, MEMORY_PER_PIXEL = 6 << 30, 8, 16 << 10
BOUNDS = "TINTYPE_TRIAL"  # bytes and seconds, in the child's environment
BELIEVED: dict[str, str] = {}  # contracts by hash, of files that another process of ours has tried
TOO_LONG = "a small picture took more than {:.0f} s; it is not run on this machine"


def believe(sha256: str, contract: str) -> None:
    """Take another's word that the file of this hash keeps the contract, so that it is not tried again in this process:
    the driver of a cluster tries a file once, for all workers that it sends it to."""
    BELIEVED[sha256] = contract


def tried(path: Path, sha256: str, names: Sequence[str], interface: Interface) -> str:
    """The contract, the first of those named, that a graph keeps when it is run.

    Raises:
        WeightsError: it fails, keeps none of them, or needs more time or memory than a colouriser may.
    """
    if BELIEVED.get(sha256) in names:
        return BELIEVED[sha256]
    record = cache_folder() / "trials" / f"{sha256}-{'-'.join(names)}.json"
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["contract"])
    except (OSError, ValueError, KeyError):
        pass
    name = tried_in_process(path, names, interface)
    with contextlib.suppress(OutputError):  # it is tried again next time
        write_bytes(record, json.dumps({"contract": name}).encode())
    return name


def tried_in_process(path: Path, names: Sequence[str], interface: Interface) -> str:
    """The contract that a graph keeps when a process of its own runs it, bounded in memory and time.

    Raises:
        WeightsError: as `tried` does.
    """
    size = path.stat().st_size
    seconds = LEAST_SECONDS + size * SECONDS_PER_BYTE
    pixels = max((height * width for height, width in sizes_of(interface)), default=0)
    memory = LEAST_MEMORY + MEMORY_PER_BYTE * size + MEMORY_PER_PIXEL * pixels
    command = [sys.executable, "-m", "tintype.network.trial_process", str(path), *names]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=PATIENCE * seconds,
            env=_environment(memory, seconds),
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(f"{path}: {TOO_LONG.format(PATIENCE * seconds)}") from None
    if -done.returncode in (getattr(signal, "SIGXCPU", 0), getattr(signal, "SIGKILL", 0)) and done.returncode:
        raise WeightsError(f"{path}: {TOO_LONG.format(seconds)}")
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        last = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        why = last[-1] if last and done.returncode > 0 else f"exit status {done.returncode}"
        raise WeightsError(
            f"{path}: the engine did not survive this graph within {memory >> 30} GiB ({why[:150]})"
        ) from None
    if "error" in answer:
        raise WeightsError(f"{path}: {answer['error']}")
    return str(answer["contract"])


def _environment(memory: int, seconds: float) -> dict[str, str]:
    """This process's, with the package where it is here, and the bounds on memory and time."""
    source = str(Path(__file__).resolve().parents[2])
    paths = [source, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), BOUNDS: f"{memory} {seconds:.0f}"}


def sizes_of(interface: Interface) -> list[tuple[int, int]]:
    return [port.size for port in interface.inputs if port.size is not None]
