"""`tintype colorize`: a thin face of `tintype.batch` for pictures and of `tintype.video` for films."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .film_options import DeinterlaceOption, DepthOption
from .manners import (
    DryRunOption,
    FormatOption,
    InPlaceOption,
    KeepTimeOption,
    NoProgressOption,
    PresetOption,
    ProgressOption,
    QuietOption,
    SuffixOption,
    VerboseOption,
)
from .options import (
    FILMS,
    DeviceOption,
    EveryOption,
    JsonOption,
    ModelOption,
    OverwriteOption,
    PrecisionOption,
    SizeOption,
    StabilityOption,
    ThreadsOption,
)
from .restore_options import NegativeOption, RestoredMapOption
from .skip_options import AgainOption, SkipColourOption, SkipTonedOption

STEERING = "Steering"
TASTE = "Taste"
BATCH = "Many pictures"


def colorize(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Files, folders, patterns, addresses (s3://, gs://, https://), @LIST.txt, or - for standard input.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER",
            help="Where to: a file for one input, else a folder, also at an address; - for standard output. "
            "Default: NAME-color.EXT beside each input.",
        ),
    ] = None,
    overwrite: OverwriteOption = False,
    preset: PresetOption = None,
    format: FormatOption = None,
    suffix: SuffixOption = None,
    in_place: InPlaceOption = False,
    keep_time: KeepTimeOption = False,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
    progress_style: ProgressOption = "auto",
    no_progress: NoProgressOption = False,
    model: ModelOption = "tint",
    size: SizeOption = None,
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
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option("--engine", rich_help_panel=BATCH, help="Work on this machine, or on a Ray cluster (extra: ray)."),
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            "--ray-address",
            metavar="HOST:PORT",
            rich_help_panel=BATCH,
            help="The cluster; default: RAY_ADDRESS, else one of this machine.",
        ),
    ] = None,
    attempts: Annotated[
        int,
        typer.Option(
            "--attempts",
            metavar="N",
            min=1,
            rich_help_panel=BATCH,
            help="On Ray: tries before a picture or film is set aside as failed.",
        ),
    ] = 3,
    watching: Annotated[
        bool, typer.Option("--watch", rich_help_panel=BATCH, help="Go on with whatever arrives, until Ctrl-C.")
    ] = False,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", rich_help_panel=BATCH, help="Write a page with before and after."),
    ] = None,
    hint: Annotated[
        list[str] | None,
        typer.Option(
            "--hint",
            metavar="[TIME:]X,Y,#RRGGBB[,R]",
            rich_help_panel=STEERING,
            help="The colour of the thing at a pixel, R pixels around it; in films at a time (12.5s:...), for its "
            "scene; repeatable.",
        ),
    ] = None,
    hints_file: Annotated[
        Path | None,
        typer.Option("--hints", metavar="FILE.json", rich_help_panel=STEERING, help="Hints from a file."),
    ] = None,
    references: Annotated[
        list[Path] | None,
        typer.Option(
            "--reference",
            metavar="PHOTO",
            rich_help_panel=STEERING,
            help="Take colours from a photo of like things; of several, each picture or shot takes the best or none.",
        ),
    ] = None,
    palette: Annotated[
        str,
        typer.Option("--palette", metavar="#RRGGBB,...", rich_help_panel=STEERING, help="Use these colours alone."),
    ] = "",
    alternatives: Annotated[
        int,
        typer.Option(
            "--alternatives", metavar="N", min=1, max=9, rich_help_panel=STEERING, help="Write N colourings of each."
        ),
    ] = 1,
    confidence: Annotated[
        Path | None,
        typer.Option(
            "--confidence",
            metavar="MAP.png",
            rich_help_panel=STEERING,
            help="Write how sure it is (white).",
        ),
    ] = None,
    saturation: Annotated[
        float,
        typer.Option("--saturation", metavar="0-3", rich_help_panel=TASTE, help="How vivid; 1 as answered."),
    ] = 1.0,
    temperature: Annotated[
        float, typer.Option("--temperature", metavar="-1-1", rich_help_panel=TASTE, help="Cooler (-1) to warmer (1).")
    ] = 0.0,
    strength: Annotated[
        str,
        typer.Option(
            "--strength", metavar="0-1|auto", rich_help_panel=TASTE, help="Grey (0) to full colour (1); auto: as sure."
        ),
    ] = "1",
    keep_sepia: Annotated[
        bool, typer.Option("--keep-sepia", rich_help_panel=TASTE, help="Lay the colours over the print's own tint.")
    ] = False,
    restore: Annotated[
        str,
        typer.Option(
            "--restore",
            metavar="STEPS",
            rich_help_panel=TASTE,
            help="Before colouring, auto (a network mends damage; auto=FILE: yours), negative, fade, dust, noise; for "
            "films negative, deflicker, scratches, dust, grain, regrain, stabilize, stabilize-crop; by commas. These "
            "change the light.",
        ),
    ] = "",
    negative: NegativeOption = False,
    restored_map: RestoredMapOption = None,
    mark: Annotated[
        bool, typer.Option("--mark", rich_help_panel=TASTE, help="Write into a corner that the picture was coloured.")
    ] = False,
    tta: Annotated[
        bool,
        typer.Option("--tta", rich_help_panel=TASTE, help="Average with the mirror image, seen larger: steadier."),
    ] = False,
    skip_colour: SkipColourOption = False,
    skip_toned: SkipTonedOption = False,
    again: AgainOption = False,
    as_json: JsonOption = False,
    codec: Annotated[
        Literal["h264", "hevc", "av1", "vp9", "prores", "dnxhr", "ffv1"] | None,
        typer.Option("--codec", help="Default: by container and depth.", rich_help_panel=FILMS),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option("--crf", metavar="0-63", help="Quality; smaller is better and larger.", rich_help_panel=FILMS),
    ] = None,
    depth: DepthOption = None,
    deinterlace: DeinterlaceOption = False,
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
    hold still. When a run is interrupted, the same command goes on where it stopped. On a Ray cluster its scenes are
    shared by the workers.

    A folder's run keeps a journal: killed and started again with the same options, it goes on where it was.

    One bad file does not stop the others: it is named, counted, and the exit status is 1. It is 3 if an earlier run
    has done everything. Side-car files (.xmp) are copied beside the results.

    Examples:

      tintype colorize grandmother.jpg

      tintype colorize scans/ 'more/*.tif' --output coloured/

      tintype colorize wedding.jpg --hint 412,530,#7a1f2b --alternatives 3

      tintype colorize - < grey.jpg > colour.jpg

      tintype colorize reel.mp4 --output coloured.mkv

      tintype colorize scans/ --output for-the-web/ --preset web --dry-run
    """
    given = locals()

    from tintype.console import answer_tidily, status

    from .colorize_plan import check, plan
    from .colorize_report import Reporter
    from .colorize_run import runner_of
    from .progress import speak
    from .request import Request

    request = Request(**given)
    if request.quiet or request.style != "auto":
        status.end()
    speak(request.verbose)
    status.say("tintype: looking at what there is to colour ...")
    planned = plan(request)
    check(planned)
    if request.dry_run:
        from .dry_run import foretell

        raise typer.Exit(foretell(planned))
    status.say(f"tintype: loading {request.model} ...")
    runner, reporter = runner_of(planned), Reporter(planned)
    answer_tidily()  # what is begun is put away
    status.say(f"tintype: {reporter.under_way} ...")
    with reporter.stoppable(), runner.together():
        with reporter.progress:
            report = runner.pictures(reporter.done)
        films = runner.films(quiet=request.as_json) if planned.films else []
    if planned.journal is not None:
        planned.journal.finish()
    if exit_status := reporter.finish(report, films):
        raise typer.Exit(exit_status)
