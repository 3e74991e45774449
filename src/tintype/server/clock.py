"""Two things that a stranger or a wrong clock may not do: fill the disk in a day, and delete everything at once."""

import threading
import time
from collections import OrderedDict

DAY = 24 * 3600.0
_ADDRESSES = 20_000


class Intake:
    """Bytes that came from each address of late: a leaky bucket that is empty again after a day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str, size: int, most: int, now: float | None = None) -> int:
        """Seconds until so many bytes may come from the address; 0 if they may now, and then they are counted."""
        now = time.monotonic() if now is None else now
        with self._lock:
            level, seen = self._levels.pop(address, (0.0, now))
            level = max(0.0, level - (now - seen) * most / DAY)
            over = level + size - most
            self._levels[address] = (level if over > 0 else level + size, now)
            while len(self._levels) > _ADDRESSES:
                self._levels.popitem(last=False)
        return max(1, round(over * DAY / most)) if over > 0 else 0


class SteadyClock:
    """Notices when the system's clock jumps ahead, as it does on a wrong answer of a time server."""

    most = 3600.0  # seconds that the clock may gain on the process's own before it counts as a jump
    calm = 6 * 3600.0  # seconds for which a jumped clock must stay where it is before it is believed

    def __init__(self) -> None:
        self._ahead = time.time() - time.monotonic()
        self._jumped: float | None = None

    def has_jumped(self, wall: float | None = None, own: float | None = None) -> bool:
        """Whether the clock stands ahead of where it should, and has not done so for long."""
        own = time.monotonic() if own is None else own
        ahead = (time.time() if wall is None else wall) - own
        if ahead - self._ahead <= self.most:
            self._ahead, self._jumped = min(ahead, self._ahead + self.most), None
            return False
        if self._jumped is None:
            self._jumped = own
        if own - self._jumped < self.calm:
            return True
        self._ahead, self._jumped = ahead, None
        return False
