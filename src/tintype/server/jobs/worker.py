"""A worker: threads that take jobs, and a housekeeper that rescues orphaned jobs and deletes what is too old."""

import threading
from collections.abc import Callable
from functools import partial

import structlog

from tintype.server.library import forget_expired
from tintype.server.machine import give_back
from tintype.server.services import Services
from tintype.server.uploads import forget_uploads

from .films import forget_parts
from .job_store import hand_on, rescue
from .work import run, worker_name

_REST_SECONDS = 20.0


class Worker:
    """``threads`` jobs of photos and ``film_threads`` of films at a time, in this process; start() returns at once."""

    def __init__(self, services: Services, threads: int, film_threads: int) -> None:
        self._services = services
        self._name = worker_name()
        counts = {"photos": threads, "films": film_threads}
        self._consumers = [
            services.jobs[lane].consumer(partial(self._do, lane), count) for lane, count in counts.items() if count
        ]

    def start(self) -> None:
        for consumer in self._consumers:
            consumer.start()

    def stop(self) -> None:
        """Leave running jobs after their step; one whose step takes too long is handed on in the middle of it."""
        self._services.stopping.set()
        for consumer in self._consumers:
            consumer.stop(graceful=True)
        if handed := hand_on(self._services, self._name):
            structlog.get_logger("tintype.jobs").info("jobs handed on", count=len(handed))

    def _do(self, lane: str, job_id: str) -> None:
        run(self._services, lane, self._name)


def _give_back(services: Services) -> int:
    """Return freed memory to the system while nothing is being done."""
    if not services.gate.inside:
        give_back()
    return 0


class Housekeeper:
    """Does small things again and again; several may do so at the same time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._every, args=(seconds, work), name=name, daemon=True)
            for name, seconds, work in (
                ("rescue", max(0.5, services.settings.lease_seconds / 4), lambda: rescue(services)),
                ("give back", _REST_SECONDS, lambda: _give_back(services)),
                (
                    "forget",
                    services.settings.cleanup_seconds,
                    lambda: forget_expired(services) + forget_parts(services) + forget_uploads(services),
                ),
            )
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _every(self, seconds: float, work: Callable[[], int | list[str]]) -> None:
        log = structlog.get_logger("tintype.housekeeping")
        while True:
            try:
                if done := work():
                    log.info(threading.current_thread().name, count=done if isinstance(done, int) else len(done))
            except Exception:  # the database may be away for a moment; the next round comes
                log.warning("housekeeping failed", what=threading.current_thread().name, exc_info=True)
            if self._stopped.wait(seconds):
                return
