"""What workers do for a film: look for its scenes, colour some of them, join what all have coloured."""

import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tintype.batch.job import Job
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import InputError, TintypeError, one_line
from tintype.files import locations, stores
from tintype.video.codecs import Settings
from tintype.video.film import FilmRun, one_thread
from tintype.video.film_report import Progress
from tintype.video.following import HintsAt
from tintype.video.look import preview_film
from tintype.video.need import library_versions
from tintype.video.options import FilmOptions
from tintype.video.parts import PartStore
from tintype.video.sniff import is_film
from tintype.video.spans import Span, find_spans

from .film_cache import fetched, scratch
from .film_parts import Division, SpanStore, divided, folder_of, gathered, keep
from .worker import WorkerOptions, open_colorizer

_TELL = 1.0  # seconds between words on how far a span is


@dataclass(frozen=True)
class FilmWorkerOptions:
    """Colouring options of films, serialisable, sent to every worker. ``options`` without its reference, whose
    bytes are in ``way``; ``step``: seconds between the frames of a preview, 0 for as many as look well."""

    way: WorkerOptions
    options: FilmOptions
    step: float | None = None


@dataclass(frozen=True)
class FilmTask:
    """What a worker must know of a film to colour any span of it as all others do."""

    film: int
    job: Job
    settings: Settings
    hints_at: HintsAt
    libraries: tuple[str, ...]


@dataclass(frozen=True)
class Scan:
    """A film as it was looked through; ``piece`` is None if the result was there already, in so many ``bytes``."""

    piece: FilmTask | None
    spans: tuple[Span, ...] = ()
    trouble: tuple[str, ...] = ()
    bytes: int | None = None


@dataclass(frozen=True)
class TaskResult:
    """A film that is in its place: what the report says of it, and its bytes."""

    report: dict[str, Any]
    bytes: int


def scan(film: int, job: Job, how: FilmWorkerOptions, models: Sequence[Any], tally: Any, attempt: int) -> Scan:
    """Look through a film once for where it can be divided; ``tally`` is told of each span as it is found.

    Raises:
        TintypeError: its children, for all that makes a film impossible.
    """
    target = str(job.target)
    if not how.way.output.overwrite and (there := stores.size_of(target)) is not None:
        return Scan(None, bytes=there)
    with _workspace(job, how, models) as work:
        run = FilmRun(work.source, work.target, work.colorizer, work.options, store=PartStore(work.folder / "no", {}))
        piece = FilmTask(film, job, run.settings, run.hints_at, library_versions())
        identity = _identity(run, job, how, work.colorizer)
        known = divided(target, identity, fresh=how.way.output.overwrite and attempt == 1)
        tally.tell.remote(piece)
        if known is None:
            spans = []
            frames = run.reader.frames(start=work.options.start, end=work.options.end)
            for span in find_spans(frames, run.info, work.options):
                spans.append(span)
                tally.tell.remote((film, span))
            if not spans:
                raise InputError(f"{job.source}: no frame lies between --start and --end")
            known = Division(tuple(spans), tuple(run.reader.trouble.notes()))
            keep(target, identity, known)
        return Scan(piece, known.spans, known.trouble)


def colour(piece: FilmTask, span: Span, how: FilmWorkerOptions, models: Sequence[Any], tally: Any) -> int:
    """Colour a span, from where an earlier try ended; how many of its frames that had left.

    Raises:
        TintypeError: its children, for all that makes it impossible.
    """
    with scratch() as folder:
        store = SpanStore(folder, str(piece.job.target), span)
        had = store.frames
        if had == span.frames:
            return had
        told = time.monotonic()

        def tell(progress: Progress) -> None:
            nonlocal told
            if time.monotonic() - told > _TELL:
                told = time.monotonic()
                tally.note.remote(piece.film, span.number, progress.frames)

        with _workspace(piece.job, how, models) as work, one_thread():
            run = _run(piece, work, store, tell)
            run.colour(run.reader.frames_known(span.known[had:]))
        return had


def join(
    piece: FilmTask, spans: tuple[Span, ...], trouble: tuple[str, ...], how: FilmWorkerOptions, models: Sequence[Any]
) -> TaskResult:
    """Write the film of its coloured spans to its place, whole; their parts stay.

    Raises:
        TintypeError: its children, for all that makes it impossible.
    """
    target = str(piece.job.target)
    with _workspace(piece.job, how, models, beside=True) as work:
        report = _run(piece, work, gathered(work.folder, target, spans)).join(list(trouble))
        size = work.target.stat().st_size
        if how.way.output.overwrite or stores.size_of(target) is None:  # else an earlier try could not say so any more
            stores.put(work.target, target, overwrite=how.way.output.overwrite)
    return TaskResult(report.as_dict() | {"source": piece.job.source, "target": target}, size)


