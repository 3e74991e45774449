"""`tintype colorize`: a thin face of `tintype.batch` for pictures and of `tintype.video` for films."""

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from . import complain
from .completion import models
from .film_options import DeinterlaceOption, DepthOption, FilmWishes
from .manners import (
    DryRunOption,
    FormatOption,
    InPlaceOption,
    KeepTimeOption,
    Manners,
    NoProgressOption,
    PresetOption,
    ProgressOption,
    QuietOption,
    SuffixOption,
    VerboseOption,
    failed,
    status_of,
)
from .options import FILMS, DeviceOption, EveryOption, JsonOption, PrecisionOption, StabilityOption, ThreadsOption
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
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")] = False,
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
    model: Annotated[
        str,
        typer.Option(
            "--model", autocompletion=models, help="A model's name or .onnx file; several by commas: their mean."
        ),
    ] = "tint",
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
            "--reference", metavar="PHOTO", rich_help_panel=STEERING, help="Take colours from a photo of like things."
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
            help="Before colouring, of fade, dust, noise; for films of deflicker, scratches, dust, grain, regrain, "
            "stabilize, stabilize-crop; separated by commas. These change the light.",
        ),
    ] = "",
    mark: Annotated[
        bool, typer.Option("--mark", rich_help_panel=TASTE, help="Write into a corner that the picture was coloured.")
    ] = False,
    tta: Annotated[
        bool,
        typer.Option("--tta", rich_help_panel=TASTE, help="Average over mirror image and two sizes: steadier, slower."),
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
    from tintype.batch.contact_sheet import write_sheet
    from tintype.batch.manifest import record_for
    from tintype.batch.passed_over import passed_over, say
    from tintype.batch.plan import Listing
    from tintype.batch.run import STREAM, Job, Report, Result, plan, run
    from tintype.batch.sidecars import Extras
    from tintype.batch.skip import Skip
    from tintype.batch.watch import watch
    from tintype.colorizer.colorizer import Colorizer
    from tintype.colorizer.taste import Taste, parse_strength
    from tintype.errors import OutputError, TintypeError
    from tintype.files.atomic import digest_of
    from tintype.files.locations import is_url, plain
    from tintype.hints.hint import Hint, parse_color, read_hints
    from tintype.network.ensemble import as_one, find_models
    from tintype.parallel import CORES
    from tintype.video.plan import checked, split
    from tintype.video.sniff import FILM_SUFFIXES

    from .progress import shown, speak

    speak(verbose)
    if references and len(references) > 1:
        raise TintypeError(
            f"--reference takes one picture, and here are {len(references)}; colour what each of them is for by itself"
        )
    reference = references[0] if references else None
    inputs, output = [plain(text) for text in inputs], None if output is None else plain(output)
    manners = Manners.of(format, suffix, in_place, keep_time, overwrite, output)
    on_ray = engine == "ray"
    listing = Listing() if on_ray else None
    films, pictures = ([], inputs) if watching else split(inputs, output, listing=listing)
    steps = tuple(step.strip() for step in restore.split(",") if step.strip())
    taste = Taste(
        saturation=saturation,
        temperature=temperature,
        strength=parse_strength(strength),
        keep_sepia=keep_sepia,
        restore=steps if pictures else (),
        mark=mark,
        palette=tuple(parse_color(color) for color in palette.split(",") if color.strip()),
        tta=tta,
    )
    direct = [] if films else [Hint.parse(text) for text in hint or ()]
    hints = [*(read_hints(hints_file) if hints_file else ()), *direct]
    model_file = as_one(find_models(model))
    options = taste.as_dict() | {"size": size, "quality": quality, "model": model_file.sha256}
    options |= {"hints": [str(one) for one in hints]} if hints else {}
    options |= {"reference": digest_of(reference)} if reference else {}
    extra = alternatives > 1 or confidence is not None
    options |= {"alternatives": alternatives, "confidence": str(confidence)} if extra else {}
    recorded, reels = inputs if on_ray else pictures, {job.source for job in films}
    journal = record_for(recorded, output, options, model_file.sha256, cluster=on_ray) if recorded else None

    def plan_again(listing: Listing | None = None) -> list[Job]:
        replace = overwrite or in_place
        found = plan(
            pictures,
            output,
            overwrite=replace,
            journal=None if in_place else journal,
            listing=listing,
            leave=reels,
            **manners.naming(),
        )
        return manners.placed(found)

    jobs = [] if watching or (films and not pictures) else plan_again(listing)
    wishes = FilmWishes(stability, every, codec, crf, depth, start, end, rate, tuple(hint or ()), steps, deinterlace)
    reel_options = json.dumps({"film": asdict(wishes)}) if films else ""
    reel_record = journal if on_ray and preview is None else None
    films = checked(films, overwrite=overwrite, listing=listing, record=reel_record, also=reel_options)
    listing = None
    to_stream = any(job.target == STREAM for job in jobs)
    if hints and len(jobs) > 1:
        raise TintypeError(f"hints are for one picture, and here are {len(jobs)}; colour it by itself")
    if films and (hints_file or extra or (hint and (jobs or len(films) > 1))):
        raise TintypeError("of hints a film takes --hint TIME:X,Y,#RRGGBB alone, and then it must be the only input")
    if extra and (to_stream or watching):
        raise OutputError("--alternatives and --confidence write files; they do not go with - or --watch")
    if extra and any(job.target is not None and is_url(job.target) for job in jobs):
        raise OutputError("--alternatives and --confidence write files of this machine; name a local folder")
    if on_ray and (skip_colour or skip_toned):
        raise TintypeError("--skip-colour and --skip-toned look at pictures on this machine: leave out --engine ray")
    if on_ray and films and steps:
        raise TintypeError("films are restored by this machine alone: leave out --engine ray, or --restore")
    if on_ray and (to_stream or watching or extra):
        raise TintypeError(
            "--engine ray goes from files to files; -, --watch, --alternatives and --confidence do not go with it"
        )
    if as_json and to_stream:
        raise OutputError("--json and the picture would both go to standard output; name a file with --output")
    if in_place and (films or on_ray or extra or watching):
        raise TintypeError("--in-place is for pictures of this machine; films, Ray, --watch and the like write anew")
    if dry_run:
        from .dry_run import tell

        if watching or on_ray:
            raise TintypeError("--dry-run tells of what is there now; leave out --watch and --engine ray")
        looker = Colorizer(model, device=device, precision=precision, threads=threads) if jobs else None
        colour = None if looker is None else lambda photo: looker.colorize(photo, size=size, taste=taste)
        raise typer.Exit(tell(jobs, films, colour, 1, as_json))
    style = "none" if no_progress else progress_style
    progress = shown(style, len(jobs), quiet=quiet)
    lines = not (quiet or as_json or to_stream or style == "json" or progress.hides_lines)

    troubled: list[Result] = []

    def done(result: Result) -> None:
        if (trouble := manners.after(result)) is not None:
            result = failed(result, trouble)
            troubled.append(result)
        progress.step(result)
        if result.error is not None and style != "json":
            complain(result.error)
        elif result.left is not None:
            print(f"tintype: {result.source} {result.left}", file=sys.stderr)
        elif lines and result.error is None and not result.skipped:
            for path in (result.target, *result.beside):
                print(f"{result.source} -> {path}", flush=True)

    at_a_time = workers or (1 if len(jobs) < 2 and not watching else CORES)
    way = None
    if on_ray:
        from tintype.cluster.worker import Way

        way = Way(
            device=device,
            precision=precision,
            threads=threads or 1,
            size=size,
            hints=tuple(hints),
            reference=None if reference is None else reference.read_bytes(),
            taste=taste,
            quality=quality,
            overwrite=overwrite,
            attempts=attempts,
        )
    else:
        colorizer = Colorizer(model, device=device, precision=precision, threads=threads, streams=at_a_time)

    def work(jobs: list[Job]) -> Report:
        if journal is not None:
            journal.plan(jobs)
        if way is not None:
            from tintype.cluster.engine import run_on_ray

            return run_on_ray(
                jobs, find_models(model), way, address=ray_address, workers=workers, record=journal, done=done
            )
        return run(
            jobs,
            colorizer,
            size=size,
            hints=hints,
            reference=reference,
            taste=taste,
            extras=Extras(alternatives, confidence, len(jobs) > 1) if extra else None,
            quality=quality,
            overwrite=overwrite or in_place,
            workers=at_a_time,
            journal=manners.record(journal),
            skip=Skip(skip_colour or skip_toned, skip_toned, again),
            done=done,
        )

    def work_on_films() -> list[dict[str, Any]]:
        from .films import colour_films, colour_films_on_ray, film_options

        film = film_options(wishes, size, reference, taste)
        if way is None:
            hushed = as_json or quiet or style != "auto"
            return colour_films(films, colorizer, film, overwrite=overwrite, preview=preview, quiet=hushed)
        if reel_record is not None:
            reel_record.plan(films)
        return colour_films_on_ray(
            films,
            find_models(model),
            way,
            film,
            preview,
            address=ray_address,
            workers=workers,
            record=reel_record,
            quiet=as_json,
        )

    together: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
    if on_ray and films and jobs:
        from tintype.cluster.connection import connected

        together = connected(ray_address)
    with together:
        with progress:
            report = watch(plan_again, work) if watching else work(jobs)
        coloured = work_on_films() if films else []
    missed = sum(not film["ok"] for film in coloured)
    if journal is not None:
        journal.finish()
    if sheet is not None:
        write_sheet(report, sheet)
    left_out = passed_over(inputs, output, known=FILM_SUFFIXES)
    if as_json:
        further = ({"films": coloured} if coloured else {}) | ({"left_out": dict(left_out)} if left_out else {})
        print(json.dumps(report.as_dict() | further, indent=2))
    if left_out and not quiet:
        print(f"tintype: {say(left_out)}", file=sys.stderr)
    if (len(jobs) > 1 or watching) and not quiet and style != "json":
        print(report.summary(), file=sys.stderr)
    if len(coloured) > 1 and not quiet:
        old = sum(bool(film.get("skipped")) for film in coloured)
        skipped = f"{old} skipped, " if old else ""
        print(f"films: {len(coloured) - missed - old} coloured, {skipped}{missed} failed", file=sys.stderr)
    if (status := status_of([*report.results, *troubled], coloured, missed)) and not watching:
        raise typer.Exit(status)
    if watching and (report.failed or troubled):
        raise typer.Exit(1)
