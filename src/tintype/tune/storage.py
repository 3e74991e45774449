"""Where trials are kept: an SQLite file of the study's folder, or any database that several machines share."""

import re
import sqlite3
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import filelock
import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback, fail_stale_trials
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tintype.errors import MissingExtra, OutputError, RecipeError

GRACE_SECONDS = 600.0  # without a heartbeat: then a machine is taken for dead, and its trial goes to another
BEATS = 20  # in that time
MOST_STARTS = 3
LOCK = 7_230_511  # its name in databases that want a number


class Storage:
    """The database of one study. `url` None is `study.db` in `folder`, which no other machine uses.

    A machine that shares it and is silent for `grace` seconds has lost its trial.
    """

    def __init__(self, folder: Path, url: str | None, grace: float = GRACE_SECONDS) -> None:
        self.folder, self.grace = folder, grace
        self.shared = url is not None
        self.beat_seconds = max(1, round(grace / BEATS))
        parsed = _parse(url) if url is not None else _own_file(folder)
        options = {"connect_args": {"timeout": 60}} if parsed.get_backend_name() == "sqlite" else {}
        try:
            with _without_warnings(), _making_tables(parsed) if self.shared else nullcontext():
                self.database = RDBStorage(
                    parsed.render_as_string(hide_password=False),
                    options,
                    heartbeat_interval=self.beat_seconds if self.shared else None,
                    grace_period=max(2, round(grace)) if self.shared else None,
                    heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(MOST_STARTS),
                )
        except ImportError as error:
            raise MissingExtra(f"{parsed}: this database needs a driver: {_driver(error)}") from error
        except (SQLAlchemyError, StorageInternalError) as error:
            raise OutputError(f"{parsed}: cannot use this database: {_reason(error)}") from error

    def study(self, name: str, settings: Mapping[str, Any]) -> optuna.Study:
        """The study `name`, begun with `settings` or continued. Raises RecipeError when it was begun with others."""
        directions = [StudyDirection.MINIMIZE] * (2 if settings["objective"] == "pareto" else 1)
        study = optuna.create_study(
            storage=self.database,
            study_name=name,
            directions=directions,
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        )
        begun = study.user_attrs.get("settings", dict(settings))
        for key, value in settings.items():
            if begun.get(key) != value:
                raise RecipeError(
                    f"study {name!r} was begun with another {key}; choose another --run directory (or --study name)"
                )
        if "settings" not in study.user_attrs:
            study.set_user_attr("settings", dict(settings))
        return study

    def requeue_interrupted(self, study: optuna.Study) -> None:
        """Let the trials that a killed process left behind be continued. Only for who holds the folder's lock."""
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if not self.shared or trial_folder(self.folder, trial.number).exists():
                self.database.set_trial_state_values(self._id(study, trial.number), TrialState.WAITING)

    def requeue_stale(self, study: optuna.Study) -> None:
        """Let the trials of machines that are silent for long be begun again by another."""
        with _without_warnings():
            fail_stale_trials(study)
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            # Its machine ended between asking for it and the first heartbeat: nothing is known of it but its number.
            began = trial.datetime_start
            if "starts" not in trial.user_attrs and began and (datetime.now() - began).total_seconds() > self.grace:
                with suppress(UpdateFinishedTrialError):
                    self.database.set_trial_state_values(self._id(study, trial.number), TrialState.FAIL)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """One machine at a time: else two of them, each seeing one trial to be done, would begin one each."""
        with one_machine(self.database.engine) if self.shared else nullcontext():
            yield

    def ask(self, study: optuna.Study, distributions: dict[str, Any]) -> optuna.Trial:
        """A new trial, or an interrupted one with the values that it had."""
        with _without_warnings():
            return study.ask(distributions)

    @contextmanager
    def heartbeat(self, study: optuna.Study, number: int) -> Iterator[None]:
        """Meanwhile tell other machines that trial `number` is alive."""
        if not self.shared:
            yield
            return
        over, trial_id = threading.Event(), self._id(study, number)

        def beat() -> None:
            while True:
                with suppress(SQLAlchemyError, StorageInternalError):  # the next one may get through
                    self.database.record_heartbeat(trial_id)
                if over.wait(self.beat_seconds):
                    return

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _id(self, study: optuna.Study, number: int) -> int:
        study_id = self.database.get_study_id_from_name(study.study_name)
        return self.database.get_trial_id_from_study_id_trial_number(study_id, number)


# Locks of a session: a machine that dies gives them back.
_LOCKS = {
    "postgresql": ("SELECT pg_advisory_lock(:name)", "SELECT pg_advisory_unlock(:name)"),
    "mysql": ("SELECT GET_LOCK(CAST(:name AS CHAR), -1)", "SELECT RELEASE_LOCK(CAST(:name AS CHAR))"),
}


@contextmanager
def one_machine(engine: Engine) -> Iterator[None]:
    """Meanwhile no other machine that uses the database is in here. SQLite: no other process on this disk."""
    if engine.dialect.name == "sqlite" and Path(file := engine.url.database or "").parent.is_dir():
        with filelock.FileLock(f"{file}.lock"):
            yield
    elif engine.dialect.name in _LOCKS:
        take, give_back = map(text, _LOCKS[engine.dialect.name])
        with engine.connect() as connection:
            connection.execute(take, {"name": LOCK})
            try:
                yield
            finally:
                connection.execute(give_back, {"name": LOCK})
    else:
        yield


def trial_folder(folder: Path, number: int) -> Path:
    """The run directory of a trial."""
    return folder / f"trial-{number:05d}"


def is_spent(trial: FrozenTrial) -> bool:
    """Whether a trial counts: finished, pruned, failed by its values, or being worked on. Not: left by a machine."""
    if trial.state == TrialState.FAIL:
        return "error" in trial.user_attrs
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)


@contextmanager
def _making_tables(url: URL) -> Iterator[None]:
    """Machines that begin a study at once would make its tables at once, and all but one would fail."""
    engine = create_engine(url)
    try:
        with one_machine(engine):
            yield
    finally:
        engine.dispose()


@contextmanager
def database_errors(what: str) -> Iterator[None]:
    """Raises OutputError when the database cannot be reached any more, for example when its disk is full."""
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        message = f"{what}: the database failed: {_reason(error)}; the same command continues the study"
        raise OutputError(message) from error


def _reason(error: Exception) -> str:
    """What the driver says, in one line."""
    return " ".join(re.split(r"\[SQL:|\(Background", str(error.__cause__ or error))[0].split())


def _own_file(folder: Path) -> URL:
    path = (folder / "study.db").resolve()
    try:
        with sqlite3.connect(path, timeout=60) as connection:
            connection.execute("PRAGMA journal_mode=WAL")  # readers and the one writer do not wait for each other
        connection.close()
    except sqlite3.Error as error:
        raise OutputError(f"{path}: not a usable SQLite file: {error}") from error
    return URL.create("sqlite", database=str(path))


def _driver(error: ImportError) -> str:
    return "pip install 'tintype[postgres]'" if error.name == "psycopg" else f"pip install {error.name}"


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_dialect().name
    except ArgumentError as error:
        raise RecipeError(
            f"--storage {url.partition('@')[0].partition(':')[0]!r}: not a database URL; "
            "for example postgresql://user:password@host/tintype or sqlite:////shared/study.db"
        ) from error
    plain = parsed.drivername == backend
    return parsed.set(drivername="postgresql+psycopg") if backend == "postgresql" and plain else parsed


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Heartbeats are marked experimental in Optuna; its advice to use them with `optimize` only is not for us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
