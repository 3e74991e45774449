"""The folder of models that were fetched or imported, and how they get there and go again."""

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tintype.errors import OutputError, WeightsError
from tintype.files.atomic import write_bytes

from .catalogue import Entry, catalogue
from .fetch import alone, fetch
from .places import compiled_folder, models_folder

if TYPE_CHECKING:
    from .model_file import ModelFile

PICKLES = (".pth", ".pt", ".bin", ".ckpt", ".pkl", ".caffemodel")


@dataclass(frozen=True)
class Origin:
    """Where a file of the store came from; written beside it as NAME.json."""

    source: str
    sha256: str
    size: int
    licence: str = ""
    hash_was_known: bool = False


def path_of(name: str) -> Path:
    """Where a model of that name lies in the store.

    Raises:
        WeightsError: the name is no plain one.
    """
    if not name or name.startswith(".") or any(sign in name for sign in '/\\:,*"<>|?') or name.endswith(".onnx"):
        raise WeightsError(f"{name!r} is no name for a model; letters, digits, - and _ are best, without .onnx")
    return models_folder() / f"{name}.onnx"


def origin_of(name: str) -> Origin | None:
    """What is known of where a stored model came from."""
    try:
        values = json.loads(path_of(name).with_suffix(".json").read_text(encoding="utf-8"))
        return Origin(**values)
    except (OSError, ValueError, TypeError):
        return None


def wanted(name_or_url: str, sha256: str = "", name: str = "") -> Entry:
    """What is to be pulled: an entry of the catalogue, or an address.

    Raises:
        WeightsError: the catalogue has no such name, or the address is of a pickle.
    """
    if "://" not in name_or_url:
        known = catalogue()
        if name_or_url not in known:
            raise WeightsError(f"the catalogue has no {name_or_url!r}; it has {', '.join(known)}")
        return known[name_or_url]
    plain = name_or_url.partition("?")[0].rpartition("/")[2]
    refuse_pickle(plain)
    return Entry(
        name=name or plain.removesuffix(".onnx"),
        contract="",
        url=name_or_url,
        licence="",
        training_data="",
        authors="",
        sha256=sha256.lower(),
    )


def pull(entry: Entry, name: str = "") -> tuple["ModelFile", Origin]:
    """Fetch a model into the store, checked before anybody can use it.

    Its size and hash are compared with those that are known, then it is recognised and tried once; what fails leaves
    nothing but, of a download that was cut off, the part that a next one goes on from.

    Raises:
        WeightsError: it cannot be fetched, is not what was asked for, or is no colouriser that is known.
        OutputError: the disk is full, or another process pulls the same.
    """
    path = path_of(name or entry.name)
    with alone(path):
        scratch = fetch(entry.url, path.with_name(f".{path.name}.partial"), size=entry.size, sha256=entry.sha256)
        digest = _digest(scratch)
        origin = Origin(entry.url, digest, scratch.stat().st_size, entry.licence, bool(entry.sha256))
        return _keep(scratch, path, origin, entry.contract), origin


def import_file(source: Path, name: str, *, contract: str = "", overwrite: bool = False) -> "ModelFile":
    """Copy a model file into the store under a name, once it is recognised and tried.

    Raises:
        WeightsError: it is no colouriser that is known, or no file.
        OutputError: the name is taken, or the disk is full.
    """
    refuse_pickle(source.name)
    path = path_of(name)
    if path.exists() and not overwrite:
        raise OutputError(
            f"{name}: there is a model of this name already; `tintype models rm {name}`, or choose another"
        )
    if not source.is_file():
        raise WeightsError(f"{source}: no such model file")
    scratch = path.with_name(f".{path.name}.{os.getpid()}.import")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, scratch)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    origin = Origin(str(source.resolve()), _digest(scratch), scratch.stat().st_size)
    return _keep(scratch, path, origin, contract)


def remove(name: str) -> Path:
    """Delete a model of the store; embedded ones stay.

    Raises:
        WeightsError: the store has no such model.
    """
    path = path_of(name)
    if not path.is_file():
        raise WeightsError(f"{name}: not among the models in {path.parent}; `tintype models` lists them")
    shutil.rmtree(compiled_folder(_digest(path)), ignore_errors=True)
    path.unlink()
    path.with_suffix(".json").unlink(missing_ok=True)
    return path


def refuse_pickle(name: str) -> None:
    """Raises WeightsError for files that run code when they are opened, or that no engine reads."""
    if name.lower().endswith(PICKLES):
        raise WeightsError(
            f"{name}: a pickle or a Caffe file is never loaded here; take the network's ONNX file, or make one "
            "(docs/models.md says how)"
        )


def _keep(scratch: Path, path: Path, origin: Origin, contract: str) -> "ModelFile":
    """Give a file its name once it has been recognised under another."""
    from .model_file import read_model

    trial = scratch.with_suffix(".onnx")
    try:
        os.replace(scratch, trial)
        try:
            found = read_model(trial, contract)
        except WeightsError as error:
            raise WeightsError(f"{origin.source}: {str(error).removeprefix(f'{trial}: ')}") from None
        os.replace(trial, path)
        write_bytes(path.with_suffix(".json"), (json.dumps(asdict(origin), indent=2) + "\n").encode())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        scratch.unlink(missing_ok=True)
        trial.unlink(missing_ok=True)
    return read_model(path, found.contract)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
