"""The film side of `tintype colorize` and `tintype evaluate`: progress, one line for each film, notes and tables."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tintype.batch.job import Record
from tintype.batch.run import Job
from tintype.batch.skip import LeftAlone
from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.taste import Taste
from tintype.errors import TintypeError
from tintype.files import locations
from tintype.network.engine import Device, Precision
from tintype.network.model_file import ModelFile
from tintype.video.options import FilmHint, FilmOptions, parse_every, parse_time
from tintype.video.restoration import check_steps

from . import complain
from .film_options import FilmWishes

if TYPE_CHECKING:
    from tintype.cluster.worker import WorkerOptions


def film_options(wishes: FilmWishes, size: int | None, references: Sequence[Path], taste: Taste) -> FilmOptions:
    """The options of the command line, as the library takes them."""
    return FilmOptions(
        size=size,
        stability=wishes.stability,
        every=parse_every(wishes.every),
        codec=wishes.codec,
        crf=wishes.crf,
        depth=wishes.depth,
        start=None if wishes.start is None else parse_time(wishes.start),
        end=None if wishes.end is None else parse_time(wishes.end),
        rate=wishes.rate,
        hints=tuple(FilmHint.parse(text) for text in wishes.hints),
        reference=str(references[0]) if len(references) == 1 else None,
        references=tuple(map(str, references)) if len(references) > 1 else (),
        taste=replace(taste, restore=()),
        restore=check_steps(wishes.restore),
        deinterlace=wishes.deinterlace,
        skip_colour=wishes.skip_colour or wishes.skip_toned,
        skip_toned=wishes.skip_toned,
        again=wishes.again,
    )


def colour_films(
    jobs: list[Job],
    colorizer: Colorizer,
    options: FilmOptions,
    *,
    overwrite: bool,
    preview: str | None,
    quiet: bool,
) -> list[dict[str, Any]]:
    """Colour the films, or only look into them where ``preview`` gives a step in seconds or "auto".

    Returns:
        for each job its report as plain values; "ok" says whether there is a result.
    """
    step = preview_step(preview)
    reports: list[dict[str, Any]] = []
    for job in jobs:
        told: set[str] = set()
        try:
            if job.error is not None or job.target is None:
                raise TintypeError(job.error or job.source)
            report = _one(job.source, job.target, colorizer, options, overwrite, step, told)
        except LeftAlone as left:
            print(f"tintype: {job.source} {left}", file=sys.stderr)
            kept = {"found": left.found, "left": str(left)}
            reports.append({"source": job.source, "target": None, "error": None, "ok": True} | kept)
            continue
        except TintypeError as error:
            complain(str(error))
            reports.append({"source": job.source, "target": None, "error": str(error), "ok": False})
            continue
        for note in report["notes"]:
            if note not in told:
                print(f"tintype: {job.source}: {note}", file=sys.stderr)
        if not quiet:
            print(f"{report['source']} -> {report['target']}", flush=True)
        reports.append(report | {"error": None, "ok": True})
    return reports


def colour_films_on_ray(
    jobs: list[Job],
    models: list[ModelFile],
    way: "WorkerOptions",
    options: FilmOptions,
    preview: str | None,
    *,
    address: str | None,
    workers: int | None,
    record: Record | None,
    quiet: bool,
) -> list[dict[str, Any]]:
    """Colour the films on a Ray cluster, or make previews there; reports as those of `colour_films`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from tintype.cluster.film_tasks import FilmWorkerOptions
    from tintype.cluster.films import FilmsProgress, run_films_on_ray

    how = FilmWorkerOptions(way, replace(options, reference=None), preview_step(preview))
    if how.step is not None:
        jobs = [job if job.target is None else replace(job, target=_sheet(job.target)) for job in jobs]
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[speed]}"))
    bar = Progress(
        *columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True, redirect_stdout=False,
        disable=not sys.stderr.isatty(),
    )  # fmt: skip

    def done(report: dict[str, Any]) -> None:
        if report["error"] is not None:
            complain(report["error"])
            return
        for note in report["notes"]:
            print(f"tintype: {report['source']}: {note}", file=sys.stderr)
        if not (quiet or report.get("skipped")):
            print(f"{report['source']} -> {report['target']}", flush=True)

    with bar:
        task = bar.add_task("looking for scenes", total=None, speed="")

        def show(progress: FilmsProgress) -> None:
            what = f"films: {progress.finished} of {progress.films}"
            speed = f"{progress.frames} frames, {progress.rate:.1f} frames/s"
            bar.update(task, description=what, completed=progress.frames, total=progress.total, speed=speed)

        return run_films_on_ray(
            jobs, models, how, address=address, workers=workers, record=record, done=done, progress=show
        )


