"""Many pictures: what the inputs stand for, where each result goes, and a run that no bad file stops."""

import glob
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .colorizer import Colorizer
from .errors import InputError, OutputError, TintypeError
from .hints import Hint
from .huge import is_huge
from .journal import Journal
from .pages import join_pages, page_numbers
from .photo import SUFFIXES, Photo, write_whole
from .taste import Taste
from .threads import alone

STREAM = "-"
READABLE = frozenset({*SUFFIXES, ".gif", ".avif", ".heic", ".heif", ".jxl"})
COLOURED = "-color"
# What a job hands over: a path, the bytes of a file, or a page that has been read.
Given = str | bytes | Photo
TIFF = (".tif", ".tiff")


@dataclass(frozen=True)
class Job:
    """One picture to work on: ``source`` and ``target`` are paths, or "-" for the standard streams.

    ``error`` says why there is nothing to be done; ``target`` is then None. ``skipped``: an earlier run, as its journal
    says, has done it.
    """

    source: str
    target: str | None
    error: str | None = None
    skipped: bool = False


@dataclass(frozen=True)
class Result:
    """What became of one job: ``error`` is None if the picture was written or skipped; sizes are in pixels."""

    source: str
    target: str | None
    error: str | None = None
    width: int | None = None
    height: int | None = None
    seconds: float = 0.0
    skipped: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None


@dataclass
class Report:
    """The results of a run, in the order of the jobs."""

    results: list[Result] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(not result.ok for result in self.results)

    @property
    def skipped(self) -> int:
        return sum(result.skipped for result in self.results)

    @property
    def coloured(self) -> int:
        return len(self.results) - self.failed - self.skipped

    def summary(self) -> str:
        """One line: how many pictures were coloured, skipped, failed."""
        skipped = f"{self.skipped} skipped, " if self.skipped else ""
        return f"{self.coloured} coloured, {skipped}{self.failed} failed"

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {
            "coloured": self.coloured,
            "skipped": self.skipped,
            "failed": self.failed,
            "results": [asdict(result) | {"ok": result.ok} for result in self.results],
        }


def plan(
    inputs: Sequence[str],
    output: str | None = None,
    *,
    overwrite: bool = False,
    mark: str = COLOURED,
    suffix: str | None = None,
    journal: Journal | None = None,
) -> list[Job]:
    """Expand inputs into jobs, each with its target.

    An input is a file, a folder (searched to the bottom; hidden files and earlier results are left out), a
    glob pattern or "-". Without ``output`` a result goes beside its source as NAME-color.EXT: ``mark`` is that
    "-color", and ``suffix`` an EXT for all results in place of the source's own. ``output`` is a file if there is
    one input file and ``output`` has a suffix, else a folder, in which the structure of input folders is kept. An
    input that cannot be used, or a target that exists, becomes a job with an error. What ``journal`` says is done
    becomes a job to skip.

    Raises:
        InputError: "-" beside other inputs, or no input at all.
        OutputError: ``output`` is one file, or "-", and there is more than one picture.
    """
    if not inputs:
        raise InputError("no input; name a file, a folder, a pattern such as '*.jpg', or - for standard input")
    if STREAM in inputs:
        if len(inputs) > 1:
            raise InputError("- (standard input) must be the only input")
        return [_checked(STREAM, output or STREAM, overwrite)]
    found = list(_expand(inputs, Path(output) if output and output != STREAM else None, mark))
    single = len(inputs) == 1 and len(found) == 1 and not Path(inputs[0]).is_dir()
    if output is not None and not single and _is_file_name(output):
        raise OutputError(f"{output}: one file for {len(found)} pictures; name a folder")
    if output == STREAM:
        return [Job(source, None if error else STREAM, error) for source, _, error in found]
    jobs: list[Job] = []
    taken: dict[str, str] = {}
    for source, inside, error in found:
        if error is not None:
            jobs.append(Job(source, None, error))
            continue
        target = os.fspath(_target(Path(source), inside, output, single, mark, suffix))
        if target in taken:
            error = f"{source}: its result would be {target}, as that of {taken[target]}; do them apart"
            jobs.append(Job(source, None, error))
            continue
        taken[target] = source
        if journal is not None and journal.is_done(source, target, overwrite=overwrite):
            jobs.append(Job(source, target, skipped=True))
        else:
            jobs.append(_checked(source, target, overwrite))
    return jobs


