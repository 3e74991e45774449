"""Background preparation: what a photo's first hint needs is made while nobody waits for anything, a step at a time."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

import structlog

from .gate import ConcurrencyLimiter
from .problems import ProblemError

BREATH = 0.5  # seconds that a photo rests first: what its page asks for goes before
_QUIET = 0.1  # seconds without work after which the next step is done: a batch takes a breath between its photos, too
_PATIENCE = 60.0  # seconds after which a photo that nobody found time for is given up; its first hint then waits
_MOST = 32  # photos in line, the newest

Steps = Callable[[], Iterator[None]]


class Preparation:
    """One thread, while there is something to do, that does steps in the gate's quiet moments, newest photo first."""

    def __init__(self, gate: ConcurrencyLimiter, stopping: threading.Event) -> None:
        self._gate, self._stopping = gate, stopping
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, tuple[float, Steps]] = OrderedDict()
        self._is_running = False

    def ask(self, key: str, weight: int, steps: Steps) -> None:
        """Do ``steps``, each of ``weight`` bytes, once it is quiet; a later call for the key replaces it."""
        with self._lock:
            self._asked[key] = time.monotonic(), lambda: self._weighed(weight, steps)
            self._asked.move_to_end(key)
            while len(self._asked) > _MOST:
                self._asked.popitem(last=False)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="prepare", daemon=True).start()

    def _run(self) -> None:
        while (following := self._next()) is not None:
            since, steps = following
            try:
                for _ in steps():
                    if not self._is_quiet(since):
                        break
            except ProblemError:  # no room for it, or deleted since
                pass
            except Exception:
                structlog.get_logger("tintype.server").warning("preparation failed", exc_info=True)

    def _next(self) -> tuple[float, Steps] | None:
        """The newest that has rested, once it is quiet; None, and the thread ends, when nothing is left."""
        while not self._stopping.is_set():
            with self._lock:
                if not self._asked:
                    self._is_running = False
                    return None
                key, (since, steps) = next(reversed(self._asked.items()))
            if self._stopping.wait(max(0.0, since + BREATH - time.monotonic())):
                break
            is_quiet = self._is_quiet(since)
            with self._lock:
                if self._asked.get(key) == (since, steps):
                    del self._asked[key]
                    if is_quiet:
                        return since, steps
        with self._lock:
            self._is_running = False
        return None

    def _is_quiet(self, since: float) -> bool:
        """Wait until nothing is in work or in line for a moment; False if that takes too long, or the server stops."""
        ends = since + _PATIENCE
        while not self._stopping.is_set() and time.monotonic() < ends:
            if self._gate.wait_idle(1.0) and not self._stopping.wait(_QUIET) and self._gate.wait_idle(0):
                return True
        return False

    def _weighed(self, weight: int, steps: Steps) -> Iterator[None]:
        """The steps, each through the gate: what takes memory is counted, and two are never done at once."""
        going = steps()
        while True:
            with self._gate.pass_through(weight):
                if next(going, self) is self:
                    return
            yield
