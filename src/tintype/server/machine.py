"""What this process may use of the machine: memory and cores, by the container's limits where it has some."""

import ctypes
import gc
import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_ARENAS, _MMAP_FROM = 2, 8 << 20  # smaller blocks are used again, which is quicker than asking the system for them
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # glibc's names for mallopt


def memory_limit(root: Path = _CGROUP) -> int:
    """Bytes that this process may use: the control group's limit (version 2, else 1), or the machine's memory."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        text = _text(root / name)
        if text.isdigit():
            return min(machine, int(text))
    return machine


def cores(root: Path = _CGROUP) -> int:
    """Cores that this process may use: those it may run on, or the control group's share of them."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _text(root / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit() and int(period):
        allowed = min(allowed, math.ceil(int(quota) / int(period)))
    return max(1, allowed)


def resident() -> int:
    """Bytes of memory that this process holds now; 0 where the system does not tell."""
    fields = _text(Path("/proc/self/statm")).split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if len(fields) > 1 else 0


def calm_allocator() -> None:
    """Tell glibc to give large blocks back when they are freed, and threads to share two heaps; else it hoards."""
    if (libc := _libc()) is not None:
        libc.mallopt(_ARENA_MAX, _ARENAS)
        libc.mallopt(_MMAP_THRESHOLD, _MMAP_FROM)


def give_back() -> None:
    """Return freed memory to the system."""
    gc.collect()
    if (libc := _libc()) is not None:
        libc.malloc_trim(0)


def _libc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL("libc.so.6")
        return libc if hasattr(libc, "malloc_trim") else None
    except OSError:  # not glibc
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
