"""The work of a study: ask for the next trial, train it, judge it, tell; in one process or in several."""

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Lock
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import optuna
import torch
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from tintype.errors import OutputError, RecipeError, TintypeError, one_line
from tintype.training.recipe import Recipe

from .score import TrialScore, final_judgement
from .space import Space
from .storage import GRACE_SECONDS, MOST_STARTS, Storage, database_errors, is_spent, trial_folder

OnLine = Callable[[dict[str, Any]], None]
# What a combination of values can do wrong. A full disk or a missing folder is no trial's fault and ends the study.
MOST_WAIT = 5  # seconds between two looks at the trials of others
FAILURES = (RecipeError, ArithmeticError, MemoryError, RuntimeError, ValueError)


class Trainer(Protocol):
    """Trains a recipe in a run directory, writes stats.jsonl there, and gives each of its lines to `on_line`."""

    def check(self, recipe: Recipe) -> None:
        """Raise a TintypeError, before the first trial, where such a recipe cannot be trained."""

    def __call__(self, recipe: Recipe, run: Path, on_line: OnLine) -> object:
        """An exception of `on_line` stops the training and passes through."""
        ...


@dataclass(frozen=True)
class Job:
    """What each process of a study is given. `deadline` is in seconds since the epoch."""

    folder: Path
    storage: str | None
    name: str
    settings: dict[str, Any]
    space: Space
    trials: int
    deadline: float
    seed: int
    trainer: Trainer
    grace: float = GRACE_SECONDS

    def open(self) -> tuple[Storage, optuna.Study]:
        """The study's database, and the study, begun now if it is new."""
        storage = Storage(self.folder, self.storage, self.grace)
        return storage, storage.study(self.name, self.settings)

    def recipe(self, params: dict[str, Any]) -> Recipe:
        """The study's recipe with a trial's values. Raises RecipeError when they do not go together."""
        return self.space.recipe(self.folder, params)


def work(job: Job, lock: Lock) -> None:
    """Run trials until the study has enough of them; `lock` is shared by the processes that work on it here.

    It has enough when they are done: a trial that another machine leaves behind is taken up here.
    """
    storage, study = job.open()
    waiting = False
    while True:
        with lock, storage.asking():  # so that no two processes start the last trial
            trial = _next_trial(job, storage, study)
        if trial is None:
            others = storage.shared and len(study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)))
            if not others or time.time() >= job.deadline:
                return
            if not waiting:
                print(f"waiting for {others} trials that others are at work on", file=sys.stderr, flush=True)
            waiting = True
            time.sleep(min(storage.beat_seconds, MOST_WAIT))
            continue
        waiting = False
        try:
            with storage.heartbeat(study, trial.number):
                frozen = _run_trial(job, study, trial)
        except UpdateFinishedTrialError:  # this machine was asleep, and its trial was given to another
            print(f"trial {trial.number}: begun again by another machine meanwhile", file=sys.stderr, flush=True)
            continue
        print(_progress(job, study, frozen), file=sys.stderr, flush=True)


