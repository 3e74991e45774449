"""How often a client may ask: a token bucket for each, kept in this process or, for several web servers, in Redis."""

import time
from collections import OrderedDict
from typing import Any, Protocol

import structlog

from tintype.server.settings import Settings

_REDIS_SECONDS = 0.25  # how long a request waits for Redis before this process counts for itself
_PAUSE_SECONDS = 5.0  # how long it then does so
# One round trip, and one client's requests to several web servers cannot overtake one another. The clock is Redis's.
_BUCKET = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6
local per_second, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'level', 'seen')
local level = math.min(burst, (tonumber(kept[1]) or burst) + (now - (tonumber(kept[2]) or now)) * per_second)
local wait = 0
local price = math.min(tonumber(ARGV[3]), burst)
if level >= price then level = level - price else wait = (price - level) / per_second end
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'seen', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / per_second) + 1)
return string.format('%.6f', wait)
"""


class Limiter(Protocol):
    """Counts requests of clients."""

    async def seconds(self, client: str, price: float = 1) -> float:
        """Until this client may ask for something of that price, in plain requests; 0 if it may now, and then it is
        counted."""

    async def close(self) -> None: ...


class Rate:
    """A token bucket for each client address; the least recently seen are forgotten first."""

    def __init__(self, per_minute: int, burst: int, clients: int = 20_000) -> None:
        self._per_second, self._burst, self._clients = per_minute / 60, burst, clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float | None = None, price: float = 1) -> float:
        """Seconds until this client may ask for something of that price; 0 if it may now, and then it is counted. What
        costs more than the burst costs the burst."""
        if not self._per_second:
            return 0.0
        now = time.monotonic() if now is None else now
        level, seen = self._buckets.pop(client, (float(self._burst), now))
        level = min(self._burst, level + (now - seen) * self._per_second)
        price = min(price, self._burst)
        allowed = level >= price
        self._buckets[client] = (level - price if allowed else level, now)
        while len(self._buckets) > self._clients:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (price - level) / self._per_second

    async def seconds(self, client: str, price: float = 1) -> float:
        return self.wait(client, price=price)

    async def close(self) -> None:
        pass


class SharedRate:
    """The same buckets in Redis, so that a client has one rate however many web servers there are.

    While Redis does not answer, each web server counts for itself: a limit that fails must not close the door.
    """

    def __init__(self, url: str, per_minute: int, burst: int) -> None:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        self._own = Rate(per_minute, burst)
        self._numbers = (str(per_minute / 60), str(burst))
        self._redis: Any = Redis.from_url(url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS)
        self._bucket: Any = self._redis.register_script(_BUCKET)
        self._away: tuple[type[Exception], ...] = (RedisError, OSError, TimeoutError)
        self._paused_until = 0.0

    async def seconds(self, client: str, price: float = 1) -> float:
        if time.monotonic() >= self._paused_until:
            try:
                return float(await self._bucket([f"tintype:rate:{client}"], [*self._numbers, str(price)]))
            except self._away as error:
                self._paused_until = time.monotonic() + _PAUSE_SECONDS
                structlog.get_logger("tintype.server").warning("rate counted here alone", why=type(error).__name__)
        return self._own.wait(client, price=price)

    async def close(self) -> None:
        await self._redis.aclose()


def limiter(settings: Settings) -> Limiter:
    """In Redis where jobs are in line there, else in this process."""
    if settings.requests_per_minute and settings.queue.partition("://")[0] in ("redis", "rediss", "unix"):
        try:
            return SharedRate(settings.queue, settings.requests_per_minute, settings.burst)
        except ModuleNotFoundError:  # the queue will say which package is missing
            pass
    return Rate(settings.requests_per_minute, settings.burst)
