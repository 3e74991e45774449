"""A Ray cluster of several raylets on this machine, each a process tree of its own, joined by address."""

import contextlib
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from docs.pages import blocks, commands

PAGE_ADDRESS = "head.example.org:6379"
RAY = Path(sys.executable).with_name("ray")
STORE = 80_000_000  # bytes of object store for each raylet: next to nothing goes through it
# Loaded by every process of the cluster and by no driver: stands in for the kernel's out-of-memory killer.
KILLER = """
import os, signal, sys
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and "poison" in arguments[0]:
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
"""


def page_commands(beginning: str) -> list[str]:
    """The commands of docs/cluster.md that begin so."""
    found = [command for block in blocks("cluster.md") for command in commands(block)]
    return [command for command in found if command.startswith(beginning)]


class RayCluster:
    """Started by the commands of docs/cluster.md, one core a raylet; ``address`` and ``environment`` let drivers in."""

    def __init__(self, environment: dict[str, str], raylets: int = 2) -> None:
        # Ray's sockets lie below it, and the path of a socket may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        (self.folder / "hook").mkdir()
        (self.folder / "hook" / "sitecustomize.py").write_text(KILLER)
        paths = [str(self.folder / "hook"), str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")]
        # Ray lets in who knows the token: this cluster has one of its own, whatever lies in the home folder.
        self.environment = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        self._environment = os.environ | environment | self.environment | {
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",
            "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        self._nodes: list[subprocess.Popen[bytes]] = []
        self.address = f"127.0.0.1:{free_port()}"
        self._head, self._other = (shlex.split(command)[2:] for command in page_commands("ray start"))
        port = self.address.rpartition(":")[2]
        self._start(*self._head, f"--port={port}", f"--temp-dir={self.folder / 'r'}")
        self._wait_for_head()
        for _ in range(raylets - 1):
            self.add_raylet()

    def add_raylet(self) -> None:
        """One more machine, as it were."""
        self._start(*(word.replace(PAGE_ADDRESS, self.address) for word in self._other))

    def kill_raylet(self) -> None:
        """kill -9 of the raylet that joined last and of its workers: the machine is gone."""
        node = self._nodes.pop()
        victims = descendants(node.pid)
        assert any("raylet" in name for _, name in victims), victims
        for pid, _ in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        node.kill()
        node.wait()

    def is_at(self, task: str) -> bool:
        """Whether a worker of the raylet that joined last is at such a task: Ray names its processes after them."""
        return any(f"ray::{task}" in name for _, name in descendants(self._nodes[-1].pid))

    def stop(self) -> None:
        """End every process of the cluster."""
        for node in reversed(self._nodes):
            family = descendants(node.pid)
            node.kill()
            node.wait()
            for pid, _ in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, *arguments: str) -> None:
        common = ["--node-ip-address=127.0.0.1", "--num-cpus=1", f"--object-store-memory={STORE}",
                  "--disable-usage-stats", "--min-worker-port=0", "--max-worker-port=0"]  # fmt: skip
        log = (self.folder / f"start-{len(self._nodes)}.log").open("wb")
        self._nodes.append(
            subprocess.Popen(
                [str(RAY), "start", *arguments, *common], env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        )
        log.close()

    def _wait_for_head(self) -> None:
        host, _, port = self.address.rpartition(":")
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
                return
            log = (self.folder / "start-0.log").read_text()
            assert self._nodes[0].poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def descendants(pid: int) -> list[tuple[int, str]]:
    """(process, command line) of all that a process has started, and they in turn."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found: list[tuple[int, str]] = []
    line = [pid]
    while line:
        for child in parents.get(line.pop(), []):
            with contextlib.suppress(OSError):
                found.append((child, Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()))
            line.append(child)
    return found


@contextlib.contextmanager
def ray_cluster(environment: dict[str, str], raylets: int = 2) -> Iterator[RayCluster]:
    cluster = RayCluster(environment, raylets)
    try:
        yield cluster
    finally:
        cluster.stop()
