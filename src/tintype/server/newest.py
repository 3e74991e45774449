"""Which of several questions about one thing is the newest, so that those it replaces need no answer."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

_MOST = 10_000


class Newest:
    """Counts questions by key; the longest unasked are forgotten first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: OrderedDict[Hashable, int] = OrderedDict()

    def asked(self, key: Hashable) -> Callable[[], bool]:
        """Count a question; returns what tells whether it is still the newest."""
        with self._lock:
            mine = self._asked.get(key, 0) + 1
            self._asked[key] = mine
            self._asked.move_to_end(key)
            while len(self._asked) > _MOST:
                self._asked.popitem(last=False)
        return lambda: self._asked.get(key, mine) == mine