def run(
    jobs: Iterable[Job],
    colorizer: Colorizer,
    *,
    size: int | None = None,
    hints: Sequence[Hint] = (),
    reference: Path | None = None,
    taste: Taste | None = None,
    quality: int | None = None,
    overwrite: bool = False,
    workers: int = 1,
    journal: Journal | None = None,
    done: Callable[[Result], None] = lambda result: None,
) -> Report:
    """Colour the jobs' pictures as `run_each` does. With several workers give the colorizer as many streams."""
    model = None if reference is None else colorizer.open(reference)

    def colour(source: Given) -> Photo:
        return colorizer.open(source).predict(size=size, hints=hints, reference=model, taste=taste)

    def stream(source: str, target: str) -> tuple[int, int] | None:
        if target == STREAM or colorizer.paints or hints or model or not is_huge(source, target):
            return None
        _make_folder(target)
        return colorizer.colorize_file(source, target, size=size, taste=taste, overwrite=overwrite)

    return run_each(
        jobs, colour, quality=quality, overwrite=overwrite, workers=workers, journal=journal, stream=stream, done=done
    )


def run_each(
    jobs: Iterable[Job],
    make: Callable[[Given], Photo],
    *,
    quality: int | None = None,
    overwrite: bool = False,
    workers: int = 1,
    journal: Journal | None = None,
    stream: Callable[[str, str], tuple[int, int] | None] = lambda source, target: None,
    done: Callable[[Result], None] = lambda result: None,
) -> Report:
    """Do the jobs: ``make`` turns a path, or the bytes of a file, into what is to be written.

    ``workers`` pictures are worked on at a time, so that reading, the network and writing of different pictures
    overlap; no more than twice as many are ever waiting. ``done`` is called after each, in the calling thread, in the
    order of the jobs, as is the report. Errors end in the report, not here. ``stream``
    goes from file to file by itself and says how large the picture is, or None where it leaves it to ``make``.
    """

    def attempt(job: Job) -> Result:
        return _attempt(job, make, stream, quality, overwrite, journal)

    report = Report()
    if workers <= 1:
        for job in jobs:
            report.results.append(attempt(job))
            done(report.results[-1])
        return report

    def attempt_alone(job: Job) -> Result:
        with alone():
            return attempt(job)

    with ThreadPoolExecutor(workers) as pool:
        waiting: set[Future[Result]] = set()
        ordered: deque[Future[Result]] = deque()

        def collect() -> None:
            waiting.difference_update(wait(waiting, return_when=FIRST_COMPLETED).done)
            while ordered and ordered[0].done():
                result = ordered.popleft().result()
                report.results.append(result)
                done(result)

        try:
            for job in jobs:
                future = pool.submit(attempt_alone, job)
                waiting.add(future)
                ordered.append(future)
                while len(waiting) >= 2 * workers:
                    collect()
            while waiting:
                collect()
        except BaseException:  # Ctrl-C: what is begun is finished, the rest is not begun
            for future in waiting:
                future.cancel()
            raise
    return report


def _attempt(
    job: Job,
    make: Callable[[Given], Photo],
    stream: Callable[[str, str], tuple[int, int] | None],
    quality: int | None,
    overwrite: bool,
    journal: Journal | None,
) -> Result:
    """Do one job; every error becomes part of the result."""
    if job.error is not None or job.target is None:
        return Result(job.source, None, job.error)
    if job.skipped:
        return Result(job.source, job.target, skipped=True)
    started = time.perf_counter()
    if journal is not None:
        journal.note(job.source, job.target, "started")
    state = "failed"
    try:
        size = stream(job.source, job.target)
        if size is None:
            photo = _do(job.source, job.target, make, quality, overwrite)
            size = photo.width, photo.height
        seconds = round(time.perf_counter() - started, 3)
        state = "done"
        return Result(job.source, job.target, None, *size, seconds)
    except TintypeError as error:
        return Result(job.source, None, _one_line(str(error)))
    except Exception as error:  # a fault of ours in one picture must not cost the others theirs
        what = f"{job.source}: unexpected {type(error).__name__}: {error}"
        return Result(job.source, None, _one_line(what))
    finally:
        if journal is not None:
            journal.note(job.source, job.target, state)


