"""`tintype sketch`: a thin face of `tintype.data.sketch`."""

import sys
from typing import Annotated, Literal

import typer

from . import complain


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
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")] = False,
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
    from rich.console import Console
    from rich.progress import Progress

    from tintype.batch.run import STREAM, Given, Result, plan, run_each
    from tintype.colorizer.options import OutputOptions
    from tintype.data.background import choose_method
    from tintype.data.sketch import check_size, check_thresholds, make_sketch
    from tintype.photo.photo import Photo

    check_thresholds(low, high)
    if size is not None:
        check_size(size)
    used = choose_method(method)
    jobs = plan(inputs, output, overwrite=overwrite, mark="-sketch", suffix=".png")
    to_stream = any(job.target == STREAM for job in jobs)
    bar = len(jobs) > 1 and sys.stderr.isatty()
    progress = Progress(console=Console(stderr=True), disable=not bar, transient=True, redirect_stdout=False)

    def draw(source: Given) -> Photo:
        rgb = Photo.read(source).over_white().rgb()
        background: Literal["keep", "remove"] = "remove" if remove_background else "keep"
        return Photo(make_sketch(rgb, size, background, low=low, high=high, method=used))

    def done(result: Result) -> None:
        progress.advance(task)
        if result.error is not None:
            complain(result.error)
        elif not (bar or to_stream):
            print(f"{result.source} -> {result.target}", flush=True)

    if remove_background:
        print(f"finding the subject with {used}", file=sys.stderr)
    with progress:
        task = progress.add_task("drawing", total=len(jobs))
        report = run_each(jobs, draw, OutputOptions(overwrite=overwrite), done=done)
    if len(jobs) > 1:
        print(f"{len(jobs) - report.failed} drawn, {report.failed} failed", file=sys.stderr)
    if report.failed:
        raise typer.Exit(1)
