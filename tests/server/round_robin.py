"""A small load balancer for tests: every request goes to the next of several servers, as bytes, nothing kept."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence
from itertools import cycle

_LONGEST_LINE = 1 << 16


class RoundRobin:
    """One request on each connection: `Connection: close` is written into its head, all else passes untouched."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.counts = dict.fromkeys(ports, 0)
        self._next = cycle(ports)
        self._lock = threading.Lock()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            first = await reader.readuntil(b"\r\n")
            port = next(self._next)
            self.counts[port] += 1
            there, back = await asyncio.open_connection("127.0.0.1", port)
            back.write(first + b"Connection: close\r\n")
            sending = asyncio.create_task(_pass_on(reader, back))
            await _pass_on(there, writer)
            sending.cancel()
            back.close()
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


@contextlib.contextmanager
def round_robin(ports: Sequence[int]) -> Iterator[tuple[str, RoundRobin]]:
    """A balancer before the servers at these ports of 127.0.0.1; yields its address and itself."""
    balancer = RoundRobin(ports)
    started = threading.Event()
    found: list[int] = []
    loop = asyncio.new_event_loop()

    async def run() -> None:
        server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0, limit=_LONGEST_LINE)
        found.append(server.sockets[0].getsockname()[1])
        started.set()
        with contextlib.suppress(asyncio.CancelledError):
            async with server:
                await server.serve_forever()

    task = loop.create_task(run())
    thread = threading.Thread(target=loop.run_until_complete, args=(task,), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield f"http://127.0.0.1:{found[0]}", balancer
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
