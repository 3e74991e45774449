"""The journal of a batch: what was begun and what was finished, so that a killed run continues where it was.

One JSON object a line, appended before and after each picture; a line cut short by a crash is ignored. A picture is
known by its path, size, time of change and the options it was coloured with: if any of them differs it is another task.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from tintype.errors import OutputError
from tintype.files import locations
from tintype.files.atomic import sweep

from .job import Job, Result

NAME = ".tintype-journal.jsonl"


class Journal:
    """The journal in the file `path`, for tasks done with `options` (plain values).

    Raises OutputError if the file cannot be read or written.
    """

    def __init__(self, path: Path, options: dict[str, Any]) -> None:
        self.path = path
        self._options = json.dumps(options, sort_keys=True, default=str)
        self._lock = threading.Lock()
        # Target -> (key, state), over all time, and since the last run that came to its end.
        self._known: dict[str, tuple[str, str]] = {}
        self._unfinished: dict[str, tuple[str, str]] = {}
        self._file: TextIO | None = None
        try:
            self._read()
        except OSError as error:
            raise OutputError(f"{path}: the journal cannot be kept ({error.strerror or error})") from error
        self._sweep()

    def _opened(self) -> TextIO:
        """The file, made when there is something to write: a run that has nothing to do leaves none."""
        if self._file is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("a", encoding="utf-8")
                if self.path.stat().st_size and not self.path.read_bytes().endswith(b"\n"):
                    self._file.write("\n")
            except OSError as error:
                raise OutputError(f"{self.path}: the journal cannot be kept ({error.strerror or error})") from error
        return self._file

    def _read(self) -> None:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    entry = json.loads(line)
                    if entry["state"] == "finished":
                        self._unfinished.clear()
                        continue
                    target = str(entry["target"])
                    self._known[target] = self._unfinished[target] = str(entry["key"]), str(entry["state"])

    def _sweep(self) -> None:
        """Removes what a killed run left behind: partial files of pictures that were begun and not finished."""
        for target, (_, state) in self._unfinished.items():
            if state == "started":
                sweep(Path(target))

    def is_done(self, job: Job, *, overwrite: bool = False, size: int | None = None) -> bool:
        """Whether this picture was coloured with these options and its result is there; its ``size`` does not matter.

        With `overwrite`, only work of a run that was cut short counts: a new run does everything again.
        """
        place = os.path.abspath(job.target or "")
        key, state = (self._unfinished if overwrite else self._known).get(place, ("", ""))
        if key != self._key(job.source, job.stamp, job.also) or not os.path.exists(place):
            return False
        # Begun, not noted as finished, and yet there: the run ended just between. Results appear whole or not at all.
        return state == "done" or (state == "started" and not overwrite)

    def was_begun(self, job: Job) -> bool:
        """Whether an earlier run began this job, with the same options, and did not end it."""
        key, state = self._unfinished.get(os.path.abspath(job.target or ""), ("", ""))
        return state == "started" and key == self._key(job.source, job.stamp, job.also)

    def plan(self, jobs: Iterable[Job]) -> None:
        """Open the file, where there is anything to be done; what is begun is written down one by one."""
        if any(job.error is None and not job.skipped for job in jobs):
            with self._lock:
                self._opened()

    def begin(self, job: Job) -> None:
        """Write that a job is begun."""
        self.note(job.source, job.target or "", "started", job.stamp, job.also)

    def end(self, job: Job, result: Result) -> None:
        """Write how a job ended."""
        self.note(job.source, job.target or "", "done" if result.ok else "failed", job.stamp, job.also)

    def note(self, source: str, target: str, state: str, stamp: str = "", also: str = "") -> None:
        """Write that a picture is "started", "done" or "failed"."""
        self._write({"target": os.path.abspath(target), "key": self._key(source, stamp, also), "state": state})

    def finish(self) -> None:
        """Write that the run came to its end, and close the file."""
        if self._file is not None or self._unfinished:
            self._write({"state": "finished"})
            self._opened().close()
            self._file = None

    def _write(self, entry: dict[str, str]) -> None:
        with self._lock:
            file = self._opened()
            file.write(json.dumps(entry) + "\n")
            file.flush()

    def _key(self, source: str, stamp: str, also: str) -> str:
        return key_of(source, stamp, self._options + also)


def key_of(source: str, stamp: str, options: str) -> str:
    """What a task is known by: its source in this version, and its options. ``stamp`` is of an address; a local file is
    looked at, and "missing" if it is not there."""
    if locations.is_url(source):
        identity = f"{source}\0{stamp}\0{options}"
    else:
        try:
            status = os.stat(source)
        except OSError:
            return "missing"
        identity = f"{os.path.abspath(source)}\0{status.st_size}\0{status.st_mtime_ns}\0{options}"
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def folder_for(inputs: list[str], output: str | None) -> str | None:
    """The folder, local or at an address, beside whose results a record of the run can lie; None for single files."""
    if output is not None:
        return output if output != "-" and is_folder(output) else None
    return next((text for text in inputs if is_folder(text) and (locations.is_url(text) or Path(text).is_dir())), None)


def is_folder(place: str) -> bool:
    """Whether a place is, or is to be, a folder."""
    if locations.is_url(place):
        return not locations.is_web(place) and (place.endswith("/") or not locations.name_of(place).suffix)
    return Path(place).is_dir() or Path(place).suffix == ""
