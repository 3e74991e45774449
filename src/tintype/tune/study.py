"""A study: trials of a recipe with other values, each a run directory of its own, continued after any interruption."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import filelock
import optuna
from optuna.trial import TrialState

from tintype.data.cache import colourful, open_cache
from tintype.errors import DataError, OutputError, RecipeError
from tintype.files.atomic import write_bytes
from tintype.training.loop import train
from tintype.training.recipe import Recipe

from .report import write_report
from .score import TrialScore
from .space import plan_space
from .storage import GRACE_SECONDS, database_errors
from .work import Job, OnLine, Trainer, work, work_in_processes

Objective = Literal["score", "pareto"]


@dataclass(frozen=True)
class Training:
    """The ordinary trainer: `tintype.training.train`."""

    data: tuple[str | Path, ...]
    validation: str | Path
    cache_dir: Path | None = None
    accelerator: str = "auto"

    def check(self, recipe: Recipe) -> None:
        """Decode the pictures now, before several processes would do it at once.

        Raises:
            DataError: there are no colour pictures.
        """
        for paths in (list(self.data), [self.validation]):
            _check_pictures(paths, recipe, self.cache_dir)

    def __call__(self, recipe: Recipe, run: Path, on_line: OnLine) -> Path:
        return train(
            recipe,
            self.data,
            run,
            validation=self.validation,
            cache_dir=self.cache_dir,
            accelerator=self.accelerator,
            on_line=on_line,
        )


@dataclass(frozen=True)
class StudySummary:
    """What a study found.

    counts: trials by state (complete, pruned, fail, running, waiting). best: the number of the best trial; values:
    its score, or of `pareto` its two distances. front: the trials that no other beats in every value.
    """

    folder: Path
    counts: dict[str, int]
    best: int
    values: tuple[float, ...]
    params: dict[str, Any]
    judgement: TrialScore
    front: tuple[int, ...]

    @property
    def best_recipe(self) -> Path:
        """A recipe with the best values, for `tintype train --recipe`."""
        return self.folder / "best.toml"

    @property
    def report(self) -> Path:
        """The report, one HTML file."""
        return self.folder / "study.html"


@dataclass(frozen=True)
class Sharing:
    """How machines share a study.

    Attributes:
        storage: a database URL; None for study.db in the study's folder.
        study_name: the study's name in the database; None for that of the folder.
        grace: seconds of silence after which a machine has lost its trial.
    """

    storage: str | None = None
    study_name: str | None = None
    grace: float = GRACE_SECONDS


ALONE = Sharing()


def tune(
    recipe: str | Path,
    overrides: Sequence[str],
    trainer: Trainer,
    folder: str | Path,
    searches: Sequence[str],
    trials: int,
    *,
    objective: Objective = "score",
    seed: int = 0,
    timeout: float | None = None,
    processes: int = 1,
    sharing: Sharing = ALONE,
    images: int | None = None,
) -> StudySummary:
    """Search the values of `searches` ("lr=log:1e-5:1e-2") in `trials` runs of `recipe`, or continue such a study.

    `recipe` may name several, "pix2pix,uvu": which of them is then searched, too. `images` shortens each recipe to so
    many images, its stages in their proportions; several recipes need it, so that all are judged on equal terms.

    Trials are proposed by Optuna's TPE sampler (Bergstra et al. 2011), run by `trainer` (`Training`, for the ordinary
    one) and judged by `TrialScore` on its validation pictures; with one objective, those worse than the median of the
    others at the same point are pruned. `trials` counts those of all processes and machines since the study began;
    after `timeout` seconds no new one is started. A trial that a machine has lost, as `sharing` says, is begun again by
    another one; the call returns when the trials of all machines have ended. With one process an interrupted study
    proposes what an unbroken one would.

    Writes trial-NNNNN/ run directories, study.db (unless the storage is a database URL), study.html and best.toml.
    Raises RecipeError for searches that do not fit the recipe, before the first trial, and when no trial could be
    finished; OutputError when another process is at work in `folder`; DataError when there are no colour pictures.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = plan_space(recipe, overrides, searches, images)
    for base in space.recipes.values():
        trainer.check(base)
    folder = Path(folder)
    job = Job(
        folder=folder,
        storage=sharing.storage,
        name=sharing.study_name or folder.resolve().name,
        settings={"recipe": space.text, "search": sorted(searches), "objective": objective},
        space=space,
        trials=trials,
        deadline=time.time() + timeout if timeout is not None else float("inf"),
        seed=seed,
        trainer=trainer,
        grace=sharing.grace,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder), database_errors(str(folder)):
        database, study = job.open()
        space.write(folder)
        database.requeue_interrupted(study)
        try:
            if processes == 1:
                work(job, multiprocessing.Lock())
            else:
                work_in_processes(job, processes)
        finally:
            write_report(study, folder / "study.html")
        return _conclude(job, study)


def _check_pictures(paths: list[str | Path], recipe: Recipe, cache_dir: Path | None) -> None:
    cache = open_cache(paths, recipe.data.cache_side, cache_dir)
    if not len(colourful(cache, recipe.data.leave_out)):
        names = ", ".join(map(str, paths))
        raise DataError(f"{names}: all {len(cache)} pictures are grey; a search needs colour pictures")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """The system frees the lock when this process dies: what is marked as running in `folder` then is not."""
    try:
        with filelock.FileLock(folder / ".lock", timeout=0):
            yield
    except filelock.Timeout:
        raise OutputError(
            f"{folder}: another `tintype tune` is at work there; for more workers use --processes, "
            "for more machines --storage and a --run directory each"
        ) from None


def _conclude(job: Job, study: optuna.Study) -> StudySummary:
    trials = study.get_trials(deepcopy=False)
    if not any(t.state == TrialState.COMPLETE for t in trials):
        errors = [t.user_attrs["error"] for t in trials if "error" in t.user_attrs]
        last = f"; the last: {errors[-1]}" if errors else ""
        raise RecipeError(f"{job.folder}: none of {len(trials)} trials finished, {len(errors)} failed{last}")
    front = study.best_trials
    best = min(front, key=lambda t: TrialScore(**t.user_attrs["judgement"]).score)
    summary = StudySummary(
        folder=job.folder,
        counts={state.name.lower(): sum(t.state == state for t in trials) for state in TrialState},
        best=best.number,
        values=tuple(best.values),
        params=best.params,
        judgement=TrialScore(**best.user_attrs["judgement"]),
        front=tuple(t.number for t in front),
    )
    text = f"# trial {best.number}: {summary.judgement}\n{job.recipe(best.params).to_toml()}"
    write_bytes(summary.best_recipe, text.encode())
    return summary
