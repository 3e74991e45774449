"""Admission control: work is weighed by its memory, clients take turns, and who cannot wait is told when to come back.

Turns follow weighted fair queueing (Demers, Keshav and Shenker, 1989): whoever has had the least of the slots' time of
late goes next, first among addresses, then among the owners behind one address.
"""

import contextlib
import itertools
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from .machine import give_back
from .problems import ProblemError, busy

LARGE = 256 << 20  # bytes of work from which only one is done at a time, and after which memory is given back
HALF_LIFE = 20.0  # seconds after which half of what a client had is forgotten
PATIENCE = 2.0  # seconds after which nobody lighter passes the first in line any more
_CLIENTS = 10_000


@dataclass(frozen=True)
class Client:
    """Who asks: an address, and the owner behind it."""

    address: str
    owner: str


NOBODY = Client("", "")
CLIENT: ContextVar[Client] = ContextVar("client", default=NOBODY)


@dataclass(eq=False)
class _Waiting:
    number: int
    client: Client
    weight: int
    since: float
    takes_slot: bool
    admitted: bool = False


class _Usage:
    """Seconds of slots that each had, halved every `HALF_LIFE`; the longest unseen are forgotten first."""

    def __init__(self) -> None:
        self._had: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def of(self, name: str, now: float) -> float:
        had, seen = self._had.get(name, (0.0, now))
        return had * float(0.5 ** ((now - seen) / HALF_LIFE))

    def add(self, name: str, seconds: float, now: float) -> None:
        self._had[name] = (self.of(name, now) + seconds, now)
        self._had.move_to_end(name)
        while len(self._had) > _CLIENTS:
            self._had.popitem(last=False)


class ConcurrencyLimiter:
    """``slots`` callers at once that together need at most ``memory`` bytes; used from threads.

    Args:
        slots: callers in work at once.
        waiting: callers in line at most.
        seconds: how long one waits in line.
        memory: bytes that all work together may need; None for no limit.
        large_seconds: how long one waits whose work is `LARGE`, since those go one by one.
    """

    def __init__(
        self, slots: int, waiting: int, seconds: float, memory: int | None = None, large_seconds: float | None = None
    ) -> None:
        self.slots, self._room = slots, slots + waiting
        # Of one owner: twice the slots and four more. Of one address, behind which there may be many: three quarters.
        self._owner_room = min(self._room, 2 * slots + 4)
        self._address_room = max(self._owner_room, self._room * 3 // 4)
        self.memory = memory
        self._seconds, self._large_seconds = seconds, large_seconds or seconds
        self._changed = threading.Condition()
        self._line: list[_Waiting] = []
        self._working: list[_Waiting] = []
        self._numbers = itertools.count()
        self._by_address, self._by_owner = _Usage(), _Usage()

    @property
    def inside(self) -> int:
        """How many are in work or in line."""
        return len(self._line) + sum(1 for one in self._working if one.takes_slot)

    @property
    def bytes_in_work(self) -> int:
        """What the work in progress is reckoned to need."""
        return sum(one.weight for one in self._working)

    def wait_idle(self, seconds: float) -> bool:
        """Wait until nothing is in work or in line, for so long at most; whether it is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._line and not self._working, timeout=seconds)

    @contextlib.contextmanager
    def pass_through(self, weight: int = 0) -> Iterator[None]:
        """Hold a slot, and ``weight`` bytes of memory, for the block.

        Raises:
            ProblemError: 413, no work may need so much; 429 with Retry-After, the line is full, the client has its
                share of it, or it did not move in time.
        """
        self._check(weight)
        client = CLIENT.get()
        seconds = self._large_seconds if weight >= LARGE else self._seconds
        with self._changed:
            self._check_room(client)
            mine = self._join(client, weight, takes_slot=True)
            if not self._changed.wait_for(lambda: mine.admitted, timeout=seconds):
                self._line.remove(mine)
                self._admit()
                raise busy(10, f"no slot came free within {seconds:g} s")
        yield from self._work(mine)

    @contextlib.contextmanager
    def hold(self, weight: int) -> Iterator[None]:
        """As `pass_through` for work that has all the time there is: jobs take memory, no slot, and wait for it.

        Raises:
            ProblemError: 413, no work may need so much.
        """
        self._check(weight)
        with self._changed:
            mine = self._join(NOBODY, weight, takes_slot=False)
            self._changed.wait_for(lambda: mine.admitted)
        yield from self._work(mine)

    def _work(self, mine: _Waiting) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            if mine.weight >= LARGE:
                give_back()
            now = time.monotonic()
            with self._changed:
                self._working.remove(mine)
                if mine.takes_slot:
                    self._by_address.add(mine.client.address, now - started, now)
                    self._by_owner.add(mine.client.owner, now - started, now)
                self._admit()

    def _check(self, weight: int) -> None:
        if self.memory is not None and weight > self.memory:
            raise ProblemError(
                413,
                f"this needs {weight / 1e9:.1f} GB of memory, the server has {self.memory / 1e9:.1f} GB for it; "
                "send a smaller picture",
            )

    def _check_room(self, client: Client) -> None:
        if self.inside >= self._room:
            raise busy(2, f"{self.inside} pictures are being worked on or wait, as many as may")
        everybody = [one for one in (*self._line, *self._working) if one.takes_slot]
        for name, room in (("owner", self._owner_room), ("address", self._address_room)):
            own = sum(1 for one in everybody if getattr(one.client, name) == getattr(client, name))
            if own >= room:
                raise busy(2, f"{own} requests of yours are in work or wait, as many as one may have")

    def _join(self, client: Client, weight: int, *, takes_slot: bool) -> _Waiting:
        mine = _Waiting(next(self._numbers), client, weight, time.monotonic(), takes_slot)
        self._line.append(mine)
        self._admit()
        return mine

    def _admit(self) -> None:
        """Let in whoever may go now. Called with the lock held."""
        now = time.monotonic()
        order = sorted(self._line, key=lambda one: self._turn(one, now))
        for one in order:
            if self._fits(one):
                one.admitted, one.since = True, now
                self._line.remove(one)
                self._working.append(one)
            elif now - one.since > PATIENCE and self._waits_for_memory(one):
                break  # nobody lighter may take it away for ever
        self._changed.notify_all()

    def _turn(self, one: _Waiting, now: float) -> tuple[float, float, int]:
        """What its address and its owner had of the slots' time, the work in progress included."""
        running = [other for other in self._working if other.takes_slot]
        address, owner = one.client.address, one.client.owner
        by_address = sum(now - other.since for other in running if other.client.address == address)
        by_owner = sum(now - other.since for other in running if other.client.owner == owner)
        return self._by_address.of(address, now) + by_address, self._by_owner.of(owner, now) + by_owner, one.number

    def _slots_taken(self) -> int:
        return sum(1 for one in self._working if one.takes_slot)

    def _fits(self, one: _Waiting) -> bool:
        if one.takes_slot and self._slots_taken() >= self.slots:
            return False
        return not (one.weight >= LARGE and self._has_large()) and self._has_memory(one)

    def _waits_for_memory(self, one: _Waiting) -> bool:
        has_slot = not one.takes_slot or self._slots_taken() < self.slots
        return has_slot and not self._has_large() and not self._has_memory(one)

    def _has_large(self) -> bool:
        return any(one.weight >= LARGE for one in self._working)

    def _has_memory(self, one: _Waiting) -> bool:
        return self.memory is None or self.bytes_in_work + one.weight <= self.memory
