"""`tintype data`: a thin face of `tintype.data`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from . import warn

if TYPE_CHECKING:
    from tintype.data.scan import ScanReport

data = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

TOLD_EVERY = 5_000  # pictures looked at, where no bar can move

Paths = Annotated[list[str], typer.Argument(metavar="PATH", help="Folders, .tar shards or manifests.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")]


class Flaw(StrEnum):
    """What --keep takes: Typer knows no list of literals."""

    TINY = "tiny"
    GREY = "grey"
    TINTED = "tinted"
    LEAKED = "leaked"
    DUPLICATE = "duplicate"


@data.callback()
def group() -> None:
    """Look after data sets: gather photographs, find bad pictures, divide into parts, pack into shards.

    Wherever a command takes a folder it takes a .tar shard or a manifest too, and so does `tintype train`.

    Examples:

      tintype data scan photos/ --sheet found.jpg --manifest good.manifest.jsonl

      tintype data split good.manifest.jsonl --part train=0.9 --part val=0.1 --output parts/

      tintype data pack parts/train.manifest.jsonl --output shards/ --side 256
    """


@data.command()
def scan(
    paths: Paths,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="PATH", help="Only compare with these, such as the validation set."),
    ] = None,
    min_side: Annotated[
        int, typer.Option("--min-side", metavar="PIXELS", min=1, help="A shorter short side is tiny.")
    ] = 64,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE.jsonl", help="Write the list of good colour pictures.")
    ] = None,
    keep: Annotated[
        list[Flaw] | None,
        typer.Option("--keep", metavar="FLAW", help="Let these into the manifest too: tiny, grey ...; repeatable."),
    ] = None,
    report_file: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.json", help="Write all that was found.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE.jpg", help="Draw a contact sheet of what was found.")
    ] = None,
    show: Annotated[int, typer.Option("--list", metavar="N", min=0, help="Name N pictures of each kind.")] = 5,
    threads: Annotated[int | None, typer.Option("--threads", metavar="N", min=1, help="Default: all cores.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Find broken, tiny, grey, tinted (sepia) and repeated pictures, and pairs that do not fit.

    leaked: near-duplicate of a picture in another set; duplicate: of one in the same set. docs/data.md has the rest.

    Examples:

      tintype data scan landscape.tar --sheet grey.jpg

      tintype data scan train/ --against val/ --manifest train.manifest.jsonl --report train.json
    """
    import json

    from tintype.data.manifest import refuse_existing, write_manifest
    from tintype.data.scan import scan as run
    from tintype.data.sheet import draw_sheet, save_sheet
    from tintype.errors import DataError
    from tintype.files.atomic import write_whole

    for file in filter(None, (manifest, report_file, sheet)):
        refuse_existing(file, overwrite)
    with _progress("looking", [*paths, *(against or [])]) as tick:
        report = run(paths, against=against or [], min_side=min_side, threads=threads, progress=tick)
    _print_report(report, show)
    if report_file:
        text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False)
        write_whole(report_file, lambda: text.encode(), overwrite=True)
    if sheet and (drawn := draw_sheet(report)):
        save_sheet(drawn, sheet)
    if manifest:
        good = report.good([flaw.value for flaw in keep or []])
        if not good:
            raise DataError(f"no good colour picture in {', '.join(paths)}: add some, or --keep those with a flaw")
        write_manifest(manifest, good, overwrite=overwrite)
        print(f"{len(good)} pictures -> {manifest}")