def _sheet(target: str) -> str:
    return locations.with_name(target, f"{locations.name_of(target).stem}.jpg")


def preview_step(preview: str | None) -> float | None:
    """Seconds between the frames of a preview, 0 for "auto"; None where there is to be none.

    Raises:
        TintypeError: the text is no time.
    """
    return None if preview is None else 0.0 if preview == "auto" else parse_time(preview)


def _one(
    source: str,
    target: str,
    colorizer: Colorizer,
    options: FilmOptions,
    overwrite: bool,
    preview: float | None,
    told: set[str],
) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from tintype.video.film import colorize_film
    from tintype.video.film_report import Progress as FilmProgress
    from tintype.video.look import preview_film

    Path(target).parent.mkdir(parents=True, exist_ok=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[speed]}"))
    console = Console(stderr=True)
    if preview is not None:
        sheet = str(Path(target).with_suffix(".jpg"))
        return preview_film(source, sheet, colorizer, options, step=preview or None, overwrite=overwrite)
    terminal = sys.stderr.isatty()
    bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not terminal)
    with bar:
        task = bar.add_task(Path(source).name, total=None, speed="")
        pointed_at = False

        def show(progress: FilmProgress) -> None:
            nonlocal pointed_at
            if not (pointed_at or progress.looking) and terminal:
                console.print(f"newest frame: {progress.thumbnail}", highlight=False)
                pointed_at = True
            speed = f"{progress.rate:.1f} frames/s"
            doing = f"{Path(source).name}: looking for shots" if progress.looking else Path(source).name
            bar.update(task, description=doing, completed=progress.frames, total=progress.total, speed=speed)

        def begin(notes: list[str]) -> None:
            for note in notes:
                print(f"tintype: {source}: {note}", file=sys.stderr)
            told.update(notes)

        return colorize_film(
            source, target, colorizer, options, overwrite=overwrite, begin=begin, progress=show
        ).as_dict()


def evaluate_films(
    films: list[str],
    model: str,
    size: int | None,
    limit: int | None,
    stability: float,
    every: str,
    json_file: str | None,
    overwrite: bool,
    device: Device,
    precision: Precision,
    threads: int | None,
) -> None:
    """`tintype evaluate --video`: print the table, or write the JSON."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from tintype.video.measures import evaluate_films as run
    from tintype.video.measures import table, to_json

    from .output import new_file, write_text

    target = new_file(json_file, overwrite)
    options = FilmOptions(size=size, stability=stability, every=parse_every(every))
    colorizer = Colorizer(model, device=device, precision=precision, threads=threads)
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), console=Console(stderr=True), transient=True,
        disable=not sys.stderr.isatty(),
    )  # fmt: skip
    with bar:
        task = bar.add_task("finding motion")
        measures = run(
            films,
            colorizer,
            options,
            limit=limit,
            progress=lambda name, frames: bar.update(task, description=f"{name}: frame {frames}"),
        )
    if json_file == "-":
        print(to_json(measures), end="")
    else:
        print(table(measures), end="")
    if target is not None:
        write_text(target, to_json(measures))
