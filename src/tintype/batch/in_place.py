"""Results in the place of their sources, with the source kept beside them as NAME.EXT.orig."""

import filecmp
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tintype.errors import OutputError
from tintype.files.atomic import replacing
from tintype.files.locations import is_url

from .job import STREAM, Job, Record, Result

BACKUP = ".orig"


def backup_of(source: str) -> Path:
    """Where the original of a file goes."""
    return Path(source + BACKUP)


def is_replaced(source: str) -> bool:
    """Whether an earlier run has replaced a file: its original is kept, and is not what still lies there."""
    kept = backup_of(source)
    return kept.exists() and os.path.exists(source) and not filecmp.cmp(kept, source, shallow=False)


def put_in_place(jobs: Iterable[Job]) -> list[Job]:
    """Jobs that write over their sources. What an earlier run has replaced is skipped.

    Raises:
        OutputError: an input is a stream, or lies at an address, where nothing is kept beside it.
    """
    found = []
    for job in jobs:
        if job.source == STREAM or is_url(job.source):
            raise OutputError(f"{job.source}: --in-place is for files of this machine; name a place with --output")
        if job.error is None and job.target is not None:
            done = is_replaced(job.source)
            job = replace(job, target=job.source, skipped=done, replaces=not done)
        found.append(job)
    return found


def keep_original(source: str) -> Path:
    """Copy a file, with its times and rights, to where its original is kept, whole or not at all.

    Raises:
        OutputError: there is one already, or it cannot be written.
    """
    kept = backup_of(source)
    if is_replaced(source):
        raise OutputError(f"{kept}: an original is kept there already; move it away to colour {source} again")
    if kept.exists():
        return kept  # of a run that was killed before it replaced anything
    try:
        with replacing(kept) as partial:
            shutil.copy2(source, partial)
    except OSError as error:
        raise OutputError(f"{kept}: cannot be written ({error.strerror or error}); {source} is as it was") from error
    return kept


class Keeping:
    """A record of a run that keeps each original before its picture is begun, and gives it up if that fails.

    Raises:
        OutputError: at `begin`, where an original cannot be kept.
    """

    def __init__(self, record: Record | None = None) -> None:
        self._record = record

    def is_done(self, job: Job, *, overwrite: bool = False, size: int | None = None) -> bool:
        """Whether an earlier run has replaced it."""
        return is_replaced(job.source)

    def plan(self, jobs: Iterable[Job]) -> None:
        """Told to the record."""
        if self._record is not None:
            self._record.plan(jobs)

    def begin(self, job: Job) -> None:
        """Keep the original."""
        keep_original(job.source)
        if self._record is not None:
            self._record.begin(job)

    def end(self, job: Job, result: Result) -> None:
        """Give the original up if its picture was not replaced."""
        if not result.ok:
            backup_of(job.source).unlink(missing_ok=True)
        if self._record is not None:
            self._record.end(job, result)

    def finish(self) -> None:
        """Told to the record."""
        if self._record is not None:
            self._record.finish()
