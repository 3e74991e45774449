"""Films on Ray: each is looked through once, whoever is free colours spans of its scenes, one worker joins them.

Workers are plain Ray tasks, tried again here and not by Ray: so a film that kills its workers is set aside in the end,
and a machine that dies costs the parts in work on it. Frames never pass through Ray: from the film's place to a worker,
and as coded parts to a folder beside the result.
"""

import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from tintype.batch.job import Job, Record, Result
from tintype.errors import TintypeError, last_line
from tintype.files import locations, stores
from tintype.network.model_file import ModelFile
from tintype.video.spans import Span

from .connection import beside_driver, connected, cores
from .film_cache import forget
from .film_parts import folder_of
from .film_tasks import FilmTask, FilmWorkerOptions, Scan, TaskFailure, TaskResult, attempted
from .progress_actor import ProgressActor
from .worker import sending

_PAUSE = 0.5  # seconds, times the number of the try, before a task is tried again
_LOOK = 0.5  # seconds between looks at how far the workers are
_COUNT = 5.0  # seconds between looks at how many cores there are
_FAREWELL = 10.0  # seconds that workers have to remove fetched films

FilmReport = dict[str, Any]


@dataclass(frozen=True)
class FilmsProgress:
    """How far all films are: ``total`` frames are known when each has been looked through; ``rate``: frames a second,
    without those that an earlier run had coloured."""

    films: int
    finished: int
    frames: int
    total: int | None
    rate: float


def run_films_on_ray(
    jobs: Sequence[Job],
    models: Sequence[ModelFile],
    how: FilmWorkerOptions,
    *,
    address: str | None = None,
    workers: int | None = None,
    record: Record | None = None,
    done: Callable[[FilmReport], None] = lambda report: None,
    progress: Callable[[FilmsProgress], None] = lambda progress: None,
) -> list[FilmReport]:
    """Colour films on a Ray cluster; ``done`` is called after each, in the order in which they end.

    Finished parts are kept beside the results until a film is complete: run again, and what is finished is not done
    again.

    Args:
        jobs: sources and targets must be reachable, under the same name, from every machine.
        models: are sent to the workers; several answer together.
        how: how to colour.
        address: host:port of the cluster; None: RAY_ADDRESS, else a cluster that runs on this machine, else a new one.
        workers: tasks at a time, with ``how.way.threads`` cores each; as many as there are cores for when None.
        record: what remembers the results.
        progress: called about twice a second.

    Returns:
        for each film its report as plain values; "ok" says whether there is a result.

    Raises:
        MissingExtra: Ray is not installed.
        TintypeError: the cluster cannot be reached, or gave up.
    """
    reports: list[FilmReport] = []

    def tell(report: FilmReport) -> None:
        reports.append(report)
        done(report)

    waiting = []
    for job in jobs:
        if job.error is not None or job.target is None:
            tell(_failure(job, job.error or job.source))
        elif job.skipped:
            with contextlib.suppress(TintypeError):  # if the run that finished it was killed before it tidied up
                stores.remove_folder(folder_of(job.target))
            tell(_skipped(job))
        else:
            waiting.append(job)
    if not waiting:
        return reports
    with connected(address) as ray:
        try:
            for job, result, report in _Scheduler(ray, waiting, models, how, workers, progress).work():
                if record is not None:
                    record.end(job, result)
                tell(report)
        except ray.exceptions.RayError as error:
            raise TintypeError(f"the Ray cluster gave up: {last_line(error)}; run again to go on") from error
    return reports


@dataclass
class _Film:
    """``given`` is the job as it came, ``job`` the same with places that mean the same on every machine."""

    number: int
    given: Job
    job: Job
    began: float = field(default_factory=time.monotonic)
    piece: FilmTask | None = None
    spans: dict[int, Span] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    scan: Scan | None = None
    frames: int = 0
    resumed: int = 0
    attempts: int = 1
    is_over: bool = False


@dataclass(frozen=True)
class _Task:
    film: _Film
    kind: str
    span: int = 0
    attempt: int = 1
    not_before: float = 0.0