@data.command()
def split(
    paths: Paths,
    parts: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="NAME=SHARE", help="0.8, 80% or 8000; repeatable. Default: train 0.9, val 0.1."),
    ] = None,
    by: Annotated[
        Literal["picture", "source", "folder", "prefix", "scene", "partition"] | None,
        typer.Option("--by", help="What stays together in one part."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed divides otherwise.")] = 0,
    keep_twins: Annotated[bool, typer.Option("--keep-twins", help="Near-duplicates stay together too.")] = False,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the manifests go.")] = Path(),
    overwrite: Overwrite = False,
) -> None:
    """Divide a data set into parts, each a manifest; the same seed divides the same way.

    source: names alike up to the first _ or -. folder: one folder, or one shard. prefix: names alike but for their
    last number, as the frames of one drive. scene: pictures of one place. partition: CelebA's list_eval_partition.txt,
    used by itself when it is there and no --part is given.

    Examples:

      tintype data split coco/ --part train=8000 --part val=2000 --seed 123 --output parts/

      tintype data split drives/ --part train=0.8 --part val=0.2 --by prefix --output parts/

      tintype data split celeba/ --by partition --output parts/
    """
    from tintype.data.split import parse_shares
    from tintype.data.split import split as run

    shares = parse_shares(parts or [])
    with _progress("comparing", paths if keep_twins and by != "scene" else []) as tick:
        divided = run(paths, shares, seed=seed, by=by, keep_twins=keep_twins, progress=tick)
    files = divided.write(output, overwrite=overwrite)
    for (name, entries), file in zip(divided.parts.items(), files, strict=True):
        print(f"{name}: {len(entries)} pictures, {divided.group_counts[name]} groups -> {file}")


@data.command()
def pack(
    paths: Paths,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the shards go.")],
    prefix: Annotated[str, typer.Option("--prefix", help="Shards are PREFIX-000000.tar and so on.")] = "shard",
    shard_size: Annotated[int, typer.Option("--shard-size", metavar="N", min=1, help="Pictures a shard.")] = 2000,
    side: Annotated[
        int | None,
        typer.Option("--side", metavar="PIXELS", min=16, help="Reduce the short side to this; default: copy files."),
    ] = None,
    coding: Annotated[Literal["webp", "jpeg"], typer.Option("--format", help="Coding of reduced pictures.")] = "webp",
    quality: Annotated[int, typer.Option("--quality", min=1, max=100, help="Quality of reduced pictures.")] = 85,
    overwrite: Overwrite = False,
) -> None:
    """Pack pictures into tar shards (webdataset's layout); equal pictures give equal bytes.

    Examples:

      tintype data pack parts/train.manifest.jsonl --output shards/ --prefix train --side 256
    """
    from tintype.data.pack import pack as run

    with _progress("packing", paths) as tick:
        packed = run(
            paths,
            output,
            prefix=prefix,
            shard_size=shard_size,
            side=side,
            coding=coding,
            quality=quality,
            overwrite=overwrite,
            progress=tick,
        )
    for name in packed.broken:
        warn(f"left out {name}: cannot be decoded")
    for shard in packed.shards:
        print(shard)


@data.command()
def gather(
    sources_file: Annotated[
        Path, typer.Argument(metavar="SOURCES.toml", help="A [[source]] table for each: name, path, terms, licence ...")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The pool: where the shards go.")],
    side: Annotated[
        int, typer.Option("--side", metavar="PIXELS", min=32, help="Short side that larger pictures are reduced to.")
    ] = 256,
    min_side: Annotated[
        int, typer.Option("--min-side", metavar="PIXELS", min=16, help="Pictures with a shorter one are left out.")
    ] = 80,
    held_out: Annotated[
        list[Path] | None,
        typer.Option("--held-out", metavar="FILE", help="Difference hashes of pictures to keep out; repeatable."),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", metavar="SOURCE", help="Keep this source out of the manifest, for measuring."),
    ] = None,
    terms: Annotated[
        Literal["any", "commercial"], typer.Option("--terms", help="commercial: only sources that allow it.")
    ] = "any",
    manifest: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE.jsonl", help="Default: DIR/pool.manifest.jsonl.")
    ] = None,
    threads: Annotated[int, typer.Option("--threads", metavar="N", min=1)] = 2,
    overwrite: Overwrite = False,
) -> None:
    """Gather training photographs out of folders, archives and git histories into shards with a manifest.

    Left out: broken, tiny, grey, toned, filtered and synthetic pictures, near-duplicates within and across sources, and
    what is near a held-out picture or its mirror image. Stopped, the same command goes on where it was.

    Examples:

      tintype data gather sources.toml --output pool/ --held-out held-out-hashes.txt --measure travel

      tintype data gather sources.toml --output pool/ --terms commercial --manifest pool/free.manifest.jsonl

      tintype train --recipe tint --data pool/pool.manifest.jsonl --set data.store=encoded
    """
    import numpy as np

    from tintype.data.gather import gather as run
    from tintype.data.gather import read_sources
    from tintype.data.held_out import read_hashes
    from tintype.data.pool import write_pool_manifest
    from tintype.errors import DataError

    sources = read_sources(sources_file)
    if unknown := set(measure or []) - {source.name for source in sources}:
        raise DataError(f"--measure {sorted(unknown)[0]}: no source of that name in {sources_file}")
    hashes = np.concatenate([np.empty(0, np.uint64), *map(read_hashes, held_out or [])])
    wanted = [source for source in sources if terms == "any" or source.commercial]
    for source in wanted:
        with _counting(source.name) as tick:
            done = run(source, output, side=side, least_side=min_side, held_out=hashes, threads=threads, progress=tick)
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(done.left_out.items())) or "none"
        print(f"{source.name}: {done.kept} pictures; left out: {why}")
    file = manifest or output / "pool.manifest.jsonl"
    pooled = write_pool_manifest(
        output, wanted, file, commercial=terms == "commercial", leave_out=measure or [], overwrite=overwrite
    )
    print(f"{sum(pooled.kept.values())} pictures, {sum(pooled.repeated.values())} near-duplicates left out -> {file}")


