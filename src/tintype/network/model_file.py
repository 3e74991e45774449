"""Find, verify and describe model files.

A model file is ONNX with one metadata entry, key ``tintype``, whose value is JSON (`ModelInfo`). The entry is
read here by walking the top level of the protobuf message (ModelProto in onnx.proto of
https://github.com/onnx/onnx), so that describing a model needs neither the onnx package nor an inference
engine.
"""

import difflib
import hashlib
import json
import os
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from tintype.errors import WeightsError

from .catalogue import catalogue
from .foreign import contract_of, fixed_size, info_of, interface_of, mapped
from .places import models_folder
from .protobuf import fields as fields_of

FORMAT = 1
METADATA_KEY = "tintype"
EMBEDDED = Path(__file__).parents[1] / "weights"
CHECKPOINTS = (".safetensors", ".pt", ".pth", ".ckpt")

# Field numbers of ModelProto, and of the key/value pairs in metadata_props.
_IR_VERSION, _GRAPH, _METADATA_PROPS = 1, 7, 14
_KEY, _VALUE = 1, 2

CONDITIONS = ("lightness", "sketch")
TARGETS = ("distribution", "ab", "lab", "rgb")


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says about itself.

    ``size`` is the short side in pixels that the network likes best, ``size_multiple`` what both sides must
    be a multiple of; ``bins`` are the colours (a, b), in CIE units, that its distribution is over; ``hints``
    is "trained", "untrained", "none", or "spread" where the network knows nothing of hints and colours are spread over
    its answer. ``chroma_gain`` is what the mean of the distribution is multiplied by, inside the
    graph, and ``warm_gain`` what at the hue of skin, where it is not the same. ``graph_sha256`` is the hash of the
    graph with its weights (`graph_digest`): a file whose bits have changed is refused.

    ``condition`` is what it colours: "lightness", photographs, or "sketch", black lines on white paper. ``target`` is
    what the network was trained to answer: "distribution" over ``bins``, "ab", or the whole picture as "lab" or
    "rgb"; with the last two ``bins`` is empty and the graph has the output ``painted_lightness``. ``ab_scale`` is the
    number of CIE units that 1 stood for in training; the graph's ``ab`` is in CIE units whatever it is.
    ``generator`` holds the options of the network's shape that are not the system's defaults.
    ``recipe`` is the name of the recipe that it was trained by, ``recipe_sha256`` the hash of its resolved TOML.
    ``calibration`` tells what the entropy of its distribution is worth (`tintype.network.confidence`); empty if never
    measured.
    """

    name: str
    version: str
    system: str
    size: int
    size_multiple: int
    temperature: float
    bins: tuple[tuple[float, float], ...]
    training_data: str
    licence: str
    metrics: dict[str, Any]
    checkpoint_sha256: str
    images_seen: int
    hints: str
    created: str
    format: int = FORMAT
    chroma_gain: float = 1.0
    warm_gain: float | None = None
    graph_sha256: str = ""
    condition: str = "lightness"
    target: str = "distribution"
    ab_scale: float = 1.0
    calibration: tuple[tuple[float, float], ...] = ()
    generator: dict[str, Any] = field(default_factory=dict)
    recipe: str = ""
    recipe_sha256: str = ""

    @classmethod
    def from_json(cls, text: str | bytes) -> "ModelInfo":
        """Parse the metadata entry; keys of later versions are ignored.

        Raises:
            WeightsError: not JSON, a key is missing or has an impossible value, or the format is too new.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise WeightsError(f"the metadata is not JSON ({error})") from error
        if not isinstance(values, dict):
            raise WeightsError("the metadata is not a JSON object")
        if values.get("format") != FORMAT:
            raise WeightsError(
                f"its metadata has the format {values.get('format')!r}, known is {FORMAT}; update tintype"
            )
        names = {each.name for each in fields(cls)}
        required = {each.name for each in fields(cls) if each.default is each.default_factory is MISSING}
        if missing := sorted(required - values.keys()):
            raise WeightsError(f"its metadata lacks {', '.join(missing)}; export the model again")
        known = {name: value for name, value in values.items() if name in names}
        try:
            known["bins"] = tuple((float(a), float(b)) for a, b in known["bins"])
            known["calibration"] = tuple((float(x), float(y)) for x, y in known.get("calibration", ()))
            known["size"], known["size_multiple"] = int(known["size"]), int(known["size_multiple"])
            known["ab_scale"] = float(known.get("ab_scale", 1.0))
            known["generator"] = dict(known.get("generator", {}))
        except (TypeError, ValueError) as error:
            raise WeightsError(f"its metadata has an impossible value ({error}); export the model again") from error
        if known["size"] < 1 or known["size_multiple"] < 1:
            raise WeightsError("its metadata gives a size below 1 pixel; export the model again")
        for name, choices in (("condition", CONDITIONS), ("target", TARGETS)):
            if known.get(name, choices[0]) not in choices:
                raise WeightsError(
                    f"its metadata has the {name} {known[name]!r}, known are {', '.join(choices)}; update tintype"
                )
        return cls(**known)

    def to_json(self) -> str:
        """The metadata entry, as `from_json` reads it."""
        return json.dumps(asdict(self), sort_keys=True)


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
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}" if names else "none is embedded"
    if text in catalogue():
        hint = f"`tintype models pull {text}` fetches it"
    raise WeightsError(f"no model is called {text!r}: {hint}; a path to an .onnx file works too")


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
