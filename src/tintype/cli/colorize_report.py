"""What `tintype colorize` says: progress, a line for each result, JSON, a page of before and after, and its status."""

import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Any

from tintype.batch.contact_sheet import write_sheet
from tintype.batch.job import Report, Result
from tintype.batch.passed_over import passed_over, say
from tintype.console import tell_stopped
from tintype.files.locations import name_of
from tintype.video.sniff import FILM_SUFFIXES

from . import complain
from .colorize_plan import Plan
from .manners import failed, status_of
from .progress import shown


class Reporter:
    """Tells of results as they come, and of the whole at the end."""

    def __init__(self, plan: Plan) -> None:
        request = plan.request
        self._plan, self._request = plan, request
        self.progress = shown(request.style, len(plan.jobs), quiet=request.quiet)
        hushed = request.quiet or request.as_json or plan.to_stream or request.style == "json"
        self._lines = not (hushed or self.progress.hides_lines)
        self._troubled: list[Result] = []
        self._count = self._failed = 0

    @property
    def under_way(self) -> str:
        """What a line on a terminal says until there is something to show."""
        jobs, films = self._plan.jobs, self._plan.films
        if self._request.watching:
            return "waiting for pictures until Ctrl-C"
        if len(jobs) + len(films) != 1:
            return f"colouring {len(jobs)} pictures" if jobs else "looking into the films"
        return f"colouring {name_of((*jobs, *films)[0].source)}"

    @contextlib.contextmanager
    def stoppable(self) -> Iterator[None]:
        """A run within that Ctrl-C stops tells how far it came, and whether it can go on."""
        try:
            yield
        except KeyboardInterrupt:
            total = len(self._plan.jobs)
            many = total > 1 and not self._request.quiet
            count = f": {self._count - self._failed} of {total} done" if many else ""
            count += f", {self._failed} failed" if many and self._failed else ""
            goes_on = (many and self._plan.journal is not None) or self._plan.films
            tell_stopped(f"stopped{count}{'; the same command goes on' if goes_on else ''}")
            raise

    def done(self, result: Result) -> None:
        """A picture has been coloured, or has failed."""
        self._count += 1
        if (trouble := self._request.manners.after(result)) is not None:
            result = failed(result, trouble)
            self._troubled.append(result)
        self._failed += not result.ok
        self.progress.step(result)
        if result.error is not None and self._request.style != "json":
            complain(result.error)
        if result.note is not None:
            print(f"tintype: {result.source} {result.note}", file=sys.stderr)
        if result.left is not None:
            print(f"tintype: {result.source} {result.left}", file=sys.stderr)
        elif self._lines and result.error is None and not result.skipped:
            for path in (result.target, *result.beside):
                print(f"{result.source} -> {path}", flush=True)

    def finish(self, report: Report, films: list[dict[str, Any]]) -> int:
        """Tell of all results; the exit status.

        Raises:
            OutputError: the page cannot be written.
        """
        request = self._request
        missed = sum(not film["ok"] for film in films)
        if request.sheet is not None:
            write_sheet(report, request.sheet)
        left_out = passed_over(request.inputs, request.output, known=FILM_SUFFIXES)
        if request.as_json:
            further = ({"films": films} if films else {}) | ({"left_out": dict(left_out)} if left_out else {})
            print(json.dumps(report.as_dict() | further, indent=2))
        if left_out and not request.quiet:
            print(f"tintype: {say(left_out)}", file=sys.stderr)
        if (len(self._plan.jobs) > 1 or request.watching) and not request.quiet and request.style != "json":
            print(report.summary(), file=sys.stderr)
        if len(films) > 1 and not request.quiet:
            old = sum(bool(film.get("skipped")) for film in films)
            kept = sum(film.get("left") is not None for film in films)
            skipped = (f"{old} skipped, " if old else "") + (f"{kept} left as they are, " if kept else "")
            print(f"films: {len(films) - missed - old - kept} coloured, {skipped}{missed} failed", file=sys.stderr)
        if request.watching:
            return 1 if report.failed or self._troubled else 0
        return status_of([*report.results, *self._troubled], films, missed)
