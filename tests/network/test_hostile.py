"""Model files that mean harm: one clear line, nothing read outside, no endless wait."""

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import foreign_graphs
from tintype import WeightsError
from tintype.network.model_file import find_model

PORTS = ([("input", (1, 3, "h", "w"))], [("output", (1, 2, "h", "w"))])


def refused(path: Path, words: str) -> None:
    started = time.monotonic()
    with pytest.raises(WeightsError, match=words) as caught:
        find_model(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert time.monotonic() - started < 30


def changed(path: Path, model: onnx.ModelProto) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def good(tmp_path: Path) -> onnx.ModelProto:
    return onnx.load_model(foreign_graphs.ddcolor(tmp_path / "good.onnx", padding=10_000))


def test_a_truncated_file_at_every_length(tmp_path: Path) -> None:
    data = foreign_graphs.ddcolor(tmp_path / "good.onnx").read_bytes()
    path = tmp_path / "short.onnx"
    for length in range(0, len(data) - 1, 7):
        path.write_bytes(data[:length])
        with pytest.raises(WeightsError, match=r"short\.onnx: "):
            find_model(path)


def test_ten_gigabytes_that_are_only_declared(good: onnx.ModelProto, tmp_path: Path) -> None:
    good.graph.initializer[0].dims[:] = [50_000, 50_000]
    refused(changed(tmp_path / "large.onnx", good), "declares 10,000,000,000 bytes")
    good.graph.initializer[0].dims[:] = [5_000, 50]
    refused(changed(tmp_path / "larger.onnx", good), "declares 1,000,000 bytes and has 12; fetch it again")
    good.graph.initializer[0].ClearField("raw_data")
    refused(changed(tmp_path / "empty.onnx", good), "declares 250,000 values and has fewer")


@pytest.mark.parametrize("place", ["/etc/passwd", "../secret", "beside.bin"])
def test_weights_in_other_files_are_not_read(place: str, good: onnx.ModelProto, tmp_path: Path) -> None:
    weight = good.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=place)
    refused(changed(tmp_path / "outside.onnx", good), "its weights are in another file")


def test_weights_in_other_files_are_found_inside_operators_too(tmp_path: Path) -> None:
    g = foreign_graphs.Nodes()
    tensor = numpy_helper.from_array(np.zeros(1, np.float32), "inner")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    g.nodes.append(helper.make_node("Constant", [], ["unused"], value=tensor))
    grey = g.channel("input", 0)
    g.op("Concat", grey, grey, output="output", axis=1)
    graph = helper.make_graph(g.nodes, "g", *[[helper.make_tensor_value_info(n, 1, list(s)) for n, s in ports]
                                              for ports in PORTS], g.weights)  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    refused(changed(tmp_path / "inner.onnx", model), "its weights are in another file")


def test_operators_of_somebodys_own_library(good: onnx.ModelProto, tmp_path: Path) -> None:
    good.graph.node[0].domain = "evil.example"
    good.opset_import.append(helper.make_opsetid("evil.example", 1))
    refused(changed(tmp_path / "custom.onnx", good), r"operator evil\.example\.Conv, which is of nobody's standard")


def test_an_endless_loop(tmp_path: Path) -> None:
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["goes on"]), helper.make_node("Identity", ["state"], ["next"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("goes on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    g = foreign_graphs.Nodes()
    grey = g.channel("input", 0)
    two = g.op("Concat", grey, grey, axis=1)
    g.nodes.append(helper.make_node("Loop", ["", g.constant(np.array(True), np.bool_), two], ["output"], body=body))
    path = g.save(tmp_path / "endless.onnx", *PORTS)
    refused(path, "it has the operator Loop, which need not end")


def test_memory_that_is_asked_for_while_running(tmp_path: Path) -> None:
    g = foreign_graphs.Nodes()
    grey = g.channel("input", 0)
    flat = g.op("Tile", g.op("Reshape", grey, [1, 1, -1, 1]), [1, 1, 20, 1])
    many = g.op("MatMul", flat, g.op("Transpose", flat, perm=[0, 1, 3, 2]))  # 27 GB for a picture of 64 x 64
    total = g.op("ReduceMax", many, axes=[2, 3])
    g.op("Concat", g.op("Mul", grey, total), grey, output="output", axis=1)
    refused(g.save(tmp_path / "hungry.onnx", *PORTS), "memory|answers with 1x2x0x0")


def test_weights_that_are_no_numbers(good: onnx.ModelProto, tmp_path: Path) -> None:
    good.graph.initializer[0].raw_data = np.full(3, np.nan, np.float32).tobytes()
    refused(changed(tmp_path / "nan.onnx", good), "NaN or infinity")


def test_sides_beyond_all_measure(tmp_path: Path) -> None:
    path = foreign_graphs.ddcolor(tmp_path / "huge.onnx", size=(100_000, 100_000))
    refused(path, "the largest side is 4096")


def test_an_opset_before_all_known_ones(good: onnx.ModelProto, tmp_path: Path) -> None:
    good.opset_import[0].version = 9
    refused(changed(tmp_path / "old.onnx", good), "of ONNX opset 9, known are 11 and up")
