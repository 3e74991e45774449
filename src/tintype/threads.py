"""How much work is done at once: rows cut into strips, strips spread over threads."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def _cores() -> int:
    """The cores this process may use; containers and batch systems grant fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


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
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(work, items))


def strips(height: int, rows: int) -> list[slice]:
    """0..height as slices of `rows` rows; the last may have fewer."""
    return [slice(start, min(start + rows, height)) for start in range(0, height, rows)]
