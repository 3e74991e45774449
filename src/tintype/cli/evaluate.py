"""`tintype evaluate`: a thin face of `tintype.evaluation`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tintype.errors import TintypeError

from . import warn
from .completion import models
from .options import DeviceOption, EveryOption, ModelOption, PrecisionOption, SizeOption, StabilityOption, ThreadsOption
from .output import new_file, write_text

if TYPE_CHECKING:
    from tintype.evaluation import Report
    from tintype.evaluation.gallery import Gallery

# Seconds between two lines of progress where no terminal shows a bar.
_PAUSE = 30.0


def evaluate(
    data: Annotated[
        str,
        typer.Option("--data", metavar="PATH", help="Colour photographs: a folder, a .tar, or a folder of those."),
    ] = "",
    model: ModelOption = "tint",
    against: Annotated[
        str,
        typer.Option(
            "--against",
            autocompletion=models,
            help="Another model on the same photographs: which is nearer, picture by picture, and how surely.",
        ),
    ] = "",
    size: SizeOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            help="Only N pictures, spread evenly, always the same; or N frames of a film.",
        ),
    ] = None,
    per_source: Annotated[
        int | None,
        typer.Option(
            "--per-source",
            metavar="N",
            min=1,
            help="Only N pictures of every source, spread evenly, always the same; a source is what names begin with.",
        ),
    ] = None,
    json_file: Annotated[
        str | None,
        typer.Option("--json", metavar="FILE", help="Write the report as JSON; - for standard output."),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Also LPIPS, FID, classes, blotches, and intervals. (extra: metrics)"),
    ] = False,
    html_file: Annotated[
        str | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="With --full: pictures, charts and tables on one page; default: the JSON file's name with .html.",
        ),
    ] = None,
    csv_file: Annotated[
        str | None, typer.Option("--csv", metavar="FILE", help="With --full: write every figure as a line of CSV.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
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
    chroma at 32 x 32 samples stand beside the model; docs/measures.md says what the figures mean. With --full
    networks judge, too; their weights are fetched the first time, 145 MB.

    Examples:

      tintype evaluate --data photos/

      tintype evaluate --model run/model.onnx --data val.tar --limit 200 --json report.json

      tintype evaluate --full --model tint --data val.tar --limit 200 --json full.json --html full.html

      tintype evaluate --full --data shards/ --per-source 125 --csv sources.csv

      tintype evaluate --model mine.onnx --against tint --data val.tar

      tintype evaluate --video clip.mp4 --stability 0.9
    """
    if video and against:
        raise TintypeError("--against compares on photographs; measure films with one model after the other")
    if video:
        from .films import evaluate_films

        where = (device, precision, threads)
        evaluate_films(video, model, size, limit, stability, every, json_file, overwrite, *where)
        return
    if not data:
        raise TintypeError("nothing to measure on; name photographs with --data, or films with --video")
    if limit is not None and per_source is not None:
        raise TintypeError("--limit and --per-source: give one of them")
    from tintype.colorizer.colorizer import Colorizer
    from tintype.errors import OutputError

    if (csv_file or html_file) and not full:
        raise OutputError(f"{csv_file or html_file}: only written with --full; add it, or use --json")
    if full and json_file not in (None, "-") and html_file is None:
        html_file = str(Path(json_file).with_suffix(".html"))
    target = new_file(json_file, overwrite) if json_file != "-" else None
    page, table = new_file(html_file, overwrite), new_file(csv_file, overwrite)
    gallery: Gallery | None = None
    if full:
        run, gallery = _full_run(threads)
    else:
        from tintype.evaluation import evaluate as run
    colorizer = Colorizer(model, device=device, precision=precision, threads=threads)
    other = Colorizer(against, device=device, precision=precision, threads=threads) if against else None
    with _progress(limit, lines=full) as advance:
        options = {"size": size, "limit": limit, "per_source": per_source, "progress": advance}
        report = run(colorizer, data, against=other, **options)
    _tell(report, as_json=json_file == "-")
    if target is not None:
        write_text(target, report.to_json())
    if full:
        _write_full(report, gallery, page, table)


def _tell(report: "Report", as_json: bool) -> None:
    """Print the report, and say what was left out of it."""
    from rich.console import Console

    for skipped in report.skipped:
        warn(f"left out {skipped.name}: {skipped.reason}")
    if as_json:
        print(report.to_json(), end="")
        return
    Console().print(report.table())
    if report.against is not None:
        Console().print(report.against.table())


def _full_run(threads: int | None) -> "tuple[Callable[..., Report], Gallery]":
    """What measures, and where it keeps pictures. Raises MissingExtra before the long run rather than after it."""
    from functools import partial

    from tintype.errors import MissingExtra

    try:
        from tintype.evaluation.full import evaluate_full
        from tintype.evaluation.full_page import write_full_page  # noqa: F401 (to learn now whether it can be written)
        from tintype.evaluation.gallery import Gallery
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise MissingExtra(f"--full needs {package}: pip install 'tintype[metrics]'") from error
    gallery = Gallery()
    return partial(evaluate_full, threads=threads, gallery=gallery), gallery


@contextmanager
def _progress(limit: int | None, lines: bool) -> "Iterator[Callable[[int, int | None], None]]":
    """What to call after each picture: a bar moves on a terminal; elsewhere a line comes now and then, if `lines`."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    shown = sys.stderr.isatty()
    started = said = time.monotonic()

    def advance(done: int, total: int | None) -> None:
        nonlocal said
        bar.update(task, completed=done, total=total)
        now = time.monotonic()
        if lines and not shown and now - said >= _PAUSE:
            said = now
            of = f" of {total}" if total else ""
            print(f"{done}{of} pictures, {(now - started) / done:.1f} s each", file=sys.stderr, flush=True)

    columns = TextColumn("measuring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as bar:
        task = bar.add_task("", total=limit)
        yield advance


def _write_full(report: "Report", gallery: "Gallery | None", page: Path | None, table: Path | None) -> None:
    from tintype.evaluation.full_page import write_full_page
    from tintype.evaluation.full_report import FullReport

    assert isinstance(report, FullReport)
    if report.problem is not None:
        warn(f"no FID: {report.problem}")
    if table is not None:
        write_text(table, report.to_csv())
    if page is not None:
        write_full_page(page, report, gallery)
        print(f"the report with pictures: {page}", file=sys.stderr)
