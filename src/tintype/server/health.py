"""Whether the parts answer, asked at most every few seconds: each question to a store may cost something."""

import threading
import time
from collections.abc import Callable

SECONDS = 5.0


class PartsHealth:
    """What each part answered last."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, str]] = {}

    def of(self, name: str, check: Callable[[], None]) -> str:
        """The word "ok", or the name of the error that the check raised; the answer is kept for a while."""
        with self._lock:
            moment, found = self._found.get(name, (-self._seconds, ""))
            if time.monotonic() - moment >= self._seconds:
                found = _ask(check)
                self._found[name] = (time.monotonic(), found)
        return found


def _ask(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # each backend raises what it likes
        return type(error).__name__
    return "ok"
