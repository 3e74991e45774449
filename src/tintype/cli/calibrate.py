"""`tintype calibrate`: a thin face of `tintype.evaluation.calibration`."""

from pathlib import Path
from typing import Annotated

import typer

from .options import DeviceOption, PrecisionOption, ThreadsOption


def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name, or the path of an .onnx file.")],
    data: Annotated[
        Path, typer.Option("--data", metavar="PATH", help="Colour photographs that it was not trained on.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the model, calibrated; default: only tell."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=10, help="Photographs to look at, evenly spread.")] = 400,
    figure: Annotated[
        Path | None, typer.Option("--figure", metavar="FILE.html", help="Draw stated against real errors.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    threads: ThreadsOption = None,
) -> None:
    """Measure what a model's uncertainty is worth, in errors of its colours, and tell it.

    Every second photograph makes the calibration, the others test it. With --output, the model file gets what was
    found, and `tintype colorize --confidence` can be used with it.

    Examples:

      tintype calibrate mine.onnx --data photos/ --output mine-calibrated.onnx

      tintype calibrate tint --data val.tar --figure reliability.html
    """
    from rich.console import Console
    from rich.progress import Progress

    from tintype.colorizer.colorizer import Colorizer
    from tintype.errors import OutputError
    from tintype.evaluation.calibration import fit, measure_errors, reliability, write_figure
    from tintype.training.export import with_info

    for path in (output, figure):
        if path is not None and path.exists() and not overwrite:
            raise OutputError(f"{path}: exists already; choose another name or use --overwrite")
    colorizer = Colorizer(model, device=device, precision=precision, threads=threads)
    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("photographs", total=limit)
        measured = measure_errors(
            colorizer,
            data,
            limit=limit,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    knots = fit(measured[::2])
    told = reliability(measured[1::2], knots)
    print("stated error   real error   (CIE units of ab, tenths of the pixels)")
    for stated, real in zip(told.stated, told.real, strict=True):
        print(f"{stated:12.1f} {real:12.1f}")
    print(f"apart by {told.gap:.1f} on average; the stated error explains {told.share:.0%} of the real one's variance")
    if figure is not None:
        print(write_figure(told, colorizer.model.info.name, figure))
    if output is not None:
        print(with_info(colorizer.model, output, overwrite=overwrite, calibration=knots))