def preview(job: Job, how: FilmWorkerOptions, models: Sequence[Any]) -> TaskResult:
    """Write a sheet of small frames from all over the film to ``job.target``.

    Raises:
        TintypeError: its children, for all that makes it impossible.
    """
    target = str(job.target)
    with _workspace(job, how, models) as work:
        report = preview_film(work.source, os.fspath(work.target), work.colorizer, work.options, step=how.step or None)
        stores.write(target, work.target.read_bytes(), overwrite=how.way.output.overwrite)
        return TaskResult(report | {"source": job.source, "target": target}, work.target.stat().st_size)


@dataclass(frozen=True)
class _Workspace:
    """Temporary workspace of one film task: local copy, output path, colorizer, options."""

    source: str
    target: Path
    folder: Path
    colorizer: Colorizer
    options: FilmOptions


@contextlib.contextmanager
def _workspace(
    job: Job, how: FilmWorkerOptions, models: Sequence[Any], *, beside: bool = False
) -> Iterator[_Workspace]:
    """A workspace, removed on exit; errors name the film's own places. ``beside``: write on the disk of the result."""
    near = fetched(job.source, job.stamp)
    if not is_film(near):
        raise InputError(f"{job.source}: its first bytes are those of a still picture, whatever it is called; no film")
    name = locations.name_of(str(job.target)).name
    with scratch() as folder, contextlib.ExitStack() as after:
        made = folder
        if beside and not locations.is_url(str(job.target)):
            made = Path(folder_of(str(job.target))) / f"join-{secrets.token_hex(4)}"
            made.mkdir(parents=True)
            after.callback(stores.remove_folder, os.fspath(made))
        options = how.options
        if how.way.options.references:  # on a cluster one at most
            reference = folder / "reference"
            reference.write_bytes(how.way.options.references[0])
            options = replace(options, reference=os.fspath(reference))
        try:
            yield _Workspace(near, made / name, folder, _colorizer(how.way, models), options)
        except TintypeError as error:
            text = str(error).replace(os.fspath(made / name), str(job.target))
            raise type(error)(text.replace(near, job.source)) from error


def _run(
    piece: FilmTask, work: _Workspace, store: PartStore, progress: Callable[[Progress], None] = lambda progress: None
) -> FilmRun:
    here = library_versions()
    if here != piece.libraries:
        raise TintypeError(
            f"a worker has PyAV, OpenCV and NumPy {', '.join(here)}, another {', '.join(piece.libraries)}: "
            "parts that differ cannot be joined; install the same on all machines"
        )
    return FilmRun(
        work.source,
        work.target,
        work.colorizer,
        work.options,
        store=store,
        settings=piece.settings,
        hints_at=piece.hints_at,
        progress=progress,
    )


_kept: dict[tuple[Any, ...], Colorizer] = {}


def _colorizer(way: WorkerOptions, models: Sequence[Any]) -> Colorizer:
    """The models, opened once in this process."""
    key = (*(model.hex() for model in models), way.models, way.device, way.precision, way.threads)
    if key not in _kept:
        _kept.clear()
        _kept[key] = open_colorizer(way, models, streams=1)
    return _kept[key]


def _identity(run: FilmRun, job: Job, how: FilmWorkerOptions, colorizer: Colorizer) -> dict[str, Any]:
    """Everything that the coded parts depend on, wherever they are made."""
    known = run.identity(colorizer) | {
        "engine": ["ray", how.way.device, how.way.precision],
        "film": repr(replace(run.info, path="")),
        "options": repr(how.options),
        "reference": next((hashlib.sha256(one).hexdigest() for one in how.way.options.references), None),
    }
    return known | ({"source": job.source, "stamp": job.stamp} if locations.is_url(job.source) else {})


TASKS: dict[str, Callable[..., Any]] = {"scan": scan, "colour": colour, "join": join, "preview": preview}


@dataclass(frozen=True)
class TaskFailure:
    """Why a task could not be done, in one line."""

    error: str


def attempted(kind: str, *arguments: Any) -> Any:
    """What came of one of these tasks; every error becomes a `TaskFailure`."""
    try:
        return TASKS[kind](*arguments)
    except TintypeError as error:
        return TaskFailure(one_line(error))
    except Exception as error:  # a fault of ours in one film must not cost the others theirs
        return TaskFailure(" ".join(f"unexpected {type(error).__name__}: {error}".split()))
