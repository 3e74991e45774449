"""The runners of `tintype colorize`: on this machine, or on a Ray cluster."""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from tintype.batch.job import Job, Report, Result
from tintype.batch.run import run
from tintype.batch.watch import watch
from tintype.colorizer.colorizer import Colorizer
from tintype.network.ensemble import find_models
from tintype.parallel import CORES

from .colorize_plan import Plan
from .films import colour_films, colour_films_on_ray, film_options

if TYPE_CHECKING:
    from tintype.video.options import FilmOptions

Done = Callable[[Result], None]


class Runner(Protocol):
    """Does the work of a plan, somewhere."""

    def together(self) -> contextlib.AbstractContextManager[Any]:
        """What has to be open for pictures and films both."""

    def pictures(self, done: Done) -> Report:
        """Colour the pictures; ``done`` is told of each."""

    def films(self, *, quiet: bool) -> list[dict[str, Any]]:
        """Colour the films; a report of each."""


def runner_of(plan: Plan) -> Runner:
    """The runner that the plan asks for.

    Raises:
        TintypeError: the model, or the device, is not to be had.
    """
    return RayRunner(plan) if plan.request.on_ray else LocalRunner(plan)


def _film_options(plan: Plan) -> "FilmOptions":
    request = plan.request
    return film_options(request.wishes, request.size, request.references or [], plan.options.taste)


class LocalRunner:
    """Works on this machine."""

    def __init__(self, plan: Plan) -> None:
        request = plan.request
        self._plan = plan
        self._workers = request.workers or (1 if len(plan.jobs) < 2 and not request.watching else CORES)
        self._colorizer = Colorizer(
            request.model,
            device=request.device,
            precision=request.precision,
            threads=request.threads,
            streams=self._workers,
        )

    def together(self) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def pictures(self, done: Done) -> Report:
        told = Report()  # also of what was done when Ctrl-C came

        def tell(result: Result) -> None:
            told.results.append(result)
            done(result)

        def work(jobs: list[Job]) -> Report:
            plan = self._plan
            if plan.journal is not None:
                plan.journal.plan(jobs)
            journal = plan.request.manners.record(plan.journal)
            return run(
                jobs,
                self._colorizer,
                plan.options,
                plan.output,
                workers=self._workers,
                journal=journal,
                skip=plan.request.skip,
                done=tell,
            )

        if self._plan.request.watching:
            watch(self._plan.again, work)
        else:
            work(self._plan.jobs)
        return told

    def films(self, *, quiet: bool) -> list[dict[str, Any]]:
        request = self._plan.request
        return colour_films(
            self._plan.films,
            self._colorizer,
            _film_options(self._plan),
            overwrite=request.overwrite,
            preview=request.preview,
            quiet=quiet or request.quiet or request.style != "auto",
        )


class RayRunner:
    """Works on a Ray cluster."""

    def __init__(self, plan: Plan) -> None:
        from tintype.cluster.worker import WorkerOptions

        request = plan.request
        self._plan, self._models = plan, find_models(request.model)
        self._way = WorkerOptions(
            device=request.device,
            precision=request.precision,
            threads=request.threads or 1,
            options=plan.options,
            output=plan.output,
            attempts=request.attempts,
        )

    def together(self) -> contextlib.AbstractContextManager[Any]:
        from tintype.cluster.connection import connected

        both = self._plan.films and self._plan.jobs
        return connected(self._plan.request.ray_address) if both else contextlib.nullcontext()

    def pictures(self, done: Done) -> Report:
        from tintype.cluster.engine import run_on_ray

        plan, request = self._plan, self._plan.request
        if plan.journal is not None:
            plan.journal.plan(plan.jobs)
        return run_on_ray(
            plan.jobs,
            self._models,
            self._way,
            address=request.ray_address,
            workers=request.workers,
            record=plan.journal,
            done=done,
        )

    def films(self, *, quiet: bool) -> list[dict[str, Any]]:
        plan, request = self._plan, self._plan.request
        if plan.reel_record is not None:
            plan.reel_record.plan(plan.films)
        return colour_films_on_ray(
            plan.films,
            self._models,
            self._way,
            _film_options(plan),
            request.preview,
            address=request.ray_address,
            workers=request.workers,
            record=plan.reel_record,
            quiet=quiet,
        )
