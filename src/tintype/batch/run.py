"""Many pictures: a run that no bad file stops. `plan` says what the inputs stand for and where each result goes."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.negative_look import LOOKS_NEGATIVE, looks_negative
from tintype.colorizer.options import ColorizeOptions, OutputOptions
from tintype.colorizer.restore import NEGATIVE
from tintype.colorizer.streaming import is_huge
from tintype.errors import OutputError, TintypeError, one_line
from tintype.files.atomic import write_whole
from tintype.files.stores import make_folder, staged
from tintype.parallel import alone
from tintype.photo.photo import Photo
from tintype.photo.tiff_pages import join_pages, page_numbers

from .job import STREAM, Job, Record, Report, Result
from .plan import COLOURED, READABLE, plan
from .rolls import Rolls
from .sidecars import write_extras
from .skip import LeftAlone, Skip

__all__ = ["COLOURED", "READABLE", "STREAM", "Given", "Job", "Made", "Report", "Result", "attempt",
           "colouring", "plan", "run", "run_each"]  # fmt: skip

# What a job hands over: a path, the bytes of a file, or a page that has been read.
Given = str | bytes | Photo
Make = Callable[[Given], "Photo | Made"]
Stream = Callable[[str, str], tuple[int, int] | None]
TIFF = (".tif", ".tiff")
PLAIN, NEW = ColorizeOptions(), OutputOptions()


@dataclass(frozen=True)
class Made:
    """A result; what writes the files that go beside it, given source, target and whether files may be replaced, and
    returns their paths; what the picture was, where `Skip` looked; and what is to be said of it."""

    photo: Photo
    beside: Callable[[str, str, bool], list[Path]] = lambda source, target, again: []
    found: str | None = None
    note: str | None = None


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    options: ColorizeOptions = PLAIN,
    output: OutputOptions = NEW,
    *,
    workers: int = 1,
    journal: Record | None = None,
    skip: Skip | None = None,
    done: Callable[[Result], None] = lambda result: None,
) -> Report:
    """Colour the jobs' pictures as `run_each` does, but for what ``skip`` leaves alone. With several workers give the
    colorizer as many streams."""
    jobs = list(jobs)
    rolls = Rolls(job.source for job in jobs) if NEGATIVE in options.taste.restore else None
    make, stream = colouring(colorizer, options, output, skip, rolls)
    return run_each(jobs, make, output, workers=workers, journal=journal, stream=stream, done=done)


def colouring(
    colorizer: Colorizer,
    options: ColorizeOptions = PLAIN,
    output: OutputOptions = NEW,
    skip: Skip | None = None,
    rolls: Rolls | None = None,
) -> tuple[Make, Stream]:
    """``make`` and ``stream``, as `run_each` and `attempt` want them, that colour with these options.

    ``rolls`` tell what negatives have in common.
    """
    model = options.open_reference(colorizer.open)

    def colour(source: Given) -> Made:
        opened = colorizer.open(source)
        found = None if skip is None else skip.check(opened.photo)
        wanted = options if rolls is None else options.of_roll(rolls.of(source))
        photo = wanted.predict(opened, model)
        note = LOOKS_NEGATIVE if rolls is None and looks_negative(opened.photo) else None
        if not output.has_extras:
            return Made(photo, found=found, note=note)

        def beside(near: str, target: str, again: bool) -> list[Path]:
            told = wanted.told(opened, model)
            return write_extras(opened, Path(near), Path(target), wanted, replace(output, overwrite=again), told)

        return Made(photo, beside, found, note)

    def stream(source: str, target: str) -> tuple[int, int] | None:
        steered = options.hints or model or output.has_extras
        if target == STREAM or colorizer.paints or steered or not is_huge(source, target):
            return None
        make_folder(target)
        return colorizer.colorize_file(
            source, target, size=options.size, taste=options.taste, overwrite=output.overwrite
        )

    return colour, stream


def _nothing(source: str, target: str) -> None:
    return None


def run_each(
    jobs: Iterable[Job],
    make: Make,
    output: OutputOptions = NEW,
    *,
    workers: int = 1,
    journal: Record | None = None,
    stream: Stream = _nothing,
    done: Callable[[Result], None] = lambda result: None,
) -> Report:
    """Do the jobs: ``make`` turns a path, or the bytes of a file, into what is to be written.

    ``workers`` pictures are worked on at a time, so that reading, the network and writing of different pictures
    overlap; no more than twice as many are ever waiting. ``done`` is called after each, in the calling thread, in the
    order of the jobs, as is the report. Errors end in the report, not here. ``stream``
    goes from file to file by itself and says how large the picture is, or None where it leaves it to ``make``.
    """

    def work(job: Job) -> Result:
        return attempt(job, make, stream, output, journal=journal)

    report = Report()
    if workers <= 1:
        for job in jobs:
            report.results.append(work(job))
            done(report.results[-1])
        return report

    def work_alone(job: Job) -> Result:
        with alone():
            return work(job)

    with ThreadPoolExecutor(workers) as pool:
        waiting: set[Future[Result]] = set()
        ordered: deque[Future[Result]] = deque()

        def tell(ended: Future[Result]) -> None:
            report.results.append(ended.result())
            done(report.results[-1])

        def collect() -> None:
            waiting.difference_update(wait(waiting, return_when=FIRST_COMPLETED).done)
            while ordered and ordered[0].done():
                tell(ordered.popleft())

        try:
            for job in jobs:
                future = pool.submit(work_alone, job)
                waiting.add(future)
                ordered.append(future)
                while len(waiting) >= 2 * workers:
                    collect()
            while waiting:
                collect()
        except KeyboardInterrupt:  # what is begun is finished and told of, the rest is not begun
            for future in [future for future in ordered if not future.cancel()]:
                tell(future)
            raise
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
    return report


def attempt(
    job: Job,
    make: Make,
    stream: Stream = _nothing,
    output: OutputOptions = NEW,
    *,
    journal: Record | None = None,
) -> Result:
    """Do one job; every error becomes part of the result."""
    if job.error is not None or job.target is None:
        return Result(job.source, None, job.error)
    if job.skipped:
        return Result(job.source, job.target, skipped=True)
    if journal is not None:
        try:
            journal.begin(job)
        except OutputError as error:
            return Result(job.source, None, one_line(error))
    again = output.overwrite or (journal is not None and journal.was_begun(job))
    result = _attempt(job, job.target, make, stream, output, again)
    if journal is not None:
        journal.end(job, result)
    return result


def _attempt(job: Job, place: str, make: Make, stream: Stream, output: OutputOptions, again: bool) -> Result:
    started = time.perf_counter()
    beside: list[Path] = []
    found: str | None = None
    note: str | None = None
    try:
        with staged(job.source, place, overwrite=output.overwrite) as (source, target):
            size = stream(source, target)
            if size is None:
                made, beside = _do(source, target, make, output, again)
                size, found, note = (made.photo.width, made.photo.height), made.found, made.note
            written = None if target == STREAM else os.path.getsize(target)
        return Result(job.source, place, None, *size, round(time.perf_counter() - started, 3), bytes=written,
                      beside=tuple(map(str, beside)), found=found, note=note)  # fmt: skip
    except LeftAlone as decision:
        return Result(job.source, None, found=decision.found, left=str(decision))
    except TintypeError as error:
        return Result(job.source, None, one_line(error))
    except Exception as error:  # a fault of ours in one picture must not cost the others theirs
        what = f"{job.source}: unexpected {type(error).__name__}: {error}"
        return Result(job.source, None, one_line(what))


def _do(source: str, target: str, make: Make, output: OutputOptions, again: bool) -> tuple[Made, list[Path]]:
    """Make and write a result. What goes beside it is written first, so that a result that is there has all of it;
    ``again``: an earlier run may have left some of that."""
    if source != STREAM and len(pages := page_numbers(source)) > 1:
        if Path(target).suffix.lower() in TIFF:
            return _do_pages(source, target, pages, make, output.overwrite, again)
        kind = "standard output" if target == STREAM else Path(target).suffix
        raise OutputError(f"{source}: has {len(pages)} pages, and {kind} holds one; write .tif to keep them all")
    made = _made(make(sys.stdin.buffer.read() if source == STREAM else source))
    if target == STREAM:
        sys.stdout.buffer.write(made.photo.encode(quality=output.quality))
        sys.stdout.buffer.flush()
        return made, []
    make_folder(target)
    beside = made.beside(source, target, again)
    made.photo.save(target, overwrite=output.overwrite, quality=output.quality)
    return made, beside


def _made(what: Photo | Made) -> Made:
    return what if isinstance(what, Made) else Made(what)


def _do_pages(
    source: str, target: str, numbers: list[int], make: Make, overwrite: bool, again: bool
) -> tuple[Made, list[Path]]:
    """These pages of a TIFF; the first of them, and what lies beside it, is handed back."""
    first: Made | None = None
    pages = []
    for number in numbers:
        made = _made(make(Photo.read(source, page=number)))
        first = first or made
        pages.append(made.photo.encode("TIFF"))
    assert first is not None
    make_folder(target)
    beside = first.beside(source, target, again)
    write_whole(Path(target), lambda: join_pages(pages), overwrite=overwrite)
    return first, beside
