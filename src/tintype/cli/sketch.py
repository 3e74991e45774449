"""`tintype sketch`: a thin face of `tintype.data.sketch`."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from . import complain
from .options import OverwriteOption

if TYPE_CHECKING:
    from tintype.batch.job import Job
    from tintype.batch.run import Given
    from tintype.photo.photo import Photo


def sketch(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="PHOTO", help="Files, folders, patterns, or - for standard input."),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER",
            help="Where to: a file for one input, else a folder; - for standard output. "
            "Default: NAME-sketch.png beside each input.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PIXELS", help="Short side of the drawing; default: the photograph's."),
    ] = None,
    low: Annotated[float, typer.Option("--low", help="Gradient down to which a line goes on.")] = 70,
    high: Annotated[float, typer.Option("--high", help="Gradient from which a line starts.")] = 200,
    remove_background: Annotated[
        bool,
        typer.Option("--remove-background/--keep-background", help="Erase the lines outside of the subject."),
    ] = False,
    method: Annotated[
        Literal["auto", "u2netp", "grabcut"],
        typer.Option("--method", help="How to find the subject; auto is u2netp if TINTYPE_U2NETP names its file."),
    ] = "auto",
) -> None:
    """Turn photographs into line drawings: black Canny edges on white paper.

    The photograph is brought to its size first, and edges are found after that: fewer, cleaner lines than those of a
    large picture made smaller. One bad file does not stop the others: it is named, counted, and the exit status is 1.

    Examples:

      tintype sketch grandmother.jpg --size 256

      tintype sketch portraits/ --output drawings/ --size 256 --remove-background

      tintype colorize --model my-sketch.onnx drawings/
    """
    from tintype.batch.run import plan
    from tintype.data.background import choose_method
    from tintype.data.sketch import check_size, check_thresholds, make_sketch
    from tintype.photo.photo import Photo

    check_thresholds(low, high)
    if size is not None:
        check_size(size)
    used = choose_method(method)
    if remove_background:
        print(f"finding the subject with {used}", file=sys.stderr)

    def draw(source: "Given") -> Photo:
        rgb = Photo.read(source).over_white().rgb()
        background: Literal["keep", "remove"] = "remove" if remove_background else "keep"
        return Photo(make_sketch(rgb, size, background, low=low, high=high, method=used))

    _draw_each(plan(inputs, output, overwrite=overwrite, mark="-sketch", suffix=".png"), draw, overwrite)


def _draw_each(jobs: list["Job"], draw: Callable[["Given"], "Photo"], overwrite: bool) -> None:
    """Do the jobs, with a bar or a line for each. Raises typer.Exit where some failed."""
    from rich.console import Console
    from rich.progress import Progress

    from tintype.batch.run import STREAM, Result, run_each
    from tintype.colorizer.options import OutputOptions

    to_stream = any(job.target == STREAM for job in jobs)
    bar = len(jobs) > 1 and sys.stderr.isatty()
    progress = Progress(console=Console(stderr=True), disable=not bar, transient=True, redirect_stdout=False)
    task = progress.add_task("drawing", total=len(jobs))

    def done(result: Result) -> None:
        progress.advance(task)
        if result.error is not None:
            complain(result.error)
        elif not (bar or to_stream):
            print(f"{result.source} -> {result.target}", flush=True)

    with progress:
        report = run_each(jobs, draw, OutputOptions(overwrite=overwrite), done=done)
    if len(jobs) > 1:
        print(f"{len(jobs) - report.failed} drawn, {report.failed} failed", file=sys.stderr)
    if report.failed:
        raise typer.Exit(1)
