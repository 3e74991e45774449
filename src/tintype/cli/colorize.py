"""`tintype colorize`: a thin face of `tintype.batch` for pictures and of `tintype.video` for films."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from . import complain
from .options import FILMS, DeviceOption, EveryOption, JsonOption, PrecisionOption, StabilityOption, ThreadsOption

if TYPE_CHECKING:
    from ..batch import Job, Report
    from ..colorizer import Colorizer


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
    as_json: JsonOption = False,
    codec: Annotated[
        Literal["h264", "hevc", "av1", "vp9", "prores", "ffv1"] | None,
        typer.Option("--codec", help="Default: by container and depth.", rich_help_panel=FILMS),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option("--crf", metavar="0-63", help="Quality; smaller is better and larger.", rich_help_panel=FILMS),
    ] = None,
    stability: StabilityOption = 0.75,
    every: EveryOption = "auto",
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="TIME", help="From here on: 12.5 or 1:02:03.", rich_help_panel=FILMS),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--end", metavar="TIME", help="Up to here.", rich_help_panel=FILMS),
    ] = None,
    preview: Annotated[
        str | None,
        typer.Option(
            "--preview",
            metavar="SECONDS|auto",
            help="Only a sheet (JPEG) with a small frame every so many seconds.",
            rich_help_panel=FILMS,
        ),
    ] = None,
    hint: Annotated[
        list[str] | None,
        typer.Option(
            "--hint",
            metavar="TIME:X,Y,#RRGGBB",
            help="The colour of the thing at a point of that frame, for its whole scene; may be repeated.",
            rich_help_panel=FILMS,
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", metavar="FPS", help="Of numbered pictures (frames/%04d.png); default 25.", rich_help_panel=FILMS
        ),
    ] = None,
) -> None:
    """Colour pictures and films. The brightness of every pixel is kept, and so are metadata and colour profile.

    A model for drawings (`tintype info` says so: condition sketch) takes black lines on white paper and paints the
    brightness too.

    A film (extra: video) keeps its sound, timestamps and tags. Its colours are carried along motion, so that they
    hold still. When a run is interrupted, the same command goes on where it stopped.

    One bad file does not stop the others: it is named, counted, and the exit status is 1.

    Examples:

      tintype colorize grandmother.jpg

      tintype colorize scans/ 'more/*.tif' --output coloured/

      tintype colorize - < grey.jpg > colour.jpg

      tintype colorize reel.mp4 --output coloured.mkv
    """
    from ..batch import STREAM, Report, plan
    from ..colorizer import Colorizer
    from ..errors import OutputError, TintypeError
    from ..video.direction import FilmHint
    from ..video.jobs import split
    from ..video.options import FilmOptions, parse_every, parse_time

    films, pictures = split(inputs, output, overwrite=overwrite)
    jobs = plan(pictures, output, overwrite=overwrite) if pictures or not films else []
    to_stream = any(job.target == STREAM for job in jobs)
    if as_json and to_stream:
        raise OutputError("--json and the picture would both go to standard output; name a file with --output")
    step = None if preview is None else 0.0 if preview == "auto" else parse_time(preview)
    options = FilmOptions(
        size=size,
        stability=stability,
        every=parse_every(every),
        codec=codec,
        crf=crf,
        start=None if start is None else parse_time(start),
        end=None if end is None else parse_time(end),
        rate=rate,
        hints=tuple(FilmHint.parse(text) for text in hint or ()),
    )
    if hint and (jobs or len(films) != 1):
        raise TintypeError(f"--hint is for a point of one film; there are {len(films)} films and {len(jobs)} pictures")
    colorizer = Colorizer(model, device=device, precision=precision, threads=threads)
    report = _pictures(jobs, colorizer, size, quality, overwrite, as_json or to_stream) if jobs else Report()
    reels: list[dict[str, Any]] = []
    if films:
        from .films import colour_films

        reels = colour_films(films, colorizer, options, overwrite=overwrite, preview=step, quiet=as_json)
    failed = report.failed + sum(not reel["ok"] for reel in reels)
    if as_json:
        print(json.dumps(report.as_dict() | ({"films": reels} if reels else {}), indent=2))
    if len(jobs) + len(films) > 1:
        print(f"{report.coloured + len(reels) - (failed - report.failed)} coloured, {failed} failed", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _pictures(
    jobs: "list[Job]", colorizer: "Colorizer", size: int | None, quality: int | None, overwrite: bool, quiet: bool
) -> "Report":
    """Colour the still pictures, with a bar on a terminal where there are several."""
    from rich.console import Console
    from rich.progress import Progress

    from ..batch import Result, run

    bar = len(jobs) > 1 and sys.stderr.isatty()
    progress = Progress(console=Console(stderr=True), disable=not bar, transient=True, redirect_stdout=False)

    def done(result: Result) -> None:
        progress.advance(task)
        if result.error is not None:
            complain(result.error)
        elif not (bar or quiet):
            print(f"{result.source} -> {result.target}", flush=True)

    with progress:
        task = progress.add_task("colouring", total=len(jobs))
        return run(jobs, colorizer, size=size, quality=quality, overwrite=overwrite, done=done)
