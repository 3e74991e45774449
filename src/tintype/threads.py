"""How much work is done at once: a number of threads, and rows cut into strips."""

import os


def _cores() -> int:
    """The cores this process may use; containers and batch systems grant fewer than the machine has."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


CORES = _cores()
# More threads than this only wait for memory.
WORKERS = min(4, CORES)


def strips(height: int, rows: int) -> list[slice]:
    """0..height as slices of `rows` rows; the last may have fewer."""
    return [slice(start, min(start + rows, height)) for start in range(0, height, rows)]
