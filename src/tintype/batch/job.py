"""What batches are made of: a job, what became of it, the report of a run, and what keeps record of it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

STREAM = "-"


@dataclass(frozen=True)
class Job:
    """One picture to work on: ``source`` and ``target`` are paths or addresses, or "-" for the standard streams.

    ``error`` says why there is nothing to be done; ``target`` is then None. ``skipped``: an earlier run, as its record
    says, has done it. ``stamp`` tells versions of a source at an address apart; "" for local files, which are looked
    at when needed. ``replaces``: a file is there, and is to be replaced. ``also``: options that the result depends on
    beside those that the record of the run knows, as plain text.
    """

    source: str
    target: str | None
    error: str | None = None
    skipped: bool = False
    stamp: str = ""
    replaces: bool = False
    also: str = ""


@dataclass(frozen=True)
class Result:
    """What became of one job: ``error`` is None if the picture was written or skipped; sizes are in pixels, and in
    bytes that of the written file; ``attempt`` counts the tries from 1; ``beside``: what was written besides. ``found``
    is what the picture was ("grey", "toned", "colour", "own"), where that was looked at; ``left`` why it was left as it
    is, with nothing written; ``note`` is what the user should know, such as that it looks like a negative."""

    source: str
    target: str | None
    error: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float = 0.0
    skipped: bool = False
    bytes: int | None = None
    attempt: int = 1
    beside: tuple[str, ...] = ()
    found: str | None = None
    left: str | None = None
    note: str | None = None

    @property
    def ok(self) -> bool:
        return self.error is None


@dataclass
class Report:
    """Results of a run, in job order (on Ray: in order of completion)."""

    results: list[Result] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(not result.ok for result in self.results)

    @property
    def skipped(self) -> int:
        return sum(result.skipped for result in self.results)

    @property
    def left(self) -> int:
        return sum(result.left is not None for result in self.results)

    @property
    def coloured(self) -> int:
        return len(self.results) - self.failed - self.skipped - self.left

    def summary(self) -> str:
        """One line: how many pictures were coloured, skipped, failed."""
        skipped = f"{self.skipped} skipped, " if self.skipped else ""
        left = f"{self.left} left as they are, " if self.left else ""
        return f"{self.coloured} coloured, {left}{skipped}{self.failed} failed"

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {
            "coloured": self.coloured,
            "skipped": self.skipped,
            "left": self.left,
            "failed": self.failed,
            "results": [asdict(result) | {"ok": result.ok} for result in self.results],
        }


class Record(Protocol):
    """What remembers a run so that the next can go on: a `Journal` beside local results, a `Manifest` anywhere."""

    def is_done(self, job: Job, *, overwrite: bool = False, size: int | None = None) -> bool:
        """Whether this picture was coloured with the same options and its result is there; ``size``: its bytes."""

    def was_begun(self, job: Job) -> bool:
        """Whether an earlier run began this job, with the same options, and did not end it."""

    def plan(self, jobs: Iterable[Job]) -> None:
        """These are to be done; told before any of them is begun."""

    def begin(self, job: Job) -> None:
        """A job is about to be worked on."""

    def end(self, job: Job, result: Result) -> None:
        """A job has ended, well or not."""

    def finish(self) -> None:
        """The run came to its end."""