@data.command()
def kinds(
    paths: Paths,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.jsonl", help="Where the list goes.")],
    count: Annotated[int, typer.Option("--kinds", metavar="N", min=2, help="How many kinds to tell apart.")] = 64,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE.jpg", help="Draw the most typical pictures of each kind.")
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Whose features tell kinds apart.")] = "tint",
    seed: Annotated[int, typer.Option("--seed", help="Another seed begins otherwise.")] = 0,
    threads: Annotated[int | None, typer.Option("--threads", metavar="N", min=1, help="Default: all cores.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Tell kinds of pictures apart by a network's features, so that training can draw rare kinds more often.

    Examples:

      tintype data kinds pool/pool.manifest.jsonl --output pool/kinds.jsonl --sheet kinds.jpg

      tintype train --recipe tint --data pool/pool.manifest.jsonl --set data.store=encoded
      --set data.kinds=pool/kinds.jsonl --set data.kind_balance=0.5 --set data.colour_balance=0.5
    """
    from tintype.data.kinds import find_kinds
    from tintype.data.manifest import refuse_existing
    from tintype.data.sheet import draw_kinds, save_sheet
    from tintype.network.model_file import find_model
    from tintype.network.network import Network

    for file in filter(None, (output, sheet)):
        refuse_existing(file, overwrite)
    with _progress("looking", paths) as tick:
        found = find_kinds(paths, Network(find_model(model), threads=threads), count, seed=seed, progress=tick)
    for name in found.broken:
        warn(f"left out {name}: cannot be decoded")
    found.write(output, overwrite=overwrite)
    if sheet:
        save_sheet(draw_kinds(found), sheet)
    sizes = sorted((int((found.kind == kind).sum()) for kind in range(count)), reverse=True)
    print(f"{len(found.entries)} pictures of {count} kinds, {sizes[-1]} to {sizes[0]} of a kind -> {output}")


@contextmanager
def _counting(title: str) -> Iterator[Callable[[int, int], None]]:
    """A line on a terminal that counts pictures looked at and kept; elsewhere a line now and then."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    text = TextColumn(title + ": {task.fields[seen]} looked at, {task.fields[kept]} kept")
    columns = (SpinnerColumn(), text, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None, seen=0, kept=0)
        told = 0

        def tick(seen: int, kept: int) -> None:
            nonlocal told
            progress.update(task, seen=seen, kept=kept)
            if not console.is_terminal and seen // TOLD_EVERY > told:
                told = seen // TOLD_EVERY
                print(f"{title}: {seen:,} looked at, {kept:,} kept", file=sys.stderr, flush=True)

        yield tick


@contextmanager
def _progress(title: str, paths: list[str]) -> Iterator[Callable[[int], None]]:
    """A line on a terminal that shows how many of the pictures of `paths` are done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from tintype.data.sources import list_entries

    shown = sys.stderr.isatty()
    total = sum(len(list_entries(path)) for path in paths) if shown else None
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as progress:
        task = progress.add_task("", total=total or None)
        yield lambda done: progress.update(task, completed=done)


def _print_report(report: "ScanReport", show: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from tintype.data.scan import FLAWS, VERDICTS

    table = Table(box=None, pad_edge=False)
    table.add_column("", overflow="fold")
    for heading in ("pictures", *VERDICTS):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, name in enumerate(report.sets):
        counts = report.counts(number)
        table.add_row(name, *map(str, (sum(counts.values()), *counts.values())))
    console = Console()
    console.print(table) if console.is_terminal else Console(width=120).print(table)
    for flaw in FLAWS:
        found = sorted(report.of(flaw), key=lambda finding: -finding.residual)
        if found and show:
            print(f"\n{flaw}:")
            for finding in found[:show]:
                print(f"  {finding.entry.path / finding.entry.name}: {finding.why}")
            if len(found) > show:
                print(f"  and {len(found) - show} more; --report names them all, --sheet shows them")
    for pairing in report.pairings:
        _print_pairing(pairing.left, pairing.right, pairing.pairs, pairing.left_alone, pairing.right_alone, show)
        if pairing.misplaced:
            why = "text order differs from number order" if pairing.unsorted else "names are missing or differ"
            print(f"  pairing by position would go wrong at {pairing.misplaced} places ({why}); pair by name")


def _print_pairing(left: str, right: str, pairs: int, left_alone: list[str], right_alone: list[str], show: int) -> None:
    print(f"\n{left} and {right}: {pairs} pairs by name")
    for folder, names in ((left, left_alone), (right, right_alone)):
        if names:
            more = f" and {len(names) - show} more" if len(names) > show else ""
            print(f"  {len(names)} without partner in {folder}: {', '.join(names[:show])}{more}")
