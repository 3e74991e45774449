"""`tintype models`: the models that can be used by name."""

import json
from dataclasses import asdict

from .options import JsonOption


def models(as_json: JsonOption = False) -> None:
    """List the models that can be used by name.

    They are the embedded ones and those in the folder that the environment variable TINTYPE_MODELS names.

    Examples:

      tintype models

      tintype models --json
    """
    from tintype.network.model_file import list_models

    found = list_models()
    if as_json:
        entries = [
            {"path": str(model.path), "sha256": model.sha256, **_without_bins(asdict(model.info))} for model in found
        ]
        print(json.dumps(entries, indent=2))
        return
    if not found:
        print("no model is embedded in this copy of tintype; name an .onnx file with --model")
        return
    width = max(len(model.info.name) for model in found)
    colours = {"lightness": "photographs", "sketch": "drawings"}
    for model in found:
        info, megabytes = model.info, model.path.stat().st_size / 1e6
        size = f"{info.size:>4} px  {megabytes:6.1f} MB"
        of = colours[info.condition]
        print(f"{info.name:<{width}}  {info.version:<8}  {info.system:<10}  {of:<11}  {size}  {info.licence}")


def _without_bins(values: dict[str, object]) -> dict[str, object]:
    """Hundreds of colour bins are for machines that read the file itself."""
    return {name: value for name, value in values.items() if name != "bins"}
