"""Watch folders: colour what is there and whatever arrives, until told to stop."""

import contextlib
import os
import signal
import time
from collections.abc import Callable

from .run import Job, Report

PAUSE = 2.0


def watch(
    plan_again: Callable[[], list[Job]],
    work: Callable[[list[Job]], Report],
    *,
    pause: float = PAUSE,
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Plan, work, wait, again and again, until `stop` says so, Ctrl-C or SIGTERM; the report of all of it.

    A file is left alone until it has kept its size and time for one pause, for it may still be copied. One that failed
    is tried again only when it changes. Targets that exist are passed over in silence: they are earlier results.
    """
    whole = Report()
    before: dict[str, tuple[int, int]] = {}
    tried: dict[str, tuple[int, int]] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
            with contextlib.suppress(ValueError):  # not in the main thread, where nobody interrupts
                signal.signal(number, signal.default_int_handler)
        while True:
            now: dict[str, tuple[int, int]] = {}
            ready = []
            for job in plan_again():
                state = _state(job.source)
                if state is None:
                    continue
                now[job.source] = state
                fresh = tried.get(job.source) != state
                if fresh and job.error is None and not job.skipped and before.get(job.source) == state:
                    tried[job.source] = state
                    ready.append(job)
            if ready:
                whole.results += work(ready).results
            before = now
            if stop():
                return whole
            time.sleep(pause)
    except KeyboardInterrupt:
        return whole


def _state(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
