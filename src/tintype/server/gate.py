"""Back-pressure: so many pictures are worked on, so many wait, and the rest is told when to come back."""

import contextlib
import threading
from collections.abc import Iterator

from .problems import busy


class Gate:
    """``slots`` callers at once, ``waiting`` more in line for at most ``seconds``; to be used from threads."""

    def __init__(self, slots: int, waiting: int, seconds: float) -> None:
        self._free = threading.Semaphore(slots)
        self._lock = threading.Lock()
        self._room = slots + waiting
        self._seconds = seconds
        self.inside = 0

    @contextlib.contextmanager
    def pass_through(self) -> Iterator[None]:
        """Hold a slot for the block.

        Raises:
            ProblemError: 429 with Retry-After, the line is full or did not move in time.
        """
        with self._lock:
            if self.inside >= self._room:
                raise busy(2, f"{self.inside} pictures are being worked on or wait, as many as may")
            self.inside += 1
        try:
            if not self._free.acquire(timeout=self._seconds):
                raise busy(10, f"no slot came free within {self._seconds:g} s")
            try:
                yield
            finally:
                self._free.release()
        finally:
            with self._lock:
                self.inside -= 1
