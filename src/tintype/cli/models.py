"""`tintype models`: the models that can be used by name, and how they are fetched, imported and checked."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import DeviceOption, JsonOption, ThreadsOption

if TYPE_CHECKING:
    from tintype.network.catalogue import Entry
    from tintype.network.model_file import ModelFile

models = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="""List the models that can be used by name, and fetch, import and check those that others publish.

Without a command it lists: the embedded ones, those that were fetched, and those that can be.

Files lie in the folder that TINTYPE_MODELS names, else in $XDG_DATA_HOME/tintype/models.

Examples:

  tintype models

  tintype models pull ddcolor-artistic

  tintype models check ddcolor-artistic""",
)


@models.callback(invoke_without_command=True)
def list_them(ctx: typer.Context, as_json: JsonOption = False) -> None:
    if ctx.invoked_subcommand is not None:
        return
    from tintype.network.catalogue import catalogue
    from tintype.network.model_file import list_models

    found = list_models()
    here = {model.path.stem for model in found}
    to_have = [entry for name, entry in catalogue().items() if name not in here]
    if as_json:
        entries: list[dict[str, Any]] = [_described(model) for model in found]
        print(json.dumps(entries + [{**asdict(entry), "available": True} for entry in to_have], indent=2))
        return
    width = max(len(name) for name in (*here, *(entry.name for entry in to_have)))
    colours = {"lightness": "photographs", "sketch": "drawings"}
    for model in found:
        info, megabytes = model.info, model.path.stat().st_size / 1e6
        size = f"{info.size:>4} px  {megabytes:6.1f} MB"
        of = colours[info.condition]
        print(f"{model.path.stem:<{width}}  {info.version:<8}  {info.system:<12}  {of:<11}  {size}  {info.licence}")
    print("\nTo be had with `tintype models pull NAME`; none of them was run by the authors of tintype:")
    for entry in to_have:
        size = f"{entry.size / 1e6:6.1f} MB" if entry.size else "        ?"
        print(f"{entry.name:<{width}}  {size}  {entry.licence.partition(' (')[0]:<12}  {entry.note}")


@models.command()
def pull(
    name: Annotated[
        str, typer.Argument(metavar="NAME|URL", help="A name of the list, or the address of an ONNX file.")
    ],
    sha256: Annotated[str, typer.Option("--sha256", metavar="HEX", help="The hash that a URL's file must have.")] = "",
    as_name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call it here.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take the licence as read.")] = False,
) -> None:
    """Fetch a published model. Size and hash are checked, and it is tried once, before it can be used.

    A download that was cut off goes on where it was. Where nobody has published a hash, that of the first download is
    recorded and said.

    Examples:

      tintype models pull ddcolor-artistic

      tintype models pull https://example.org/colouriser.onnx --name mine --sha256 5c95...
    """
    from tintype.errors import TintypeError
    from tintype.network.store import path_of, wanted
    from tintype.network.store import pull as fetch

    entry = wanted(name, sha256, as_name)
    path = path_of(as_name or entry.name)
    if path.exists():
        print(f"{path.stem} is here already: {path}")
        return
    _tell(entry)
    if not yes and entry.licence:
        if not sys.stdin.isatty():
            raise TintypeError(f"the licence of {entry.name} is to be agreed to; run again with --yes")
        if not typer.confirm("Fetch it on these terms?", err=True):
            raise typer.Exit(1)
    model, origin = fetch(entry, as_name)
    if not origin.hash_was_known:
        print(f"no hash of it was known; this download has sha256 {origin.sha256}", file=sys.stderr)
    print(f"{model.path}  {model.contract or model.info.system}")


def _tell(entry: "Entry") -> None:
    """What a person should know of a file before it is fetched."""
    facts = {
        "from": entry.url,
        "size": f"{entry.size:,} bytes" if entry.size else "not published",
        "by": entry.authors or "not stated",
        "trained on": entry.training_data or "not stated",
        "licence": entry.licence or "not stated",
    }
    for fact, value in facts.items():
        print(f"{fact:<10}  {value}", file=sys.stderr)


@models.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="A model file, tintype's or another colouriser's.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call it; default: the file's.")] = "",
    contract: Annotated[str, typer.Option("--contract", metavar="NAME", help="What it is, if it does not show.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model of that name.")] = False,
) -> None:
    """Copy a model file to where models are found by name, once it is recognised and was tried.

    Example:

      tintype models import ColorizeArtistic.onnx --name artistic
    """
    from tintype.network.store import import_file

    model = import_file(file, name or file.stem, contract=contract, overwrite=overwrite)
    print(f"{model.path}  {model.contract or model.info.system}")


@models.command()
def rm(name: Annotated[str, typer.Argument(metavar="NAME", help="A model that was fetched or imported.")]) -> None:
    """Delete a model that was fetched or imported."""
    from tintype.network.store import remove

    print(f"deleted {remove(name)}")


@models.command()
def path(name: Annotated[str, typer.Argument(metavar="[NAME]", help="A model; none: the folder.")] = "") -> None:
    """Print where a model lies, or the folder of those that are fetched."""
    from tintype.network.model_file import find_model
    from tintype.network.places import models_folder

    print(find_model(name).path if name else models_folder())


@models.command()
def check(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name, a file, or CONTRACT:FILE.")],
    device: DeviceOption = "auto",
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Examine a model: its contract, its colours on test pictures, its speed and memory, bf16 against f32.

    The colours are compared with those of `tint`, which finds answers that are swapped, mirrored, too strong or too
    weak. The exit status is 1 if something is wrong. Paste what it prints into a report of a fault.

    Example:

      tintype models check ddcolor:somebody.onnx
    """
    from tintype.colorizer.model_check import check as examine

    report = examine(model, device=device, threads=threads)
    if as_json:
        print(json.dumps(report.facts | {"faults": report.faults}, indent=2))
    else:
        width = max(map(len, report.facts))
        for name, value in report.facts.items():
            print(f"{name.replace('_', ' '):<{width}}  {value}")
        for fault in report.faults:
            print(f"wrong: {fault}")
    if report.faults:
        raise typer.Exit(1)


def _described(model: "ModelFile") -> dict[str, Any]:
    """Hundreds of colour bins are for machines that read the file itself."""
    values = {name: value for name, value in asdict(model.info).items() if name != "bins"}
    return {"path": str(model.path), "sha256": model.sha256, "contract": model.contract, **values}
