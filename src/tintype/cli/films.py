"""The film side of `tintype colorize`: progress on a terminal, one line for each film, notes on what was found."""

import sys
from pathlib import Path
from typing import Any

from ..batch import Job
from ..colorizer import Colorizer
from ..errors import TintypeError
from ..video.options import FilmOptions
from . import complain


def colour_films(
    jobs: list[Job],
    colorizer: Colorizer,
    options: FilmOptions,
    *,
    overwrite: bool,
    preview: float | None,
    quiet: bool,
) -> list[dict[str, Any]]:
    """Colour the films, or only look into them where ``preview`` gives a step in seconds (0: choose it).

    Returns:
        for each job its report as plain values; "ok" says whether there is a result.
    """
    reports = []
    for job in jobs:
        try:
            if job.error is not None or job.target is None:
                raise TintypeError(job.error or job.source)
            report = _one(job.source, job.target, colorizer, options, overwrite, preview)
        except TintypeError as error:
            complain(str(error))
            reports.append({"source": job.source, "target": None, "error": str(error), "ok": False})
            continue
        for note in report["notes"]:
            print(f"tintype: {job.source}: {note}", file=sys.stderr)
        if not quiet:
            print(f"{report['source']} -> {report['target']}", flush=True)
        reports.append(report | {"error": None, "ok": True})
    return reports


def _one(
    source: str, target: str, colorizer: Colorizer, options: FilmOptions, overwrite: bool, preview: float | None
) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from ..video.film import Progress as FilmProgress
    from ..video.film import colorize_film
    from ..video.look import preview_film

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
        told = False

        def show(progress: FilmProgress) -> None:
            nonlocal told
            if not told and terminal:
                console.print(f"newest frame: {progress.thumbnail}", highlight=False)
                told = True
            speed = f"{progress.rate:.1f} frames/s"
            bar.update(task, completed=progress.frames, total=progress.total, speed=speed)

        return colorize_film(source, target, colorizer, options, overwrite=overwrite, progress=show).as_dict()
