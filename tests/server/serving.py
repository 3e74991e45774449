"""Real servers for tests: uvicorn on a free port of 127.0.0.1, and PostgreSQL and Redis from Debian's packages."""

import contextlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tintype.server.run import listen, make_server
from tintype.server.settings import Settings
from tintype.server.storage import Storage

WAIT_SECONDS = 180  # a machine that does much else besides may need them


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def until(what: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """The first true value of ``what()``."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if value := what():
            return value
        time.sleep(0.05)
    raise AssertionError(f"nothing came within {seconds} s")


@contextlib.contextmanager
def serving(folder: Path, **given: Any) -> Iterator["Site"]:
    """A server with everything in ``folder``, in this process but behind a real socket."""
    defaults: dict[str, Any] = {"folder": folder, "threads": 1, "requests_per_minute": 0, "retention_hours": 1}
    settings = Settings(**(defaults | given))
    sock = listen("127.0.0.1", 0)
    server = make_server(settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        assert server.started, "the server did not start"
        yield Site(f"http://127.0.0.1:{sock.getsockname()[1]}", settings)
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        sock.close()
        assert not thread.is_alive(), "the server did not stop"


class Site:
    """Where a server is or several are, what they were told, and people to visit them."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url, self.settings = url, settings

    def stored(self) -> list[str]:
        """The keys of every file that the server keeps, wherever that is."""
        storage = Storage(self.settings.storage)
        root = storage._root.rstrip("/") + "/"
        return sorted(str(path).removeprefix(root) for path in storage._files.find(root))

    def visitor(self, **options: Any) -> "Visitor":
        return Visitor(base_url=self.url, timeout=WAIT_SECONDS, **options)


class Visitor(httpx2.Client):
    """A client with cookies of its own, and the few things that every test does."""

    def upload(self, *photos: Path | tuple[str, bytes]) -> list[dict[str, Any]]:
        files = [(photo.name, photo.read_bytes()) if isinstance(photo, Path) else photo for photo in photos]
        answer = self.post("/api/pictures", files=[("files", file) for file in files])
        assert answer.status_code == 201, answer.text
        return list(answer.json()["pictures"])

    def colorize(self, picture: dict[str, Any], **options: Any) -> dict[str, Any]:
        answer = self.post(f"/api/pictures/{picture['id']}/results", json=options)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def job(self, **body: Any) -> dict[str, Any]:
        answer = self.post("/api/jobs", json=body)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        def look() -> Any:
            now = self.get(f"/api/jobs/{job['id']}").json()
            return now if now["state"] not in ("queued", "running", "paused") else None

        return dict(until(look))


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The (name, data) pairs of a stream of server-sent events."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":")
        if "data" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL server of its own; yields the address of its database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
        folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/tintype-pg-XXXXXX"], text=True).strip())
        who = pwd.getpwnam("postgres")
        os.chown(folder, who.pw_uid, who.pw_gid)
    port = free_port()
    data = folder / "data"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/", **owner}
    try:
        make = [programs[-1] / "initdb", "-D", data, "-A", "trust", "-U", "tintype", "-E", "UTF8", "--no-sync"]
        subprocess.run(make, check=True, timeout=120, **quiet)
        command = [programs[-1] / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
        command += ["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "shared_buffers=16MB"]
        with stopping(subprocess.Popen(command, **quiet)) as process:
            address = f"postgresql://tintype@127.0.0.1:{port}/postgres"
            until(lambda: _answers(address) or process.poll() is not None)
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis server of its own; yields its address."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed (apt-get install redis-server)")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with stopping(subprocess.Popen(command, stdout=subprocess.DEVNULL)):
        until(lambda: _is_open(port))
        yield f"redis://127.0.0.1:{port}/0"


@contextlib.contextmanager
def stopping(process: "subprocess.Popen[Any]") -> Iterator["subprocess.Popen[Any]"]:
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(address: str) -> bool:
    import psycopg

    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _is_open(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def raw(site: Site, data: bytes, *, wait: float = 10) -> bytes:
    """Send bytes, and return all that comes until the server closes or ``wait`` seconds pass."""
    address = site.url.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((address[0], int(address[1])), timeout=wait) as sock:
        try:
            sock.sendall(data)
            while piece := sock.recv(65536):
                answer += piece
        except (ConnectionError, TimeoutError):
            pass
    return answer
