"""Split an array into horizontal strips and process them in a thread pool."""

import contextlib
import os
import platform
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def _cores() -> int:
    """The cores this process may use; containers and batch systems grant fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def cpu_name() -> str:
    """The processor's name, as the system gives it."""
    with contextlib.suppress(OSError):
        for row in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if row.startswith("model name"):
                return row.partition(":")[2].strip()
    return platform.processor() or platform.machine()


CORES = _cores()
# More threads than this only wait for memory.
WORKERS = min(4, CORES)


_here = threading.local()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Within, `spread` keeps to the calling thread: for workers of which there are as many as cores already."""
    before = getattr(_here, "alone", False)
    _here.alone = True
    try:
        yield
    finally:
        _here.alone = before


def spread(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """The results of `work` for each item, in order, done in threads if there is more than one to do."""
    if WORKERS == 1 or len(items) < 2 or getattr(_here, "alone", False):
        return [work(item) for item in items]
    return list(_pool().map(work, items))


def both(here: Callable[[], Result], beside: Callable[[], Item]) -> tuple[Result, Item]:
    """What two functions give; the second works in another thread meanwhile."""
    later = begin(beside)
    return here(), later.result()


def begin(work: Callable[[], Result]) -> "Future[Result]":
    """Work begun in another thread; where there is only one to be had, it is done before this returns."""
    if WORKERS > 1 and not getattr(_here, "alone", False):
        return _pool().submit(work)
    done: Future[Result] = Future()
    try:
        done.set_result(work())
    except BaseException as error:
        done.set_exception(error)
    return done


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """The threads of all spread work, kept: starting them anew for each piece takes a millisecond of a picture."""
    return ThreadPoolExecutor(WORKERS, "tintype-strip", initializer=_work_alone)


def _work_alone() -> None:
    _here.alone = True  # what is spread within spread work must not wait for threads that wait for it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has none of the threads


def strips(height: int, rows: int) -> list[slice]:
    """0..height as slices of `rows` rows; the last may have fewer."""
    return [slice(start, min(start + rows, height)) for start in range(0, height, rows)]
