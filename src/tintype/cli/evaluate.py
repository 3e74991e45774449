"""`tintype evaluate`: a thin face of `tintype.evaluation`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import TintypeError
from . import complain
from .options import DeviceOption, EveryOption, PrecisionOption, StabilityOption, ThreadsOption


def evaluate(
    data: Annotated[
        str,
        typer.Option("--data", metavar="PATH", help="Colour photographs: a folder, a .tar, or a folder of those."),
    ] = "",
    model: Annotated[str, typer.Option("--model", help="A model's name, or the path of an .onnx file.")] = "tint",
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PIXELS", help="Short side of what the network sees; default: the model's own."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="Only N pictures, spread evenly, always the same; or N frames of a film.",
        ),
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE", help="Write the report as JSON; - for standard output."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the JSON file if it exists.")] = False,
    video: Annotated[
        list[str] | None,
        typer.Option("--video", metavar="FILM", help="Instead of photographs, a colour film; may be repeated."),
    ] = None,
    stability: StabilityOption = 0.75,
    every: EveryOption = "auto",
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    threads: ThreadsOption = None,
) -> None:
    """Measure a model on colour photographs, beside trivial baselines.

    Every photograph is made grey, coloured, and compared with what it was. Grey itself, sepia and the true
    chroma at 32 x 32 samples stand beside the model; docs/measures.md says what the figures mean.

    Examples:

      tintype evaluate --data photos/

      tintype evaluate --model run/model.onnx --data val.tar --limit 200 --json report.json

      tintype evaluate --video clip.mp4 --stability 0.9
    """
    if video:
        from .films import evaluate_films

        where = (device, precision, threads)
        evaluate_films(video, model, size, limit, stability, every, json_file, overwrite, *where)
        return
    if not data:
        raise TintypeError("nothing to measure on; name photographs with --data, or films with --video")
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ..colorizer import Colorizer
    from ..evaluation import evaluate as run

    target = _target(json_file, overwrite)
    colorizer = Colorizer(model, device=device, precision=precision, threads=threads)
    columns = (TextColumn("measuring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=limit)
        report = run(
            colorizer,
            data,
            size=size,
            limit=limit,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    for skipped in report.skipped:
        complain(f"left out {skipped.name}: {skipped.reason}")
    if json_file == "-":
        print(report.to_json(), end="")
    else:
        Console().print(report.table())
    if target is not None:
        _write(target, report.to_json())


def _target(json_file: str | None, overwrite: bool) -> Path | None:
    """Where the JSON goes, checked before the long run rather than after it."""
    from ..errors import OutputError

    if json_file is None or json_file == "-":
        return None
    target = Path(json_file)
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists already; name another file or give --overwrite")
    if target.is_dir() or not target.parent.is_dir():
        raise OutputError(f"{target}: no file can be made there; name a file in a folder that exists")
    return target


def _write(target: Path, text: str) -> None:
    from ..errors import OutputError

    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{target}: cannot be written ({error.strerror or error})") from error
