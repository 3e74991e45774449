"""Real, very small colourisers with the interfaces of published ones, whose right answer is known in closed form.

Of a grey g, 0 to 1, each makes the colours `ab_of`, by a handful of ONNX operators; `around_tint` gives tint's own
network another's interface, and so its answer.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from tintype.network.model_file import find_model

Plane = npt.NDArray[np.float32]

A, B = (20.0, -24.0), (-6.0, 14.0)  # ab = A g + B
RGB = (0.10, -0.02, -0.12)  # what DeOldify's stand-in adds to grey, times 4 g (1 - g)


def ab_of(grey: Plane) -> Plane:
    """ab (..., 2) that the stand-ins give grey (...), 0 to 1."""
    return np.stack([A[i] * grey + B[i] for i in (0, 1)], -1).astype(np.float32)


class Nodes:
    """A graph in the making: every operator returns the name of its output."""

    def __init__(self, opset: int = 17, type_: int = TensorProto.FLOAT) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.opset, self.type = opset, type_

    def op(self, kind: str, *inputs: Any, output: str = "", **attributes: Any) -> str:
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        output = output or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return output

    def constant(self, value: Any, dtype: Any = None) -> str:
        array = np.asarray(value)
        if dtype is None:
            dtype = np.int64 if array.dtype.kind == "i" else helper.tensor_dtype_to_np_dtype(self.type)
        name = f"constant{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array.astype(dtype), name))
        return name

    def channel(self, planes: str, index: int) -> str:
        return self.op("Slice", planes, [index], [index + 1], [1])

    def save(
        self,
        path: Path,
        inputs: Sequence[tuple[str, Sequence[Any]]],
        outputs: Sequence[tuple[str, Sequence[Any]]],
    ) -> Path:
        ports = [[helper.make_tensor_value_info(name, self.type, list(shape)) for name, shape in ends]
                 for ends in (inputs, outputs)]  # fmt: skip
        graph = helper.make_graph(self.nodes, "colouriser", *ports, self.weights)
        imports = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model.SerializeToString())
        return path


def _linear(g: Nodes, grey: str, swap: bool = False, scale: float = 1.0) -> str:
    first, second = (1, 0) if swap else (0, 1)
    planes = [g.op("Add", g.op("Mul", grey, A[i] * scale), B[i] * scale) for i in (first, second)]
    return g.op("Concat", *planes, output="answer", axis=1)


def ddcolor(
    path: Path,
    *,
    names: tuple[str, str] = ("input", "output"),
    size: tuple[Any, Any] = ("h", "w"),
    batch: Any = 1,
    opset: int = 17,
    half: bool = False,
    padding: int = 0,
) -> Path:
    """Grey x3, 0..1 -> ab: A g + B, of the mean of the three planes; and bytes of a weight that nothing uses."""
    g = Nodes(opset, TensorProto.FLOAT16 if half else TensorProto.FLOAT)
    weights = np.full((1, 3, 1, 1), 1 / 3)
    grey = g.op("Conv", names[0], weights)
    answer = _linear(g, grey)
    if padding:
        g.constant(np.random.default_rng(0).normal(size=padding // 4), np.float32)
    g.op("Identity", answer, output=names[1])
    return g.save(path, [(names[0], (batch, 3, *size))], [(names[1], (batch, 2, *size))])


def deoldify(
    path: Path, *, white: float, names: tuple[str, str] = ("input", "output"), size: tuple[Any, Any] = ("h", "w")
) -> Path:
    """Grey x3, 0..white -> RGB, 0..white, clamped as the published exports do: g + 4 g (1 - g) RGB, darkened by a
    tenth, which must not matter."""
    g = Nodes(12)
    grey = g.op("Div", g.channel(names[0], 0), white)
    rest = g.op("Sub", 1.0, grey)
    strong = g.op("Mul", g.op("Mul", grey, rest), 4.0)
    planes = [g.op("Add", g.op("Mul", grey, 0.9), g.op("Mul", strong, tint)) for tint in RGB]
    picture = g.op("Concat", *planes, axis=1)
    clamped = g.op("Clip", picture, 0.0, 1.0)
    g.op("Mul", clamped, white, output=names[1])
    return g.save(path, [(names[0], (1, 3, *size))], [(names[1], (1, 3, *size))])


def eccv16(
    path: Path,
    *,
    names: tuple[str, str] = ("data_l", "color_ab"),
    size: tuple[Any, Any] = (256, 256),
    centre: float = 0.0,
    quarter: bool = False,
) -> Path:
    """L*, 0..100 -> ab: A L/100 + B; the contract has to give L* itself, not the grey's own value."""
    g = Nodes(11)
    share = g.op("Div", g.op("Add", names[0], centre), 100.0)
    if quarter:
        share = g.op("AveragePool", share, kernel_shape=[4, 4], strides=[4, 4])
    answer = _linear(g, share)
    g.op("Identity", answer, output=names[1])
    out = tuple(side // 4 for side in size) if quarter else size
    return g.save(path, [(names[0], (1, 1, *size))], [(names[1], (1, 2, *out))])


OMZ = ("data_l", "user_ab", "user_map", "color_ab")
MAKISTOS = ("L", "hint_ab", "hint_mask", "ab")


def siggraph17(
    path: Path, *, names: tuple[str, str, str, str] = OMZ, size: tuple[Any, Any] = (256, 256), order: str = "012"
) -> Path:
    """L*, ab of hints, mask 0/1 -> A L/100 + B where there is no hint, twice the hint's ab where there is one."""
    light, told, mask, out = names
    g = Nodes(11)
    answer = _linear(g, g.op("Div", light, 100.0))
    plain = g.op("Mul", answer, g.op("Sub", 1.0, mask))
    hinted = g.op("Mul", g.op("Mul", told, 2.0), mask)
    g.op("Add", plain, hinted, output=out)
    inputs = [(light, (1, 1, *size)), (told, (1, 2, *size)), (mask, (1, 1, *size))]
    return g.save(path, [inputs[int(i)] for i in order], [(out, (1, 2, *size))])


def around_tint(
    path: Path,
    *,
    swap: bool = False,
    scale: float = 1.0,
    mirror: bool = False,
    cast: float = 0.0,
    size: tuple[Any, Any] = ("h", "w"),
) -> Path:
    """The network tint with DDColor's interface: its answer, or a wrong one on purpose."""
    model = onnx.load_model(find_model("tint").path)
    inner = model.graph
    g = Nodes(max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")))
    grey = g.channel("input", 0)
    curve = g.op("Pow", g.op("Div", g.op("Add", grey, 0.055), 1.055), 2.4)
    linear = g.op("Where", g.op("LessOrEqual", grey, 0.04045), g.op("Div", grey, 12.92), curve)
    root = g.op("Pow", g.op("Max", linear, (6 / 29) ** 3), 1 / 3)
    straight = g.op("Add", g.op("Mul", linear, 1 / (3 * (6 / 29) ** 2)), 4 / 29)
    f = g.op("Where", g.op("Greater", linear, (6 / 29) ** 3), root, straight)
    g.op("Sub", g.op("Div", g.op("Sub", g.op("Mul", f, 116.0), 16.0), 50.0), 1.0, output="lightness")
    g.op("Concat", *[g.op("Mul", grey, 0.0)] * 3, output="hints", axis=1)
    after = Nodes(g.opset)
    answer = "ab"
    if swap:
        answer = after.op("Concat", after.channel(answer, 1), after.channel(answer, 0), axis=1)
    if mirror:
        answer = after.op("Slice", answer, [-1], [-1 << 31], [3], [-1])
    after.op("Add", after.op("Mul", answer, scale), cast, output="output")
    for part, own in ((g, "before"), (after, "after")):
        _prefix(part, own)
    nodes = [*g.nodes, *inner.node, *after.nodes]
    port = helper.make_tensor_value_info
    whole = helper.make_graph(
        nodes,
        "around",
        [port("input", TensorProto.FLOAT, [1, 3, *size])],
        [port("output", TensorProto.FLOAT, [1, 2, "h4", "w4"])],
        [*g.weights, *inner.initializer, *after.weights],
    )
    made = helper.make_model(whole, opset_imports=model.opset_import, ir_version=model.ir_version)
    made.functions.extend(model.functions)
    path.write_bytes(made.SerializeToString())
    return path


def _prefix(part: Nodes, own: str) -> None:
    """Names that no other part has, but those by which the parts hang together."""
    shared = {"input", "lightness", "hints", "ab", "output"}
    for node in part.nodes:
        for names in (node.input, node.output):
            names[:] = [name if name in shared else f"{own}/{name}" for name in names]
    for weight in part.weights:
        weight.name = f"{own}/{weight.name}"
