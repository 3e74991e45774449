"""Joining a Ray cluster and leaving it, without Ray's own words in between; its cores, and actors beside the driver."""

import contextlib
import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TextIO

from tintype.errors import MissingExtra, TintypeError, last_line


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[ModuleType]:
    """Ray, connected to the cluster; left as it was found at the end."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that we start tells nobody of itself
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what matters comes as an exception
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtra("--engine ray needs Ray: pip install 'tintype[ray]'") from error
    if ray.is_initialized():
        yield ray
        return
    address = address or os.environ.get("RAY_ADDRESS")
    with contextlib.redirect_stdout(_WithoutRay(sys.stdout)):  # before Ray's threads begin, which talk at once
        try:
            _join(ray, address)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            raise TintypeError(f"the Ray cluster at {address} cannot be reached: {last_line(error)}") from error
        try:
            yield ray
        finally:
            with contextlib.redirect_stdout(io.StringIO()):  # where Ray says at last what it kept back
                ray.shutdown()


def _join(ray: ModuleType, address: str | None) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is not None:
        ray.init(address, **options)
        return
    try:
        ray.init("auto", **options)
    except ConnectionError:
        ray.init("local", include_dashboard=False, **options)


class _WithoutRay(io.TextIOBase):
    """Standard output without what Ray's own threads print there, into the middle of JSON too."""

    def __init__(self, own: TextIO) -> None:
        self._own = own

    def write(self, text: str) -> int:
        return len(text) if threading.current_thread().name.startswith("ray_") else self._own.write(text)

    def flush(self) -> None:
        self._own.flush()

    def isatty(self) -> bool:
        return self._own.isatty()


def cores(ray: ModuleType, needed: int = 1) -> int:
    """The cores of the cluster.

    Raises:
        TintypeError: fewer than needed.
    """
    have = int(ray.cluster_resources().get("CPU", 1))
    if have < needed:
        raise TintypeError(f"the cluster has {have} cores and a worker needs {needed}; give fewer --threads")
    return have


def beside_driver(ray: ModuleType, kind: type) -> Any:
    """A class whose objects are actors on the driver's machine, which take no core."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    return ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here)(kind)
