"""`tintype report`: a thin face of `tintype.reports.run_report`."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run directories of `tintype train`.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The page to write; needed for several runs."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the --output file if it exists.")] = False,
) -> None:
    """Write a run's report, or lay several runs over each other.

    A page is one HTML file that needs no network. The report of one run goes to RUN/report.html, which is written
    anew at every call, also while the run is going. Runs whose recipes differ only in `seed` become one curve, their
    mean, with a band of one standard deviation.

    Examples:

      tintype report runs/mine

      tintype report runs/small-* runs/large-* --output compared.html
    """
    from tintype.errors import OutputError

    if len(runs) > 1 and output is None:
        raise OutputError(f"{len(runs)} runs make one page, and it has no name; give --output FILE.html")
    if output is not None and output.exists() and not overwrite:
        raise OutputError(f"{output} exists already; name another file or give --overwrite")
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise OutputError(f"{output}: no file can be made there; name a file in a folder that exists")
    if len(runs) > 1 and output is not None:
        from tintype.reports.comparison import write_comparison

        print(write_comparison(runs, output))
        return
    from tintype.reports.run_report import write_report

    print(write_report(runs[0], output))
