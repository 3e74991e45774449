"""`tintype evaluate`: a thin face of `tintype.evaluation`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from . import complain
from .options import DeviceOption, PrecisionOption, ThreadsOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..evaluation import Report


def evaluate(
    data: Annotated[
        str,
        typer.Option("--data", metavar="PATH", help="Colour photographs: a folder, a .tar, or a folder of those."),
    ],
    model: Annotated[str, typer.Option("--model", help="A model's name, or the path of an .onnx file.")] = "tint",
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PIXELS", help="Short side of what the network sees; default: the model's own."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="Only N pictures, spread evenly; the same ones every time."),
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE", help="Write the report as JSON; - for standard output."),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Also LPIPS, FID, classes, blotches, and intervals. (extra: train)"),
    ] = False,
    csv_file: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="With --full: write every figure as a line of CSV.")
    ] = None,
    html_file: Annotated[
        str | None,
        typer.Option("--html", metavar="FILE", help="With --full: write tables and charts as one HTML page."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
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

      tintype evaluate --data val.tar --full --json full.json --html full.html --csv full.csv
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ..colorizer import Colorizer
    from ..errors import OutputError

    if (csv_file or html_file) and not full:
        raise OutputError(f"{csv_file or html_file}: only written with --full; add it, or use --json")
    target, table_target, page_target = (_target(name, overwrite) for name in (json_file, csv_file, html_file))
    run = _full_run(threads) if full else _plain_run()
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
    if full:
        _write_full(report, table_target, page_target)


def _plain_run() -> "Callable[..., Report]":
    from ..evaluation import evaluate

    return evaluate


def _full_run(threads: int | None) -> "Callable[..., Report]":
    from functools import partial

    from ..evaluation.full import evaluate_full

    return partial(evaluate_full, threads=threads)


def _write_full(report: "Report", table: Path | None, page: Path | None) -> None:
    from ..evaluation.full_page import write_full_page
    from ..evaluation.full_report import FullReport

    assert isinstance(report, FullReport)
    if report.problem is not None:
        complain(f"no FID: {report.problem}")
    if table is not None:
        _write(table, report.to_csv())
    if page is not None:
        write_full_page(page, report)


def _target(name: str | None, overwrite: bool) -> Path | None:
    """Where a file goes, checked before the long run rather than after it."""
    from ..errors import OutputError

    if name is None or name == "-":
        return None
    target = Path(name)
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