def work_in_processes(job: Job, processes: int) -> None:
    """`work` in several processes, which share the threads. Raises OutputError when one of them ends early."""
    context = multiprocessing.get_context("spawn")
    lock = context.Lock()
    threads = max(1, torch.get_num_threads() // processes)
    workers = [context.Process(target=_worker, args=(job, lock, threads)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    finally:
        for worker in workers:
            worker.join(10)  # after Ctrl-C: time to put its trial back
            worker.terminate()
            worker.join()
    if broken := [worker.exitcode for worker in workers if worker.exitcode]:
        raise OutputError(
            f"{len(broken)} of {processes} processes ended early (exit status {broken[0]}); "
            "the same command continues the study"
        )


def _worker(job: Job, lock: Lock, threads: int) -> None:
    """The main function of a worker process. It dies with its parent, whatever killed that."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    torch.set_num_threads(threads)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with database_errors(str(job.folder)):
            work(job, lock)
    except TintypeError as error:
        print(f"tintype: error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _next_trial(job: Job, storage: Storage, study: optuna.Study) -> optuna.Trial | None:
    if storage.shared:
        storage.requeue_stale(study)
    known = study.get_trials(deepcopy=False)
    if sum(map(is_spent, known)) >= job.trials or time.time() >= job.deadline:
        return None
    # Seeded by the trial's number: a study that was interrupted goes on with what it would have proposed.
    seed = int(np.random.SeedSequence([job.seed, len(known)]).generate_state(1)[0])
    study.sampler = optuna.samplers.TPESampler(seed=seed)
    return storage.ask(study, job.space.distributions)


def _run_trial(job: Job, study: optuna.Study, trial: optuna.Trial) -> FrozenTrial:
    run = trial_folder(job.folder, trial.number)
    run.mkdir(exist_ok=True)
    starts = trial.user_attrs.get("starts", 0)
    trial.set_user_attr("starts", starts + 1)
    values: tuple[float, ...] | None = None
    try:
        if starts >= MOST_STARTS:
            raise MemoryError(f"the process was killed {starts} times in this trial; perhaps it needs too much memory")
        recipe = job.recipe(trial.params)
        with (run / "log.txt").open("a", buffering=1) as log, redirect_stderr(log):
            job.trainer(recipe, run, _Watcher(study, trial, recipe))
        judgement = final_judgement(run, recipe)
        trial.set_user_attr("judgement", asdict(judgement))
        pareto = job.settings["objective"] == "pareto"
        values = (judgement.colour_distance, judgement.vividness_distance) if pareto else (judgement.score,)
        state = TrialState.COMPLETE
    except optuna.TrialPruned:
        state = TrialState.PRUNED
    except FAILURES as error:
        trial.set_user_attr("error", one_line(error))
        state = TrialState.FAIL
    except BaseException:  # interrupted in good order: that is no mark against the trial
        trial.set_user_attr("starts", starts)
        raise
    frozen = study.tell(trial, values, state)
    (run / "checkpoints" / "state.safetensors").unlink(missing_ok=True)  # nothing is left to continue
    return frozen


class _Watcher:
    """Reports each validation of a trial to Optuna and stops the trial when the pruner wants it."""

    def __init__(self, study: optuna.Study, trial: optuna.Trial, recipe: Recipe) -> None:
        self.trial = trial
        self.single = len(study.directions) == 1
        # Trials with other batch sizes are validated a few images sooner or later; they are compared by intervals.
        self.interval = min(recipe.log.samples, recipe.log.candidate)
        self.reported = set(study.get_trials(deepcopy=False)[trial.number].intermediate_values)

    def __call__(self, line: dict[str, Any]) -> None:
        if "validation" not in line:
            return
        judgement = TrialScore.of(line)
        step = line["images"] // self.interval
        if not self.single or step in self.reported:
            return
        self.reported.add(step)
        self.trial.report(judgement.score, step)
        if len(self.reported) > 1 and self.trial.should_prune():  # the first says little
            self.trial.set_user_attr("judgement", asdict(judgement))
            raise optuna.TrialPruned


def _progress(job: Job, study: optuna.Study, trial: FrozenTrial) -> str:
    trials = study.get_trials(deepcopy=False)
    done = sum(t.state != TrialState.RUNNING and is_spent(t) for t in trials)
    if trial.state == TrialState.FAIL:
        outcome = f"failed: {trial.user_attrs['error']}"
    else:
        judgement = TrialScore(**trial.user_attrs["judgement"])
        pruned = f"pruned after {judgement.images:,} images, " if trial.state == TrialState.PRUNED else ""
        outcome = f"{pruned}{judgement}"
    return f"{done:>4} of {job.trials}  trial {trial.number}: {outcome}  [{describe_params(trial.params)}]"


def describe_params(params: dict[str, Any]) -> str:
    """`lr=0.00123 batch=16`: enough digits to tell trials apart."""
    return " ".join(
        f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}" for key, value in params.items()
    )
