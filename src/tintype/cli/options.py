"""Options that several verbs share, their choices spelt out: help needs neither numpy nor an engine."""

from typing import Annotated, Literal

import typer

from .completion import models

DeviceOption = Annotated[Literal["auto", "cpu", "cuda"], typer.Option("--device", help="Where the network runs.")]
PrecisionOption = Annotated[
    Literal["auto", "f32", "bf16"],
    typer.Option("--precision", help="Arithmetic of the network; auto is bf16 where the CPU has it."),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", min=1, help="CPU threads for the network; default: all cores."),
]
ModelOption = Annotated[
    str,
    typer.Option("--model", autocompletion=models, help="A model's name or .onnx file; several by commas: their mean."),
]
SizeOption = Annotated[
    int | None,
    typer.Option("--size", metavar="PIXELS", help="Short side of what the network sees; default: the model's own."),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist.")]
AcceleratorOption = Annotated[
    Literal["auto", "cpu", "cuda", "mps"], typer.Option("--accelerator", help="What to train on.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]

FILMS = "Films"  # the panel of help that options for films stand in
StabilityOption = Annotated[
    float,
    typer.Option(
        "--stability",
        metavar="0..1",
        help="How long colours are remembered; with --every 1, 0 is frame by frame.",
        rich_help_panel=FILMS,
    ),
]
EveryOption = Annotated[
    str, typer.Option("--every", metavar="N|auto", help="Frames between predictions.", rich_help_panel=FILMS)
]
