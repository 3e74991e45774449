"""The inputs and outputs of an ONNX graph, and what a graph that nobody vouches for must not have.

Read from the bytes alone: no engine sees a file before it has been found harmless. Refused are weights in other files
(they could be any file of the machine), operators that only a library of somebody's own could run, loops (they need
not end), and tensors that declare more than the file holds.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from tintype.errors import WeightsError

from .protobuf import fields, numbers, text, varint

MODEL_GRAPH, MODEL_OPSETS, MODEL_FUNCTIONS = 7, 8, 25
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_OUTPUT = 1, 5, 11, 12
NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_TENSOR, ATTRIBUTE_GRAPH, ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS = 5, 6, 10, 11
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW, TENSOR_EXTERNAL = 1, 2, 8, 9, 13
TENSOR_VALUES = (4, 5, 7, 10, 11)
FUNCTION_NAME, FUNCTION_NODE, FUNCTION_DOMAIN = 1, 7, 10

# Elements of TensorProto.DataType that a network's inputs may have, as numpy calls them.
TYPES = {1: "float32", 10: "float16", 11: "float64"}
# Bits of one element, by DataType.
BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 16: 16, 21: 4, 22: 4}
# Operators of these domains are the engines' own; com.microsoft has those of quantised graphs.
DOMAINS = ("", "ai.onnx", "com.microsoft")
ENDLESS = ("Loop", "Scan")
LEAST_OPSET = 11
DEEPEST = 8  # graphs inside operators of graphs
MOST_BYTES = 1 << 32  # of one tensor


@dataclass(frozen=True)
class Port:
    """An input or output: (batch, channels, height, width) and the type of its elements; None is what may vary."""

    name: str
    shape: tuple[int | None, ...]
    type: str = "float32"

    @property
    def channels(self) -> int | None:
        return self.shape[1] if len(self.shape) == 4 else None

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width, of a port that takes no others."""
        if len(self.shape) != 4 or self.shape[2] is None or self.shape[3] is None:
            return None
        return self.shape[2], self.shape[3]

    def __str__(self) -> str:
        shape = "x".join("?" if length is None else str(length) for length in self.shape)
        return f"{self.name} [{shape}]" + ("" if self.type == "float32" else f" {self.type}")


