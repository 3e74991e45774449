"""The way to the workers: huey on SQLite, Redis or Postgres. A message holds a job's number, as JSON, nothing else."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

from tintype.errors import MissingExtra, TintypeError

STOP_SECONDS = 8  # how long a stopping worker waits for its jobs to come to a place where they can be left
_NAME = "tintype"
# What waits in which line.
KINDS: dict[str, tuple[str, ...]] = {"photos": ("colorize", "study"), "films": ("film", "scenes")}


class _JsonSerializer(Serializer):  # type: ignore[misc]
    """huey would pickle, and whoever can write to the queue could then run code in a worker."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Any:
        plain = json.loads(data)
        return Message(*plain) if isinstance(plain, list) and len(plain) == len(Message._fields) else plain


class _Threads(Consumer):  # type: ignore[misc]
    """huey's consumer as a guest: it leaves the signals to the process that it runs in."""

    def _set_signal_handlers(self) -> None:
        pass


class JobQueue:
    """One lane: sends numbers of jobs, and makes consumers that hand them to a function.

    Raises:
        TintypeError: the address makes no sense, the queue does not answer, or its package is not installed.
    """

    def __init__(self, url: str, lane: str = "") -> None:
        self._handle: Callable[[str], None] = _nobody
        try:
            self._huey = _connect(url, _NAME + lane)
        except (TintypeError, KeyboardInterrupt):
            raise
        except Exception as error:  # each backend raises what it likes
            raise TintypeError(
                f"the job queue does not answer ({type(error).__name__}); check TINTYPE_QUEUE_URL"
            ) from error
        self._task = self._huey.task(name="run_job")(self._run)

    def send(self, job_id: str) -> None:
        """Put a job in line; the same number twice does no harm."""
        self._task(job_id)

    def waiting(self) -> int:
        """How many messages are in line."""
        return int(self._huey.pending_count())

    def consumer(self, handle: Callable[[str], None], workers: int) -> Consumer:
        """A consumer, not yet started, whose threads call ``handle`` with the numbers of jobs."""
        self._handle = handle
        return _Threads(
            self._huey, workers=workers, worker_type="thread", periodic=False, initial_delay=0.1, max_delay=0.5,
            backoff=1.3, check_worker_health=False, shutdown_timeout=STOP_SECONDS,
        )  # fmt: skip

    def close(self) -> None:
        """Close this thread's connection."""
        close = getattr(self._huey.storage, "close", None)
        if close is not None:
            close()

    def _run(self, job_id: str) -> None:
        self._handle(job_id)


class Lanes:
    """A queue for photos and one for films: what takes seconds never waits behind what takes hours.

    Raises:
        TintypeError: as `JobQueue`.
    """

    def __init__(self, url: str) -> None:
        self._queues = {lane: JobQueue(url, "" if lane == "photos" else f"-{lane}") for lane in KINDS}

    def __getitem__(self, lane: str) -> JobQueue:
        return self._queues[lane]

    def send(self, kind: str, job_id: str) -> None:
        """Put a job of that kind in its line."""
        self._queues[lane_of(kind)].send(job_id)

    def close(self) -> None:
        for queue in self._queues.values():
            queue.close()


def lane_of(kind: str) -> str:
    """The lane that jobs of a kind wait in."""
    return next(lane for lane, kinds in KINDS.items() if kind in kinds)


def _nobody(job_id: str) -> None:
    raise RuntimeError("this process has no worker")


def _connect(url: str, name: str) -> Huey:
    scheme, _, rest = url.partition("://")
    options: dict[str, Any] = {"results": False, "serializer": _JsonSerializer()}
    try:
        if scheme in ("redis", "rediss", "unix"):
            huey = RedisHuey(name, url=url, **options)
            huey.storage.conn.ping()
            return huey
        if scheme in ("postgres", "postgresql"):
            return PostgresHuey(name, dsn=url, table_prefix="tintype_queue", **options)
    except Exception as error:
        if type(error).__name__ == "ConfigurationError":
            extra = "redis" if scheme.startswith("redis") else "postgres"
            raise MissingExtra(f"the job queue {scheme}:// needs a package: pip install 'tintype[{extra}]'") from error
        raise
    if scheme == "sqlite":
        path = Path(rest.removeprefix("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(name, filename=str(path), fsync=True, **options)
    raise TintypeError(f"TINTYPE_QUEUE_URL begins with {scheme}://; known are redis://, postgresql:// and sqlite:///")
