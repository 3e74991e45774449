"""`tintype colorize`: a thin face of `tintype.batch`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from . import complain
from .options import DeviceOption, JsonOption, PrecisionOption, ThreadsOption

TASTE = "Taste"
BATCH = "Many pictures"


def colorize(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help="Files, folders, patterns, or - for standard input."),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER",
            help="Where to: a file for one input, else a folder; - for standard output. "
            "Default: NAME-color.EXT beside each input.",
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")] = False,
    model: Annotated[str, typer.Option("--model", help="A model's name, or the path of an .onnx file.")] = "tint",
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PIXELS", help="Short side of what the network sees; default: the model's own."),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(
            "--quality",
            metavar="1-100",
            min=1,
            max=100,
            help="JPEG or WebP quality; default: as the input's.",
        ),
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    threads: ThreadsOption = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--jobs", metavar="N", min=1, rich_help_panel=BATCH, help="Pictures worked on at a time; default: cores."
        ),
    ] = None,
    watching: Annotated[
        bool, typer.Option("--watch", rich_help_panel=BATCH, help="Go on with whatever arrives, until Ctrl-C.")
    ] = False,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", rich_help_panel=BATCH, help="Write a page with before and after."),
    ] = None,
    saturation: Annotated[
        float,
        typer.Option("--saturation", metavar="0-3", rich_help_panel=TASTE, help="How vivid; 1 as answered."),
    ] = 1.0,
    temperature: Annotated[
        float, typer.Option("--temperature", metavar="-1-1", rich_help_panel=TASTE, help="Cooler (-1) to warmer (1).")
    ] = 0.0,
    strength: Annotated[
        float,
        typer.Option("--strength", metavar="0-1", rich_help_panel=TASTE, help="From grey (0) to full colour (1)."),
    ] = 1.0,
    keep_sepia: Annotated[
        bool, typer.Option("--keep-sepia", rich_help_panel=TASTE, help="Lay the colours over the print's own tint.")
    ] = False,
    restore: Annotated[
        str,
        typer.Option(
            "--restore",
            metavar="STEPS",
            rich_help_panel=TASTE,
            help="Before colouring, of fade, dust, noise, separated by commas. These change the light.",
        ),
    ] = "",
    mark: Annotated[
        bool, typer.Option("--mark", rich_help_panel=TASTE, help="Write into a corner that the picture was coloured.")
    ] = False,
    tta: Annotated[
        bool,
        typer.Option("--tta", rich_help_panel=TASTE, help="Average over mirror image and two sizes: steadier, slower."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Colour pictures. The brightness of every pixel is kept, and so are metadata and colour profile.

    A model for drawings (`tintype info` says so: condition sketch) takes black lines on white paper and paints the
    brightness too.

    A folder's run keeps a journal: killed and started again with the same options, it goes on where it was.

    One bad file does not stop the others: it is named, counted, and the exit status is 1.

    Examples:

      tintype colorize grandmother.jpg

      tintype colorize scans/ 'more/*.tif' --output coloured/

      tintype colorize - < grey.jpg > colour.jpg
    """
    from rich.console import Console
    from rich.progress import Progress

    from ..batch import STREAM, Job, Report, Result, plan, run
    from ..colorizer import Colorizer
    from ..contact import write_sheet
    from ..errors import OutputError
    from ..journal import Journal, place_for
    from ..taste import Taste
    from ..threads import CORES
    from ..watch import watch
    from ..weights import find_model

    taste = Taste(
        saturation=saturation,
        temperature=temperature,
        strength=strength,
        keep_sepia=keep_sepia,
        restore=tuple(step.strip() for step in restore.split(",") if step.strip()),
        mark=mark,
        tta=tta,
    )
    model_file = find_model(model)
    options = taste.as_dict() | {"size": size, "quality": quality, "model": model_file.sha256}
    place = place_for(inputs, output)
    journal = Journal(place, options) if place else None

    def plan_again() -> list[Job]:
        return plan(inputs, output, overwrite=overwrite, journal=journal)

    jobs = [] if watching else plan_again()
    workers = workers or (1 if len(jobs) < 2 and not watching else CORES)
    to_stream = any(job.target == STREAM for job in jobs)
    if as_json and to_stream:
        raise OutputError("--json and the picture would both go to standard output; name a file with --output")
    bar = len(jobs) > 1 and sys.stderr.isatty()
    progress = Progress(console=Console(stderr=True), disable=not bar, transient=True, redirect_stdout=False)

    def done(result: Result) -> None:
        progress.advance(task)
        if result.error is not None:
            complain(result.error)
        elif not (bar or as_json or to_stream or result.skipped):
            print(f"{result.source} -> {result.target}", flush=True)

    with progress:
        task = progress.add_task("colouring", total=len(jobs))
        colorizer = Colorizer(model_file.path, device=device, precision=precision, threads=threads, streams=workers)

        def work(jobs: list[Job]) -> Report:
            return run(
                jobs,
                colorizer,
                size=size,
                taste=taste,
                quality=quality,
                overwrite=overwrite,
                workers=workers,
                journal=journal,
                done=done,
            )

        report = watch(plan_again, work) if watching else work(jobs)
    if journal is not None:
        journal.finish()
    if sheet is not None:
        write_sheet(report, sheet)
    if as_json:
        print(json.dumps(report.as_dict(), indent=2))
    if len(jobs) > 1 or watching:
        print(report.summary(), file=sys.stderr)
    if report.failed:
        raise typer.Exit(1)
