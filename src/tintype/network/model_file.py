"""Find, verify and describe model files.

A model file is ONNX with one metadata entry, key ``tintype``, whose value is JSON (`ModelInfo`). The entry is
read here by walking the top level of the protobuf message (ModelProto in onnx.proto of
https://github.com/onnx/onnx), so that describing a model needs neither the onnx package nor an inference
engine.
"""

import difflib
import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tintype.errors import WeightsError

from .catalogue import catalogue
from .foreign import contract_of, fixed_size, info_of, interface_of, mapped
from .model_info import FORMAT as FORMAT
from .model_info import ModelInfo as ModelInfo
from .places import models_folder
from .protobuf import fields as fields_of

METADATA_KEY = "tintype"
EMBEDDED = Path(__file__).parents[1] / "weights"
CHECKPOINTS = (".safetensors", ".pt", ".pth", ".ckpt")

# Field numbers of ModelProto, and of the key/value pairs in metadata_props.
_IR_VERSION, _GRAPH, _METADATA_PROPS = 1, 7, 14
_KEY, _VALUE = 1, 2


@dataclass(frozen=True)
class ModelFile:
    """A verified model file: where it is, what it says of itself, and the SHA-256 of its bytes.

    ``contract`` names the interface of a file that is not tintype's own (`tintype.network.contracts`), and ``fixed`` is
    the height and width of a network that takes no others. ``share`` is its weight among several that answer together.
    """

    path: Path
    info: ModelInfo
    sha256: str
    contract: str = ""
    fixed: tuple[int, int] | None = None
    share: float = 1.0


def find_model(model: str | os.PathLike[str]) -> ModelFile:
    """The model of that name, or at that path.

    Names are looked up among the embedded models, then in the folder of those that were fetched
    (`tintype.network.places.models_folder`). A file of somebody else's is recognised by its inputs and outputs;
    CONTRACT:MODEL says what it is.

    Raises:
        WeightsError: no such model, or the file is unreadable, corrupt, or no colouriser that is known.
    """
    text = os.fspath(model)
    contract, colon, rest = text.partition(":")
    if colon and len(contract) > 1 and not Path(text).exists():  # a single letter is a drive of Windows
        return read_model(_path_of(rest), contract)
    return read_model(_path_of(text))


def _path_of(text: str) -> Path:
    """The file of a model by its name or path. Raises WeightsError for a name that no model has."""
    path = Path(text)
    if path.suffix in {".onnx", *CHECKPOINTS} or len(path.parts) != 1 or path.is_file():
        return path
    for folder in _folders():
        candidate = folder / f"{text}.onnx"
        if candidate.is_file():
            return candidate
    names = sorted(path.stem for path in _files())
    near = difflib.get_close_matches(text, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}." if names else "none is embedded."
    if text in catalogue():
        hint = f"`tintype models pull {text}` fetches it."
    raise WeightsError(f"no model is called {text!r}: {hint} A path to an .onnx file works too")


def list_models() -> list[ModelFile]:
    """Every embedded model and every one that was fetched, by name.

    Raises:
        WeightsError: one of them is corrupt.
    """
    return [read_model(path) for path in _files()]


def read_model(path: str | os.PathLike[str], contract: str = "") -> ModelFile:
    """Read and verify one model file; ``contract`` says what a file of somebody else's is.

    Raises:
        WeightsError: unreadable, cut short, not ONNX, or ONNX of no colouriser that is known.
    """
    path = Path(path)
    if path.suffix in CHECKPOINTS:
        raise WeightsError(f"{path} is a checkpoint, not a model file; turn it into one with `tintype export`")
    try:
        data = mapped(path)
        stamp = path.stat()
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such model file; `tintype models` lists what there is") from None
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror or error})") from error
    digest = _digest(path, stamp.st_size, stamp.st_mtime_ns)
    try:
        graph, metadata = _parts(data)
        info = None if metadata is None else ModelInfo.from_json(metadata)
        if info and info.graph_sha256 and hashlib.sha256(graph).hexdigest() != info.graph_sha256:
            raise WeightsError("corrupt (its weights are not those it was made with); fetch or export it again")
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    if info is None:
        return _foreign(path, digest, contract)
    if contract:
        raise WeightsError(f"{path}: one of tintype's own models; name it without {contract}:")
    return ModelFile(path, info, digest)


@lru_cache(maxsize=64)
def _digest(path: Path, size: int, modified: int) -> str:
    """SHA-256 of a file; of that size and time, so that a gigabyte is not read again for every question."""
    return hashlib.sha256(mapped(path)).hexdigest()


def _foreign(path: Path, digest: str, name: str) -> ModelFile:
    interface = interface_of(path)
    contract = contract_of(path, digest, interface, name)
    info = info_of(path, contract, interface, digest)
    return ModelFile(path, info, digest, contract.name, fixed_size(interface))


def _folders() -> list[Path]:
    return [EMBEDDED, models_folder()]


def _files() -> list[Path]:
    """The model files that have names; one that is just being fetched has none yet."""
    found = [path for folder in _folders() for path in sorted(folder.glob("*.onnx"))]
    return [path for path in found if not path.name.startswith(".")]


def graph_digest(data: bytes) -> str:
    """The SHA-256 of the graph, weights included, of a serialised ONNX model.

    Raises:
        WeightsError: not ONNX.
    """
    return hashlib.sha256(_parts(memoryview(data))[0]).hexdigest()


def _parts(view: memoryview) -> tuple[memoryview, bytes | None]:
    """The graph, and the value of tintype's entry in metadata_props if there is one.

    Walking to the end also finds files cut short.
    """
    seen: dict[int, memoryview] = {}
    found: bytes | None = None
    try:
        for number, value in fields_of(view):
            seen[number] = value
            if number == _METADATA_PROPS:
                entry = dict(fields_of(value))
                if bytes(entry.get(_KEY, b"")) == METADATA_KEY.encode():
                    found = bytes(entry.get(_VALUE, b""))
    except ValueError as error:
        raise WeightsError(f"corrupt or not an ONNX file ({error}); fetch or export it again") from None
    if not {_IR_VERSION, _GRAPH} <= seen.keys():
        raise WeightsError("corrupt or not an ONNX file (it holds no graph); fetch or export it again")
    return seen[_GRAPH], found
