"""When users were last written down as seen, so that this costs a write an hour and not one a request."""

import threading
from datetime import datetime, timedelta

_AGAIN = timedelta(hours=1)
_MOST = 10_000


class Seen:
    """When this process last wrote down that a user was here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._when: dict[str, datetime] = {}

    def is_due(self, owner: str, moment: datetime) -> bool:
        """Whether it is time to write it down; then it counts as done."""
        with self._lock:
            last = self._when.get(owner)
            if last is not None and moment - last < _AGAIN:
                return False
            if len(self._when) >= _MOST:
                self._when.clear()
            self._when[owner] = moment
            return True
