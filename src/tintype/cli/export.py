"""`tintype.training.export`: a thin face of `tintype.export`."""

from pathlib import Path
from typing import Annotated

import typer


def export(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="A weights file, or a run directory.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The model file to write.")],
    name: Annotated[
        str | None, typer.Option("--name", help="The model's name in its metadata; default: its recipe's.")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="The model's version; default: the images it has seen.")
    ] = None,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0.05, max=2, help="1: mean colour, dull; lower: more vivid.")
    ] = 0.6,
    chroma_gain: Annotated[
        float, typer.Option("--chroma-gain", min=0.1, max=3, help="Multiply the colour: 1.2 is a little more vivid.")
    ] = 1.0,
    warm_gain: Annotated[
        float | None,
        typer.Option("--warm-gain", min=0.1, max=3, help="The same for the hue of skin, where it should be another."),
    ] = None,
    skin: Annotated[
        Path | None, typer.Option("--skin", metavar="FILE", help="A probe that finds skin (dev/skin_probe.py).")
    ] = None,
    skin_gain: Annotated[
        float, typer.Option("--skin-gain", min=0.1, max=3, help="Multiply the colour of what --skin finds.")
    ] = 1.0,
    light_gain: Annotated[
        float | None,
        typer.Option("--light-gain", min=0.1, max=5, help="Multiply the colour of lights in dark pictures."),
    ] = None,
    shade_gain: Annotated[
        float, typer.Option("--shade-gain", min=0, max=1, help="Multiply all gains in the dark.")
    ] = 1.0,
    skin_odds: Annotated[
        float, typer.Option("--skin-odds", min=0, max=2, help="How much likelier to make skin's colours on skin.")
    ] = 0.0,
    size: Annotated[
        int | None,
        typer.Option("--size", min=32, help="Short side of the network's input in use; default: as it was trained."),
    ] = None,
    training_data: Annotated[str, typer.Option("--training-data", help="What it was trained on, in words.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="Terms of the weights, in words.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Turn a checkpoint into a model file (ONNX, fp16 weights), checked against torch before it is written.

    Published weights of DDColor (.bin, .pth) become the ONNX file that others publish of them.

    Examples:

      tintype export runs/landscape --output landscape.onnx

      tintype export runs/tint --output mine.onnx --name mine

      tintype export runs/tint/checkpoints/weights-000700000.safetensors --output tint.onnx --temperature 0.5
    """
    import sys

    if checkpoint.suffix in (".bin", ".pth"):
        from tintype.training.ddcolor_file import export_published, read_published

        print(export_published(read_published(checkpoint), output, overwrite=overwrite))
        return
    from tintype.training.export import export_checkpoint
    from tintype.training.reading import Reading

    print("exporting; a large network takes a minute or two ...", file=sys.stderr, flush=True)
    path = export_checkpoint(
        checkpoint,
        output,
        name=name,
        version=version,
        reading=Reading(temperature, chroma_gain, warm_gain, skin, skin_gain, light_gain, shade_gain, skin_odds),
        size=size,
        training_data=training_data,
        licence=licence,
        overwrite=overwrite,
    )
    print(path)
