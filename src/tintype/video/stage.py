"""A step of a pipeline that works ahead of the next, in a thread of its own."""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterator
from typing import Any

# Frames that may wait between decoding, colouring and encoding: enough to cover one run of the network.
WAITING = 12


class Stage:
    """An iterable worked on ahead of time in a thread of its own; its errors come out where it is read."""

    _END = object()

    def __init__(self, source: Generator[Any, None, None], name: str) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(WAITING)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(source,), name=f"tintype-{name}", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Any]:
        while True:
            item = self._queue.get()
            if item is self._END:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """Let the thread end, whatever it is at; to be called last on the stage that others do not wait for."""
        self._stopped.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except queue.Empty:
                continue

    def _work(self, source: Generator[Any, None, None]) -> None:
        try:
            with contextlib.closing(source):  # a film that is left early is closed here, not when memory is tidied
                for item in source:
                    self._queue.put(item)
                    if self._stopped.is_set():
                        return
        except BaseException as error:
            self._queue.put(error)
        else:
            self._queue.put(self._END)
