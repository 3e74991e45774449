"""A batch on Ray: the driver shards the jobs, Ray Data runs them on a pool of actors, the results come back as rows.

Only names and results go through Ray; the pictures go from the store to a worker and back to the store. So nothing
piles up in Ray's memory, whatever the pictures weigh.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

from tintype.batch.job import Job, Record, Report, Result
from tintype.errors import TintypeError, last_line
from tintype.files import locations
from tintype.network.model_file import ModelFile

from .attempts import AttemptTracker
from .connection import beside_driver, connected, cores
from .worker import Worker, WorkerOptions, sending

# Files that go to a worker at a time: few, so that all workers end together, but no more than 50,000 shards for Ray.
_SHARD, _SHARDS, _SHARDS_EACH = 16, 50_000, 8
# A tracker answers about a thousand questions a second, and a worker asks two for each picture.
_WORKERS_PER_TRACKER = 50


def run_on_ray(
    jobs: list[Job],
    models: Sequence[ModelFile],
    way: WorkerOptions,
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
            waiting[locations.absolute(job.source)] = job
    if not waiting:
        return report
    with connected(address) as ray, _quiet_data(ray):
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
            raise TintypeError(f"the Ray cluster gave up: {last_line(error)}; run again to go on") from error
    return report


def _results(
    ray: ModuleType, jobs: list[Job], models: Sequence[ModelFile], way: WorkerOptions, workers: int | None
) -> Iterator[Result]:
    actors = _pool_size(ray, len(jobs), way, workers)
    trackers = _trackers(ray, 1 + actors // _WORKERS_PER_TRACKER)
    weights = [ray.put(model.path.read_bytes()) for model in models]
    way = sending(way, models)
    told = [_travelling(job) for job in jobs]
    data = ray.data.from_items(told, override_num_blocks=_shards(len(told), actors)).map_batches(
        Worker,
        batch_size=None,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=way.threads,
        num_gpus=1 if way.device == "cuda" else 0,
        fn_constructor_args=(way, weights, trackers),
    )  # actors are restarted, and what they were at is tried again, without end: the tracker puts an end to it
    for table in data.iter_batches(batch_size=None, batch_format="pyarrow"):
        rows = table.to_pylist()
        for row in rows:
            yield Result(**row)
        for tracker in trackers:
            tracker.forget.remote([row["target"] for row in rows])


def _pool_size(ray: ModuleType, jobs: int, way: WorkerOptions, workers: int | None) -> int:
    return min(workers or cores(ray, way.threads) // way.threads, jobs)


def _trackers(ray: ModuleType, count: int) -> list[Any]:
    actor = beside_driver(ray, AttemptTracker)
    return [actor.remote() for _ in range(count)]


def _shards(jobs: int, actors: int) -> int:
    """How many shards to make."""
    size = max(min(_SHARD, jobs // (actors * _SHARDS_EACH)), -(-jobs // _SHARDS), 1)
    return -(-jobs // size)


def _travelling(job: Job) -> dict[str, Any]:
    """What a worker is told of a job."""
    source, target = locations.absolute(job.source), locations.absolute(job.target or "")
    return {"source": source, "target": target, "stamp": job.stamp}


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
