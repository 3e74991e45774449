"""`tintype bench`: how fast this machine colours, as a table to paste into a report."""

import json
from typing import Annotated

import typer

from .completion import models
from .options import JsonOption


def bench(
    model: Annotated[
        str, typer.Option("--model", autocompletion=models, help="A model's name, or the path of an .onnx file.")
    ] = "tint",
    quick: Annotated[bool, typer.Option("--quick", help="Only one megapixel and a small folder.")] = False,
    files: Annotated[int, typer.Option("--files", metavar="N", min=2, help="Pictures in the folder.")] = 32,
    as_json: JsonOption = False,
) -> None:
    """Measure the network, whole pictures of 1, 12 and 50 megapixels, and a folder; about a minute.

    The floor of a picture is decoding, the network and encoding, each alone.

    Examples:

      tintype bench

      tintype bench --quick --json
    """
    from tintype.evaluation.speed import measure
    from tintype.network.ensemble import find_models

    find_models(model)  # a name that is wrong is told before anything is printed
    rows = []
    if not as_json:
        print("| what | result | peak memory |\n|---|---|---|")
    for row in measure(model, sizes=(1,) if quick else (1, 12, 50), files=min(files, 4) if quick else files):
        rows.append(row)
        if not as_json:
            peak = f"{row['peak_mib']} MiB" if row.get("peak_mib") else ""
            print(f"| {row['what']} | {row['value']} | {peak} |", flush=True)
    if as_json:
        print(json.dumps(rows, indent=2))
