"""`tintype info`: what a model is and how it would run here, or what a picture is."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .completion import models
from .options import DeviceOption, JsonOption, PrecisionOption

if TYPE_CHECKING:
    from tintype.network.model_file import ModelFile
    from tintype.photo.photo import Photo


def info(
    subject: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|PICTURE", autocompletion=models, help="A model's name or .onnx file, or a picture."
        ),
    ] = "tint",
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Describe a model or a picture.

    For a model: its metadata and SHA-256, and the engine, device and arithmetic it would run with on this
    machine; if that is bf16, also how far its colours are from those in f32, measured on a built-in picture.

    Examples:

      tintype info

      tintype info grandmother.jpg --json
    """
    from tintype.batch.plan import READABLE
    from tintype.network.model_file import find_model
    from tintype.photo.photo import Photo

    path = Path(subject)
    suffix = path.suffix.lower()
    if suffix in READABLE or (path.is_file() and suffix != ".onnx"):  # a picture that is missing is no model
        facts = _about_picture(Photo.read(path), path)
    else:
        facts = _about_model(find_model(subject), device, precision)
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name.replace('_', ' '):<{width}}  {value}")


def _about_model(model: "ModelFile", device: Any, precision: Any) -> dict[str, Any]:
    from tintype.network.network import Network, bf16_difference

    network = Network(model, device=device, precision=precision)
    facts = {
        "path": str(model.path),
        "sha256": model.sha256,
        "bytes": model.path.stat().st_size,
        **asdict(model.info),
        "bins": len(model.info.bins),
        "engine": network.engine,
        "device": network.device,
        "precision": network.precision,
    }
    if network.precision == "bf16":
        mean, most = bf16_difference(model)
        facts["bf16_mean_difference_in_ab"] = round(mean, 4)
        facts["bf16_max_difference_in_ab"] = round(most, 4)
    return facts


def _about_picture(photo: "Photo", path: Path) -> dict[str, Any]:
    from tintype.colorizer.provenance import read_record

    meta = photo.meta
    record = read_record(meta) or {}
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        "format": meta.format,
        "mode": meta.mode,
        "width": photo.width,
        "height": photo.height,
        "colour": photo.chroma is not None,
        "alpha": photo.alpha is not None,
        "jpeg_quality": meta.quality,
        "jpeg_subsampling": meta.subsampling,
        "dpi": meta.dpi,
        "exif_bytes": len(meta.exif or b""),
        "icc_bytes": len(meta.icc or b""),
        "xmp_bytes": len(meta.xmp or b""),
        "iptc_bytes": len(meta.iptc or b""),
        **{f"coloured_{name}": value for name, value in record.items()},
    }
