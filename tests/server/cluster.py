"""Web servers and workers as processes of their own, on one PostgreSQL, one Redis and one S3, behind a balancer."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.round_robin import RoundRobin, round_robin
from server.serving import Site, postgres, redis, stopping, until
from tintype.server.settings import Settings

BUCKET = "pictures"
KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests", "AWS_DEFAULT_REGION": "us-east-1"}


@contextlib.contextmanager
def s3() -> Iterator[dict[str, str]]:
    """An S3 server with one bucket; yields the environment by which clients find it, and sets it here."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed (extra dev)")
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    import s3fs

    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        environment = KEYS | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            s3fs.S3FileSystem.clear_instance_cache()
            httpx2.post(
                f"{environment['AWS_ENDPOINT_URL']}/moto-api/reset"
            )  # all servers of a process share its pictures
            s3fs.S3FileSystem().mkdir(BUCKET)
            yield environment
            s3fs.S3FileSystem.clear_instance_cache()
    finally:
        server.stop()


@dataclass
class Cluster:
    """Processes that share everything but themselves."""

    environment: dict[str, str]
    folder: Path
    ports: list[int] = field(default_factory=list)
    workers: list["subprocess.Popen[str]"] = field(default_factory=list)
    balancer: RoundRobin | None = None
    url: str = ""

    @property
    def settings(self) -> Settings:
        """As its processes read them."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return Settings()

    @property
    def site(self) -> Site:
        return Site(self.url, self.settings)

    @contextlib.contextmanager
    def apps(self, count: int) -> Iterator[list[int]]:
        """Web servers, started side by side; yields their ports when all are ready."""
        with contextlib.ExitStack() as stack:
            processes = [stack.enter_context(self._started("serve", "--port", "0")) for _ in range(count)]
            lines = [process.stdout.readline() for process in processes if process.stdout is not None]
            ports = [int(found[1]) for line in lines if (found := re.search(r"http://localhost:(\d+)/", line))]
            assert len(ports) == count, "a server did not start"
            for port in ports:
                until(lambda port=port: _is_ready(port))
            yield ports

    @contextlib.contextmanager
    def worker(self) -> Iterator["subprocess.Popen[str]"]:
        with self._started("worker") as process:
            yield process

    @contextlib.contextmanager
    def _started(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        command = [sys.executable, "-m", "tintype", *words]
        own = {"TINTYPE_FOLDER": str(self.folder / f"{words[0]}-{time.monotonic_ns()}")}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        with stopping(subprocess.Popen(command, env=os.environ | self.environment | own, **pipes)) as process:
            yield process


@contextlib.contextmanager
def cluster(folder: Path, *, apps: int = 2, workers: int = 2, **given: str) -> Iterator[Cluster]:
    """So many web servers behind a balancer, and so many workers; ``given`` are TINTYPE_* variables for all of them."""
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(s3())
        database = stack.enter_context(postgres(folder))
        queue = stack.enter_context(redis(folder))
        environment = store | {
            "TINTYPE_DATABASE_URL": database, "TINTYPE_QUEUE_URL": queue, "TINTYPE_STORAGE_URL": f"s3://{BUCKET}/tests",
            "TINTYPE_WORKERS": "0", "TINTYPE_THREADS": "1", "OMP_NUM_THREADS": "1", "TINTYPE_LEASE_SECONDS": "3",
            "TINTYPE_REQUESTS_PER_MINUTE": "0", "TINTYPE_RETENTION_HOURS": "1", "TINTYPE_FOLDER": str(folder / "own"),
            "TINTYPE_WAIT_SECONDS": "60",
        }  # fmt: skip
        made = Cluster(environment | given, folder)
        made.workers = [stack.enter_context(made.worker()) for _ in range(workers)]
        made.ports = stack.enter_context(made.apps(apps))
        made.url, made.balancer = stack.enter_context(round_robin(made.ports))
        yield made


def _is_ready(port: int) -> bool:
    with socket.socket() as sock:
        if sock.connect_ex(("127.0.0.1", port)):
            return False
    return httpx2.get(f"http://127.0.0.1:{port}/ready", timeout=30).status_code == 200
