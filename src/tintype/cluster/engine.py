"""A batch on Ray: the driver shards the jobs, Ray Data runs them on a pool of actors, the results come back as rows.

Only names and results go through Ray; the pictures go from the store to a worker and back to the store. So nothing
piles up in Ray's memory, whatever the pictures weigh.
"""

import contextlib
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, TextIO

from .. import files
from ..errors import MissingExtra, TintypeError
from ..jobs import Job, Record, Report, Result
from ..weights import ModelFile
from .ledger import Ledger
from .worker import Way, Worker

# Files that go to a worker at a time: few, so that all workers end together, but no more than 50,000 shards for Ray.
_SHARD, _SHARDS, _SHARDS_EACH = 16, 50_000, 8
# A ledger answers about a thousand questions a second, and a worker asks two for each picture.
_WORKERS_PER_LEDGER = 50


def run_on_ray(
    jobs: list[Job],
    models: Sequence[ModelFile],
    way: Way,
    *,
    address: str | None = None,
    workers: int | None = None,
    record: Record | None = None,
    done: Callable[[Result], None] = lambda result: None,
) -> Report:
    """Do the jobs on a Ray cluster; ``done`` is called after each, in the order in which they end.

    Args:
        jobs: as `plan` makes them; sources and targets must be reachable, under the same name, from every machine.
        models: are sent to the workers; several answer together.
        way: how to colour.
        address: host:port of the cluster; None: RAY_ADDRESS, else a cluster that runs on this machine, else a new one.
        workers: actors, each with a model and ``way.threads`` cores; as many as the cluster has cores for when None.
        record: what remembers the results.

    Raises:
        MissingExtra: Ray is not installed.
        TintypeError: the cluster cannot be reached, or gave up.
    """
    report = Report()

    def tell(result: Result) -> None:
        report.results.append(result)
        done(result)

    waiting: dict[str, Job] = {}
    for job in jobs:
        if job.error is not None or job.target is None:
            tell(Result(job.source, None, job.error))
        elif job.skipped:
            tell(Result(job.source, job.target, skipped=True))
        else:
            waiting[files.absolute(job.source)] = job
    if not waiting:
        return report
    with _connected(address) as ray, _quiet_data(ray):
        try:
            for result in _results(ray, list(waiting.values()), models, way, workers):
                if result.source not in waiting:
                    continue
                job = waiting.pop(result.source)
                result = replace(result, source=job.source, target=job.target if result.ok else None)
                if record is not None:
                    record.end(job, result)
                tell(result)
        except ray.exceptions.RayError as error:
            raise TintypeError(f"the Ray cluster gave up: {_last_line(error)}; run again to go on") from error
    return report


def _results(
    ray: ModuleType, jobs: list[Job], models: Sequence[ModelFile], way: Way, workers: int | None
) -> Iterator[Result]:
    actors = _pool_size(ray, len(jobs), way, workers)
    ledgers = _ledgers(ray, 1 + actors // _WORKERS_PER_LEDGER)
    weights = [ray.put(model.path.read_bytes()) for model in models]
    told = [_travelling(job) for job in jobs]
    data = ray.data.from_items(told, override_num_blocks=_shards(len(told), actors)).map_batches(
        Worker,
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=way.threads,
        num_gpus=1 if way.device == "cuda" else 0,
        fn_constructor_args=(way, weights, ledgers),
    )  # actors are restarted, and what they were at is tried again, without end: the ledger puts an end to it
    for table in data.iter_batches(batch_size=None, batch_format="pyarrow"):
        rows = table.to_pylist()
        for row in rows:
            yield Result(**row)
        for ledger in ledgers:
            ledger.forget.remote([row["target"] for row in rows])


def _pool_size(ray: ModuleType, jobs: int, way: Way, workers: int | None) -> int:
    have = int(ray.cluster_resources().get("CPU", 1))
    if have < way.threads:
        raise TintypeError(f"the cluster has {have} cores and a worker needs {way.threads}; give fewer --threads")
    return min(workers or have // way.threads, jobs)


def _ledgers(ray: ModuleType, count: int) -> list[Any]:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    actor = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1, scheduling_strategy=here)(Ledger)
    return [actor.remote() for _ in range(count)]


def _shards(jobs: int, actors: int) -> int:
    """How many shards to make."""
    size = max(min(_SHARD, jobs // (actors * _SHARDS_EACH)), -(-jobs // _SHARDS), 1)
    return -(-jobs // size)


def _travelling(job: Job) -> dict[str, Any]:
    """What a worker is told of a job."""
    source, target = files.absolute(job.source), files.absolute(job.target or "")
    return {"source": source, "target": target, "stamp": job.stamp}


@contextlib.contextmanager
def _connected(address: str | None) -> Iterator[ModuleType]:
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
            raise TintypeError(f"the Ray cluster at {address} cannot be reached: {_last_line(error)}") from error
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


@contextlib.contextmanager
def _quiet_data(ray: ModuleType) -> Iterator[None]:
    """Ray Data without its own progress bars and notes: the command line has one bar."""
    context = ray.data.DataContext.get_current()
    before = context.enable_progress_bars, context.print_on_execution_start
    context.enable_progress_bars = context.print_on_execution_start = False
    log = logging.getLogger("ray.data")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars, context.print_on_execution_start = before
        log.setLevel(level)


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
