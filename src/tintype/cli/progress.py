"""How far a run is: a bar for people, JSON lines for other programs, or nothing; and how much is said."""

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Literal, Protocol

from tintype.console import status, told_stopped

Style = Literal["auto", "json", "none"]


class Progress(Protocol):
    """What is told of a run as it goes. ``hides_lines``: a line for each picture beside it would be too much."""

    hides_lines: bool

    def __enter__(self) -> "Progress": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def step(self, result: Any) -> None:
        """One picture has been dealt with: a `batch.Result`."""


class Silent:
    """Nothing is told."""

    hides_lines = False

    def __enter__(self) -> "Silent":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def step(self, result: Any) -> None:
        """Nothing."""


class Bar:
    """A bar on standard error, taken away at the end."""

    hides_lines = True

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("colouring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
        self._task = self._bar.add_task("colouring", total=total)

    def __enter__(self) -> "Bar":
        status.clear()
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, result: Any) -> None:
        """Move on by one."""
        self._bar.advance(self._task)


class Lines:
    """One JSON object a line on standard error: "start" with the total, "step" for each picture, "end" or "stopped".

    A step has index (from 1), total, source, target, ok, skipped, error, seconds, elapsed. SIGINT stops the run after
    what is begun, with the line "stopped" and status 130.
    """

    hides_lines = True

    def __init__(self, total: int, write: Callable[[str], Any] | None = None) -> None:
        self._total, self._count, self._started = total, 0, time.monotonic()
        self._write = write or (lambda text: print(text, file=sys.stderr, flush=True))

    def _say(self, event: str, **facts: Any) -> None:
        self._write(json.dumps({"event": event, **facts}))

    def __enter__(self) -> "Lines":
        self._say("start", total=self._total)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        event = "end" if kind is None else "stopped"
        if kind is KeyboardInterrupt:
            told_stopped()
        self._say(event, done=self._count, total=self._total, elapsed=round(time.monotonic() - self._started, 3))

    def step(self, result: Any) -> None:
        """Tell of one."""
        self._count += 1
        self._say(
            "step",
            index=self._count,
            total=self._total,
            source=result.source,
            target=result.target,
            ok=result.ok,
            skipped=result.skipped,
            error=result.error,
            seconds=result.seconds,
            elapsed=round(time.monotonic() - self._started, 3),
        )


def shown(style: Style, total: int, *, quiet: bool = False) -> Progress:
    """The progress of this style; "auto" is a bar where a terminal can draw one and there are several pictures."""
    if style == "json":
        return Lines(total)
    able = sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")
    return Bar(total) if style == "auto" and total > 1 and able and not quiet else Silent()


def speak(verbose: int) -> None:
    """Send what `logging` has of tintype to standard error: with 1 what is done, with 2 every detail."""
    if not verbose:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("tintype: %(message)s"))
    log = logging.getLogger("tintype")
    log.addHandler(handler)
    log.setLevel(logging.INFO if verbose == 1 else logging.DEBUG)


@contextlib.contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error for work that tells how far it is: ``tell(done, total)``, with total 0 if not known."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
