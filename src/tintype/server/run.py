"""Running: the web server under uvicorn, and a worker on its own."""

import asyncio
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from tintype.errors import TintypeError

from . import logs
from .app import create_app
from .guard.access import network_of
from .jobs.worker import Housekeeper, Worker
from .machine import calm_allocator
from .metrics import Metrics
from .services import Services
from .settings import Settings, names
from .telemetry import Telemetry

_MOST_HEADER_BYTES = 32_000


class _Patient(H11Protocol):
    """uvicorn's protocol that also hangs up on whoever opens a connection and sends no whole request head."""

    head_seconds = 20.0
    most = 100  # connections of one address
    proxies: frozenset[str] = frozenset()  # addresses that many clients come from
    open: Counter[str]  # connections by address, one table for a server
    address = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.address = network_of(str(peer[0])) if peer else ""
        self.open[self.address] += 1
        if self.open[self.address] > self.most and self.address not in self.proxies:
            transport.close()
            return
        self.loop.call_later(self.head_seconds, self._hang_up_on_silence)

    def connection_lost(self, exc: Exception | None) -> None:
        self.open[self.address] -= 1
        if self.open[self.address] <= 0:
            del self.open[self.address]
        super().connection_lost(exc)

    def _hang_up_on_silence(self) -> None:
        cycle: Any = self.cycle  # None until a request's head is whole
        if cycle is None and not self.transport.is_closing():
            self.transport.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that the address is known, and taken, before anything is loaded.

    Raises:
        TintypeError: the address is in use, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise TintypeError(
            f"cannot listen on {host}:{port} ({getattr(error, 'strerror', error)}); "
            "choose another with --host and --port"
        ) from error
    return sock


def serve(settings: Settings, sock: socket.socket, started: Callable[[], None] = lambda: None) -> None:
    """Serve on the socket until the process is told to stop; ``started`` is called when nothing can fail any more.

    Raises:
        TintypeError: something the settings name cannot be used.
    """
    logs.configure(settings.log_format)
    calm_allocator()
    metrics = Metrics(Telemetry.start(settings))
    services = Services.start(settings, metrics)  # here, where a fault is one line and not uvicorn's traceback
    services.settle()
    started()
    server = make_server(settings, services)
    server.run(sockets=[sock])
    if not server.started:
        raise TintypeError("the server did not start; the lines above say why")


def check_start(settings: Settings) -> list[str]:
    """Start everything that a server needs, ask each part, and stop; a line for each part that answers.

    Raises:
        TintypeError: something the settings name cannot be used.
    """
    logs.configure(settings.log_format)
    services = Services.start(settings)
    try:
        services.settle()
        services.database.check()
        services.storage.check()
        if services.registry.predictor is not None:
            services.registry.predictor.check()
        memory = services.gate.memory or 0
        return [
            f"models      {', '.join(services.registry.offered())}",
            f"database    {services.database.engine.dialect.name}, its tables up to date",
            "storage     can be written",
            f"work        {services.gate.slots} at once, {memory / 1e9:.1f} GB for it",
        ]
    finally:
        services.close()


def make_server(settings: Settings, services: Services | None = None) -> uvicorn.Server:
    """A uvicorn server, not yet running, with every limit of the settings."""
    limits = {
        "head_seconds": settings.idle_seconds, "most": settings.client_connections, "open": Counter(),
        "proxies": frozenset(network_of(name) for name in names(settings.trusted_proxies)),
    }  # fmt: skip
    protocol: Any = type("Patient", (_Patient,), limits)
    config = uvicorn.Config(
        create_app(settings, services),
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # guard.proxies believes them, and remembers who connected
        limit_concurrency=settings.connections,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
    )
    return _Leaving(config)


class _Leaving(uvicorn.Server):
    """Tells everything at once that the server is to stop: streams end, `/ready` says so, workers leave their jobs."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        app: FastAPI = self.config.app  # type: ignore[assignment]
        if app.state.services is not None:
            app.state.services.stopping.set()
        super().handle_exit(sig, frame)


def work(settings: Settings, threads: int, film_threads: int) -> None:
    """Take jobs until the process is told to stop.

    Raises:
        TintypeError: something the settings name cannot be used.
    """
    logs.configure(settings.log_format)
    calm_allocator()
    services = Services.start(settings, Metrics(Telemetry.start(settings)))
    services.settle()
    stopped = threading.Event()

    def stop(*_: object) -> None:
        services.stopping.set()
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    worker, housekeeper = Worker(services, threads, film_threads), Housekeeper(services)
    housekeeper.start()
    worker.start()
    structlog.get_logger("tintype.worker").info("ready", threads=threads)
    stopped.wait()
    housekeeper.stop()
    worker.stop()
    services.close()