def _do(source: str, target: str, make: Callable[[Given], Photo], quality: int | None, overwrite: bool) -> Photo:
    if source != STREAM and len(pages := page_numbers(source)) > 1:
        if Path(target).suffix.lower() in TIFF:
            return _do_pages(source, target, pages, make, overwrite)
        if target != STREAM:
            kind = Path(target).suffix
            raise OutputError(f"{source}: has {len(pages)} pages, and {kind} holds one; write .tif to keep them all")
    made = make(sys.stdin.buffer.read() if source == STREAM else source)
    if target == STREAM:
        sys.stdout.buffer.write(made.encode(quality=quality))
        sys.stdout.buffer.flush()
        return made
    _make_folder(target)
    made.save(target, overwrite=overwrite, quality=quality)
    return made


def _do_pages(source: str, target: str, numbers: list[int], make: Callable[[Given], Photo], overwrite: bool) -> Photo:
    """These pages of a TIFF; the first of them is handed back."""
    first: Photo | None = None
    pages = []
    for number in numbers:
        made = make(Photo.read(source, page=number))
        first = first or made
        pages.append(made.encode("TIFF"))
    assert first is not None
    _make_folder(target)
    write_whole(Path(target), lambda: join_pages(pages), overwrite=overwrite)
    return first


def _make_folder(target: str) -> None:
    try:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{target}: the folder cannot be made ({error.strerror or error})") from error


def _expand(inputs: Sequence[str], output_folder: Path | None, mark: str) -> Iterator[tuple[str, Path, str | None]]:
    """(source, its place inside the input folder, error) for each picture, each file once."""
    seen: set[Path] = set()
    for text in inputs:
        for source, inside, error in _expand_one(text, output_folder, mark):
            if error is None:
                real = Path(source).resolve()
                if real in seen:
                    continue
                seen.add(real)
            yield source, inside, error


def _expand_one(text: str, output_folder: Path | None, mark: str) -> Iterator[tuple[str, Path, str | None]]:
    path = Path(text)
    if path.is_dir():
        files = list(_pictures(path, output_folder, mark))
        if not files:
            yield text, path, f"{text}: no pictures in this folder; looked for {', '.join(sorted(READABLE))}"
        for file in files:
            yield os.fspath(file), file.relative_to(path), None
    elif path.exists() or not glob.has_magic(text):
        # A file that is missing fails when it is read, with the reader's own message.
        yield text, Path(path.name), None
    else:
        matches = [Path(match) for match in sorted(glob.glob(text, recursive=True)) if Path(match).is_file()]
        if not matches:
            yield text, path, f"{text}: no file matches this pattern"
        for match in matches:
            yield os.fspath(match), Path(match.name), None


def _pictures(folder: Path, output_folder: Path | None, mark: str) -> Iterator[Path]:
    skipped = output_folder.resolve() if output_folder else None
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and (here / name).resolve() != skipped)
        for name in sorted(files):
            path = here / name
            if name.startswith(".") or path.suffix.lower() not in READABLE or path.stem.endswith(mark):
                continue
            yield path


def _target(source: Path, inside: Path, output: str | None, single: bool, mark: str, wanted: str | None) -> Path:
    # What cannot be written in colour (a GIF holds 256 colours) or has no suffix becomes PNG.
    suffix = wanted or (source.suffix if source.suffix.lower() in SUFFIXES else ".png")
    beside = source.with_name(f"{source.stem}{mark}{suffix}")
    if output is None:
        return beside
    if single and _is_file_name(output):
        return Path(output)
    target = Path(output) / inside.with_suffix(suffix)
    return beside if target.resolve() == source.resolve() else target


def _is_file_name(output: str) -> bool:
    """Whether ``output`` means one file: a folder exists, ends in a slash, or has no suffix."""
    path = Path(output)
    return output == STREAM or not (path.is_dir() or output.endswith(("/", os.sep)) or path.suffix == "")


def _checked(source: str, target: str, overwrite: bool) -> Job:
    """The job, or why its target cannot be: said before any work is done."""
    if target == STREAM:
        return Job(source, target)
    path = Path(target)
    if path.suffix.lower() not in SUFFIXES:
        what = f"{path.suffix} is not a format to write" if path.suffix else "a format is missing"
        return Job(source, None, f"{target}: {what}; use .jpg, .png, .webp, .tif or .bmp")
    if path.is_dir():
        return Job(source, None, f"{target}: is a folder; name a file")
    if path.exists() and not overwrite:
        return Job(source, None, f"{target}: exists already; add --overwrite to replace it")
    return Job(source, target)


def _one_line(text: str) -> str:
    return " ".join(text.split())