@dataclass(frozen=True)
class Interface:
    """What a graph takes and answers with."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    opset: int = 0

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.inputs))} -> {', '.join(map(str, self.outputs))}"


@dataclass
class _Found:
    """What a walk over a graph has met."""

    declared: set[tuple[str, str]] = field(default_factory=set)  # functions of the model's own


def read_interface(view: memoryview) -> Interface:
    """The interface of a serialised ONNX model, once nothing in it is suspect.

    Raises:
        WeightsError: it is cut short or no ONNX, or it has something of the list above; without the file's name.
    """
    try:
        return _read(view)
    except (ValueError, IndexError) as error:
        raise WeightsError(f"corrupt or not an ONNX file ({error}); fetch or export it again") from None


def _read(view: memoryview) -> Interface:
    graph, opset = None, 0
    functions = []
    for number, value in fields(view):
        if number == MODEL_GRAPH:
            graph = value
        elif number == MODEL_OPSETS:
            entry = dict(fields(value))
            if text(entry.get(1, memoryview(b""))) in ("", "ai.onnx"):
                opset = varint(entry[2])[0] if 2 in entry else 0
        elif number == MODEL_FUNCTIONS:
            functions.append(value)
    if graph is None:
        raise ValueError("it holds no graph")
    if 0 < opset < LEAST_OPSET:
        raise WeightsError(
            f"of ONNX opset {opset}, known are {LEAST_OPSET} and up; convert it with onnx.version_converter"
        )
    found = _Found()
    for function in functions:
        parts = {number: value for number, value in fields(function) if number in (FUNCTION_NAME, FUNCTION_DOMAIN)}
        empty = memoryview(b"")
        found.declared.add((text(parts.get(FUNCTION_DOMAIN, empty)), text(parts.get(FUNCTION_NAME, empty))))
    for function in functions:
        for number, value in fields(function):
            if number == FUNCTION_NODE:
                _check_node(value, found, 0)
    weights = _check_graph(graph, found, 0)
    inputs = [_port(value) for number, value in fields(graph) if number == GRAPH_INPUT]
    outputs = [_port(value) for number, value in fields(graph) if number == GRAPH_OUTPUT]
    # Graphs of old list their weights among their inputs.
    return Interface(tuple(port for port in inputs if port.name not in weights), tuple(outputs), opset)


def _check_graph(graph: memoryview, found: _Found, depth: int) -> set[str]:
    """Look through a graph; the names of its weights."""
    if depth > DEEPEST:
        raise WeightsError(f"its graphs are nested more than {DEEPEST} deep, which no network needs")
    names = set()
    for number, value in fields(graph):
        if number == GRAPH_NODE:
            _check_node(value, found, depth)
        elif number == GRAPH_INITIALIZER:
            names.add(_check_tensor(value))
    return names


def _check_node(node: memoryview, found: _Found, depth: int) -> None:
    operator = domain = ""
    for number, value in fields(node):
        if number == NODE_OPERATOR:
            operator = text(value)
        elif number == NODE_DOMAIN:
            domain = text(value)
        elif number == NODE_ATTRIBUTE:
            for kind, inner in _inner(value):
                if kind in (ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS):
                    _check_tensor(inner)
                else:
                    _check_graph(inner, found, depth + 1)
    if operator in ENDLESS and domain in DOMAINS:
        raise WeightsError(f"it has the operator {operator}, which need not end; export the network without it")
    if domain not in DOMAINS and (domain, operator) not in found.declared:
        raise WeightsError(f"it has the operator {domain}.{operator}, which is of nobody's standard; export without it")


def _inner(attribute: memoryview) -> Iterator[tuple[int, memoryview]]:
    kinds = (ATTRIBUTE_TENSOR, ATTRIBUTE_GRAPH, ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS)
    return ((number, value) for number, value in fields(attribute) if number in kinds)


def _check_tensor(tensor: memoryview) -> str:
    """The name of a tensor that the file holds wholly."""
    dims: list[int] = []
    kind, held, values, name = 0, None, 0, ""
    for number, value in fields(tensor):
        if number == TENSOR_DIMS:
            dims += numbers(value)
        elif number == TENSOR_TYPE:
            kind = varint(value)[0]
        elif number == TENSOR_NAME:
            name = text(value)
        elif number == TENSOR_RAW:
            held = len(value)
        elif number in TENSOR_VALUES:
            values += len(value)
        elif number == TENSOR_EXTERNAL:
            place = {text(v) for n, v in fields(value) if n == 2}
            raise WeightsError(
                f"its weights are in another file ({', '.join(sorted(place))[:80]}), which is not read; "
                "save it as one: onnx.save(onnx.load(FILE), ONE_FILE)"
            )
    count = math.prod(dims)
    bits = BITS.get(kind, 8)
    size = -(-count * bits // 8)
    if any(length >= 1 << 62 for length in dims) or size > MOST_BYTES:
        raise WeightsError(f"its tensor {name[:60]!r} declares {size:,} bytes; the most is {MOST_BYTES:,}")
    if held is not None and held != size:
        raise WeightsError(f"its tensor {name[:60]!r} declares {size:,} bytes and has {held:,}; fetch it again")
    if held is None and kind in BITS and count > values:  # each value of a list takes a byte or more
        raise WeightsError(f"its tensor {name[:60]!r} declares {count:,} values and has fewer; fetch it again")
    return name


def _port(info: memoryview) -> Port:
    parts = dict(fields(info))
    name = text(parts.get(1, memoryview(b"")))
    tensor = dict(fields(parts[2])).get(1) if 2 in parts else None
    if tensor is None:
        return Port(name, (), "no tensor")
    about = dict(fields(tensor))
    kind = varint(about[1])[0] if 1 in about else 0
    dims = [value for number, value in fields(about[2]) if number == 1] if 2 in about else []
    return Port(name, tuple(map(_length, dims)), TYPES.get(kind, f"type {kind}"))


def _length(dimension: memoryview) -> int | None:
    """The length of a dimension; None where it may vary, or nothing is said."""
    stated = dict(fields(dimension)).get(1)
    value = 0 if stated is None else varint(stated)[0]
    return value if 0 < value < 1 << 31 else None