class _Scheduler:
    """Scheduler: assigns film tasks to Ray workers and collects results."""

    def __init__(
        self,
        ray: ModuleType,
        jobs: list[Job],
        models: Sequence[ModelFile],
        how: FilmWorkerOptions,
        workers: int | None,
        progress: Callable[[FilmsProgress], None],
    ) -> None:
        how = replace(how, way=sending(how.way, models))
        self._ray, self._how, self._workers, self._progress = ray, how, workers, progress
        on_gpu = how.way.device == "cuda"
        if on_gpu and not ray.cluster_resources().get("GPU"):
            raise TintypeError("the cluster has no GPU for --device cuda; leave it out, or start ray with --num-gpus")
        cores(ray, how.way.threads)
        # Without max_calls Ray ends a process after each task with a GPU, and the model would be loaded every time.
        self._remote = ray.remote(
            num_cpus=how.way.threads, num_gpus=1 if on_gpu else 0, max_retries=0, max_calls=0
        )(attempted)  # fmt: skip
        self._models = [ray.put(model.path.read_bytes()) for model in models]
        self._tally = beside_driver(ray, ProgressActor).remote()
        self._unopened = deque(_Film(number, job, _everywhere(job)) for number, job in enumerate(jobs))
        self._films: dict[int, _Film] = {}
        self._count = len(jobs)
        self._ready: list[_Task] = []
        self._running: dict[Any, _Task] = {}
        self._partial: dict[tuple[int, int], int] = {}
        self._over: list[tuple[int, int]] = []
        self._ended: list[tuple[Job, Result, FilmReport]] = []
        self._finished = self._frames = self._known = self._resumed = 0
        self._forgetter = ray.remote(num_cpus=0, max_retries=0)(forget)
        self._forgetting: list[Any] = []
        self._started = time.monotonic()
        self._slots, self._counted = 1, -_COUNT

    def work(self) -> Iterator[tuple[Job, Result, FilmReport]]:
        """What came of each film, as it ends."""
        while self._unopened or self._ready or self._running:
            self._hand_out()
            if self._running:
                ended, _ = self._ray.wait(list(self._running), num_returns=1, timeout=_LOOK)
            else:  # all that is to be done is to be tried again, in a moment
                ended = []
                time.sleep(_PAUSE / 5)
            for reference in ended:
                self._take(self._running.pop(reference), reference)
            self._listen()
            yield from self._ended
            self._ended.clear()
        if self._forgetting:
            self._ray.wait(self._forgetting, num_returns=len(self._forgetting), timeout=_FAREWELL)

    def _hand_out(self) -> None:
        if time.monotonic() - self._counted >= _COUNT:
            have = self._ray.cluster_resources()
            fitting = int(have.get("CPU", 1)) // self._how.way.threads
            if self._how.way.device == "cuda":
                fitting = min(fitting, int(have.get("GPU", 1)))
            self._slots, self._counted = max(1, min(fitting, self._workers or fitting)), time.monotonic()
        while len(self._running) < self._slots and (task := self._next()) is not None:
            self._running[self._remote.remote(task.kind, *self._arguments(task))] = task

    def _next(self) -> _Task | None:
        """The next task of the first film that has one; else another film is begun."""
        due = [task for task in self._ready if task.not_before <= time.monotonic()]
        if due:
            task = min(due, key=lambda task: (task.film.number, task.span))
            self._ready.remove(task)
            return task
        if not self._unopened:
            return None
        film = self._unopened.popleft()
        film.began = time.monotonic()
        self._films[film.number] = film
        return _Task(film, "scan" if self._how.step is None else "preview")

    def _arguments(self, task: _Task) -> tuple[Any, ...]:
        film, how, models = task.film, self._how, self._models
        if task.kind == "scan":
            return film.number, film.job, how, models, self._tally, task.attempt
        if task.kind == "preview":
            return film.job, how, models
        if task.kind == "colour":
            return film.piece, film.spans[task.span], how, models, self._tally
        assert film.scan is not None
        return film.piece, film.scan.spans, film.scan.trouble, how, models

    def _take(self, task: _Task, reference: Any) -> None:
        """What came of a task."""
        film = task.film
        try:
            found = self._ray.get(reference)
        except self._ray.exceptions.RayError:
            found = TaskFailure(f"{film.job.source}: its worker died {task.attempt} times while at it (out of memory?)")
        if film.is_over:
            return
        film.attempts = max(film.attempts, task.attempt)
        if isinstance(found, TaskFailure):
            if task.attempt < self._how.way.attempts:
                later = time.monotonic() + _PAUSE * task.attempt
                self._ready.append(replace(task, attempt=task.attempt + 1, not_before=later))
            else:
                self._end(film, _failure(film.given, found.error))
        elif isinstance(found, Scan):
            self._scanned(film, found)
        elif isinstance(found, TaskResult):
            self._joined(film, found)
        else:
            self._coloured(film, task.span, found)

    def _listen(self) -> None:
        """Hear what workers have to say before they end."""
        self._partial, news = self._ray.get(self._tally.read.remote(self._over))
        self._over = []
        for item in news:
            if isinstance(item, FilmTask):
                self._films[item.film].piece = item
            else:
                number, span = item
                self._found(self._films[number], span)
        frames = self._frames + sum(self._partial.values())
        seconds = max(time.monotonic() - self._started, 1e-6)
        all_known = not self._unopened and all(film.scan or film.is_over for film in self._films.values())
        total = self._known if all_known else None
        rate = max(0, frames - self._resumed) / seconds
        self._progress(FilmsProgress(self._count, self._finished, frames, total, rate))

    def _found(self, film: _Film, span: Span) -> None:
        if film.is_over or span.number in film.spans:
            return
        film.spans[span.number] = span
        film.left.add(span.number)
        self._known += span.frames
        self._ready.append(_Task(film, "colour", span.number))

    def _scanned(self, film: _Film, scan: Scan) -> None:
        film.scan = scan
        if scan.piece is None:
            self._end(film, _skipped(film.given), scan.bytes)
            return
        film.piece = scan.piece
        for span in scan.spans:
            self._found(film, span)
        self._join_if_complete(film)

    def _coloured(self, film: _Film, span: int, resumed: int) -> None:
        film.left.discard(span)
        film.frames += film.spans[span].frames
        film.resumed += resumed
        self._frames += film.spans[span].frames
        self._resumed += resumed
        self._over.append((film.number, span))
        self._partial.pop((film.number, span), None)
        self._join_if_complete(film)

    def _join_if_complete(self, film: _Film) -> None:
        if film.scan is not None and not film.left:
            self._ready.append(_Task(film, "join"))

    def _joined(self, film: _Film, made: TaskResult) -> None:
        seconds = round(time.monotonic() - film.began, 2)
        report = made.report | {"source": film.given.source, "error": None, "ok": True}
        if self._how.step is None:
            rate = round((film.frames - film.resumed) / max(seconds, 1e-6), 2)
            report |= {"target": film.given.target, "resumed_frames": film.resumed, "seconds": seconds, "rate": rate}
            try:
                stores.remove_folder(folder_of(str(film.job.target)))
            except TintypeError as error:
                report["notes"] = [*report["notes"], str(error)]
        self._end(film, report, made.bytes)

    def _end(self, film: _Film, report: FilmReport, size: int | None = None) -> None:
        film.is_over = True
        self._finished += 1
        self._ready = [task for task in self._ready if task.film is not film]
        self._over += [(film.number, span) for span in film.left]
        if not report["ok"]:
            self._known -= sum(film.spans[span].frames for span in film.left)
        self._ended.append((film.given, _result(film, report, size), report))
        if locations.is_url(film.job.source):
            self._forget(film.job)

    def _forget(self, job: Job) -> None:
        """Have every machine remove its copy of a film."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        for node in self._ray.nodes():
            if node["Alive"]:
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                self._forgetting.append(
                    self._forgetter.options(scheduling_strategy=there).remote(job.source, job.stamp)
                )  # fmt: skip


def _everywhere(job: Job) -> Job:
    """The job for all machines. Of a film whose version its store does not tell, nothing is kept for another run."""
    stamp = job.stamp or (secrets.token_hex(8) if locations.is_url(job.source) else "")
    return replace(job, source=locations.absolute(job.source), target=locations.absolute(str(job.target)), stamp=stamp)


def _failure(job: Job, error: str) -> FilmReport:
    return {"source": job.source, "target": None, "error": error, "ok": False}


def _skipped(job: Job) -> FilmReport:
    return {"source": job.source, "target": job.target, "error": None, "ok": True, "skipped": True, "notes": []}


def _result(film: _Film, report: FilmReport, size: int | None) -> Result:
    """The film's line in the record."""
    if not report["ok"]:
        return Result(film.given.source, None, report["error"], attempt=film.attempts)
    return Result(
        film.given.source,
        film.given.target,
        None,
        report.get("width"),
        report.get("height"),
        report.get("seconds", 0.0),
        bytes=size,
        attempt=film.attempts,
    )
