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
from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from tintype.errors import WeightsError

FORMAT = 1
METADATA_KEY = "tintype"
EMBEDDED = Path(__file__).parents[1] / "weights"
MODELS_VARIABLE = "TINTYPE_MODELS"
CHECKPOINTS = (".safetensors", ".pt", ".pth", ".ckpt")

# Field numbers of ModelProto, and of the key/value pairs in metadata_props.
_IR_VERSION, _GRAPH, _METADATA_PROPS = 1, 7, 14
_KEY, _VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

CONDITIONS = ("lightness", "sketch")
TARGETS = ("distribution", "ab", "lab", "rgb")


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says about itself.

    ``size`` is the short side in pixels that the network likes best, ``size_multiple`` what both sides must
    be a multiple of; ``bins`` are the colours (a, b), in CIE units, that its distribution is over; ``hints``
    is "trained" or "untrained". ``chroma_gain`` is what the mean of the distribution is multiplied by, inside the
    graph, and ``warm_gain`` what at the hue of skin, where it is not the same. ``graph_sha256`` is the hash of the
    graph with its weights (`graph_digest`): a file whose bits have changed is refused.

    ``condition`` is what it colours: "lightness", photographs, or "sketch", black lines on white paper. ``target`` is
    what the network was trained to answer: "distribution" over ``bins``, "ab", or the whole picture as "lab" or
    "rgb"; with the last two ``bins`` is empty and the graph has the output ``painted_lightness``. ``ab_scale`` is the
    number of CIE units that 1 stood for in training; the graph's ``ab`` is in CIE units whatever it is.
    ``generator`` holds the options of the network's shape that are not the system's defaults.
    ``calibration`` tells what the entropy of its distribution is worth (`tintype.colorizer.confidence`); empty if never
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
    """A verified model file: where it is, what it says of itself, and the SHA-256 of its bytes."""

    path: Path
    info: ModelInfo
    sha256: str


def find_model(model: str | os.PathLike[str]) -> ModelFile:
    """The model of that name, or at that path.

    Names are looked up among the embedded models, then in the folder that the environment variable
    TINTYPE_MODELS names.

    Raises:
        WeightsError: no such model, or the file is unreadable, corrupt, or not a tintype model.
    """
    text = os.fspath(model)
    path = Path(text)
    if path.suffix in {".onnx", *CHECKPOINTS} or len(path.parts) != 1 or path.is_file():
        return read_model(path)
    for folder in _folders():
        candidate = folder / f"{text}.onnx"
        if candidate.is_file():
            return read_model(candidate)
    names = sorted(path.stem for folder in _folders() for path in folder.glob("*.onnx"))
    near = difflib.get_close_matches(text, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}" if names else "none is embedded"
    raise WeightsError(f"no model is called {text!r}: {hint}; a path to an .onnx file works too")


def list_models() -> list[ModelFile]:
    """Every embedded model and every one in the folder TINTYPE_MODELS, by name.

    Raises:
        WeightsError: one of them is corrupt.
    """
    return [read_model(path) for folder in _folders() for path in sorted(folder.glob("*.onnx"))]


def read_model(path: str | os.PathLike[str]) -> ModelFile:
    """Read and verify one model file.

    Raises:
        WeightsError: unreadable, cut short, not ONNX, or ONNX without tintype's metadata.
    """
    path = Path(path)
    if path.suffix in CHECKPOINTS:
        raise WeightsError(f"{path} is a checkpoint, not a model file; turn it into one with `tintype export`")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such model file; `tintype models` lists what there is") from None
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        graph, metadata = _parts(data)
        if metadata is None:
            raise WeightsError("an ONNX file, but not a tintype model (no metadata); make one with `tintype export`")
        info = ModelInfo.from_json(metadata)
        if info.graph_sha256 and hashlib.sha256(graph).hexdigest() != info.graph_sha256:
            raise WeightsError("corrupt (its weights are not those it was made with); fetch or export it again")
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    return ModelFile(path, info, hashlib.sha256(data).hexdigest())


def _folders() -> list[Path]:
    extra = os.environ.get(MODELS_VARIABLE)
    return [EMBEDDED, Path(extra)] if extra else [EMBEDDED]


def graph_digest(data: bytes) -> str:
    """The SHA-256 of the graph, weights included, of a serialised ONNX model.

    Raises:
        WeightsError: not ONNX.
    """
    return hashlib.sha256(_parts(data)[0]).hexdigest()


def _parts(data: bytes) -> tuple[memoryview, bytes | None]:
    """The graph, and the value of tintype's entry in metadata_props if there is one.

    Walking to the end also finds files cut short.
    """
    view = memoryview(data)
    seen: dict[int, memoryview] = {}
    found: bytes | None = None
    try:
        for number, value in _fields(view):
            seen[number] = value
            if number == _METADATA_PROPS:
                entry = dict(_fields(value))
                if bytes(entry.get(_KEY, b"")) == METADATA_KEY.encode():
                    found = bytes(entry.get(_VALUE, b""))
    except ValueError as error:
        raise WeightsError(f"corrupt or not an ONNX file ({error}); fetch or export it again") from None
    if not {_IR_VERSION, _GRAPH} <= seen.keys():
        raise WeightsError("corrupt or not an ONNX file (it holds no graph); fetch or export it again")
    return seen[_GRAPH], found


def _fields(view: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The (field number, raw value) pairs of one protobuf message; ValueError where it makes no sense."""
    at = 0
    while at < len(view):
        tag, at = _varint(view, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            start = at
            _, at = _varint(view, at)
        elif kind == _BYTES:
            length, start = _varint(view, at)
            at = start + length
        elif kind in (_FIXED32, _FIXED64):
            start, at = at, at + (4 if kind == _FIXED32 else 8)
        else:
            raise ValueError(f"unknown wire type {kind} at byte {at}")
        if at > len(view):
            raise ValueError(f"{len(view)} bytes, {at} expected")
        if number == 0:
            raise ValueError(f"field number 0 at byte {start}")
        yield number, view[start:at]


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(view) or shift > 63:
            raise ValueError(f"{len(view)} bytes, ends inside a number")
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
