"""A real, very small colouring network in ONNX, with the ports and metadata of a tintype model.

One strided convolution looks at 8x8 patches of lightness, one at the hints; a 1x1 layer turns what they see
into logits over nine colour bins; the annealed mean over the bins is the colour. Batch, height and width are
dynamic. `build_painter` makes another, which paints lightness and colour of a drawing.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tintype.network.model_file import ModelInfo

BINS = tuple((float(a), float(b)) for a in (-40, 0, 40) for b in (-40, 0, 40))


def build(path: Path, *, seed: int = 0, weight: float | None = None, **info: Any) -> Path:
    """Write the network to ``path``; ``weight`` replaces every weight (NaN makes a broken network)."""
    temperature, features = 0.5, 16
    rng = np.random.default_rng(seed)

    def constant(name: str, *shape: int, scale: float) -> onnx.TensorProto:
        values = rng.normal(0, scale, shape).astype(np.float32)
        return numpy_helper.from_array(values if weight is None else np.full_like(values, weight), name)

    bins = np.array(BINS, np.float32).T.reshape(2, len(BINS), 1, 1)
    weights = [
        constant("look", features, 1, 8, 8, scale=0.4),
        constant("look_bias", features, scale=0.3),
        constant("hear", features, 3, 8, 8, scale=0.4),
        constant("choose", len(BINS), features, 1, 1, scale=0.5),
        numpy_helper.from_array(bins, "bins"),
        numpy_helper.from_array(np.float32(temperature), "temperature"),
    ]
    stride = {"kernel_shape": [8, 8], "strides": [4, 4], "pads": [2, 2, 2, 2]}
    nodes = [
        helper.make_node("Conv", ["lightness", "look", "look_bias"], ["seen"], **stride),
        helper.make_node("Conv", ["hints", "hear"], ["heard"], **stride),
        helper.make_node("Add", ["seen", "heard"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["active"]),
        helper.make_node("Conv", ["active", "choose"], ["distribution"]),
        helper.make_node("Div", ["distribution", "temperature"], ["sharp"]),
        helper.make_node("Softmax", ["sharp"], ["probability"], axis=1),
        helper.make_node("Conv", ["probability", "bins"], ["ab"]),
    ]

    def port(name: str, channels: int, *size: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, *size])

    graph = helper.make_graph(
        nodes,
        "tiny",
        [port("lightness", 1, "h", "w"), port("hints", 3, "h", "w")],
        [port("ab", 2, "h4", "w4"), port("distribution", len(BINS), "h4", "w4")],
        weights,
    )
    return _write(path, graph, {"temperature": temperature, "bins": BINS} | info)


def build_painter(path: Path, **info: Any) -> Path:
    """Write a network for drawings: paper becomes L* 80 in warm tones, lines become L* 20 in cold ones.

    A 3x3 mean of the drawing goes through a 1x1 layer and a tanh to lightness and ab, at the drawing's own size.
    """
    mix = np.array([np.arctanh(0.6), 0.5, 0.5], np.float32).reshape(3, 1, 1, 1)
    weights = [
        numpy_helper.from_array(np.full((1, 1, 3, 3), 1 / 9, np.float32), "look"),
        numpy_helper.from_array(mix, "mix"),
        numpy_helper.from_array(np.float32(50), "scale"),
        numpy_helper.from_array(np.array([1, 2], np.int64), "parts"),
    ]
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["lightness", "look"], ["seen"], **same),
        helper.make_node("Conv", ["seen", "mix"], ["mixed"]),
        helper.make_node("Tanh", ["mixed"], ["painted"]),
        helper.make_node("Split", ["painted", "parts"], ["painted_lightness", "colour"], axis=1),
        helper.make_node("Mul", ["colour", "scale"], ["ab"]),
    ]

    def port(name: str, channels: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"])

    ports = [port("ab", 2), port("painted_lightness", 1)]
    graph = helper.make_graph(nodes, "painter", [port("lightness", 1)], ports, weights)
    kind = {"condition": "sketch", "target": "lab", "bins": (), "temperature": 1.0, "ab_scale": 110.0}
    return _write(path, graph, kind | info)


def _write(path: Path, graph: onnx.GraphProto, info: dict[str, Any]) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    values: dict[str, Any] = {
        "name": path.stem,
        "version": "1",
        "system": "tiny",
        "size": 64,
        "size_multiple": 32,
        "training_data": "none: random weights",
        "licence": "MIT",
        "metrics": {},
        "checkpoint_sha256": "0" * 64,
        "images_seen": 0,
        "hints": "untrained",
        "created": "2026-01-01",
    }
    entry = model.metadata_props.add()
    entry.key, entry.value = "tintype", ModelInfo(**(values | info)).to_json()
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
    return path
