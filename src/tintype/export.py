"""Checkpoint -> model file: an ONNX graph with fp16 weights, checked against torch before it is written."""

import datetime
import hashlib
import logging
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from tintype.errors import OutputError, WeightsError
from tintype.models import build_generator
from tintype.models.tint import Tint, annealed_mean
from tintype.training.checkpoint import Checkpoint, read_checkpoint
from tintype.weights import METADATA_KEY, ModelInfo, graph_digest

OPSET = 18
TEMPERATURE = 0.6
# Checked against torch at these (batch, height, width) before anything is written.
CHECKED = tuple((n, h, w) for n in (1, 2) for h, w in ((64, 64), (96, 160), (224, 128)))
TOLERANCE = 0.05  # CIE units of ab; nobody sees a tenth of one


class ModelFileGraph(nn.Module):
    """What a model file computes: lightness and hints -> the annealed mean colour and the logits behind it."""

    def __init__(self, generator: Tint, temperature: float, chroma_gain: float) -> None:
        super().__init__()
        self.generator, self.temperature, self.chroma_gain = generator, temperature, chroma_gain

    def forward(self, lightness: Tensor, hints: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.generator(lightness, hints)
        return annealed_mean(logits, self.generator.bins, self.temperature) * self.chroma_gain, logits


def export_checkpoint(
    checkpoint: str | Path,
    output: str | Path,
    *,
    name: str = "tint",
    version: str = "1",
    temperature: float = TEMPERATURE,
    chroma_gain: float = 1.0,
    size: int = 256,
    training_data: str = "",
    licence: str = "",
    metrics: dict[str, float] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write `checkpoint` (a weights file or a run directory) as a model file.

    `size` is the short side, in pixels, that pictures are brought to by default. `temperature` sharpens the colour
    distribution (1: plain mean); `chroma_gain` multiplies its mean, which is always paler than photographs are. Raises
    WeightsError when the checkpoint cannot be read, or when the exported graph does not give what torch gives;
    OutputError when `output` exists or cannot be written.
    """
    output = Path(output)
    if output.exists() and not overwrite:
        raise OutputError(f"{output}: exists already; choose another name or ask to overwrite it")
    source = read_checkpoint(checkpoint)
    graph = _restore(source, temperature, chroma_gain)
    model = _to_onnx(graph)
    _halve_weights(model)
    info = ModelInfo(
        name=name,
        version=version,
        system=source.info["system"],
        size=size,
        size_multiple=graph.generator.size_multiple,
        temperature=temperature,
        chroma_gain=chroma_gain,
        bins=tuple((a, b) for a, b in graph.generator.bins.tolist()),
        training_data=training_data,
        licence=licence,
        metrics=metrics or {},
        checkpoint_sha256=hashlib.sha256(source.path.read_bytes()).hexdigest(),
        images_seen=source.info["images_seen"],
        hints=source.info.get("hints", "untrained"),
        created=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        graph_sha256=graph_digest(model.SerializeToString()),
    )
    model.metadata_props.append(onnx.StringStringEntryProto(key=METADATA_KEY, value=info.to_json()))
    data = model.SerializeToString()
    _compare(data, graph)
    scratch = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(data)
        os.replace(scratch, output)
    except OSError as error:
        raise OutputError(f"{output}: cannot be written ({error.strerror})") from error
    return output


def _restore(source: Checkpoint, temperature: float, chroma_gain: float) -> ModelFileGraph:
    """The checkpoint's network, its weights rounded to fp16 as the file will hold them."""
    generator = build_generator(source.info["system"], source.info["generator"])
    rounded = {k: v.half().to(v.dtype) if v.is_floating_point() else v for k, v in source.weights.items()}
    try:
        generator.load_state_dict(rounded)
    except RuntimeError as error:
        raise WeightsError(f"{source.path}: does not fit the system {source.info['system']!r}: {error}") from error
    assert isinstance(generator, Tint)
    return ModelFileGraph(generator, temperature, chroma_gain).eval()


def _to_onnx(graph: ModelFileGraph) -> onnx.ModelProto:
    batch, height, width = torch.export.Dim("batch"), torch.export.Dim.AUTO, torch.export.Dim.AUTO
    # Two pictures: an example batch of one would be taken for a constant.
    example = (torch.zeros(2, 1, 96, 128), torch.zeros(2, 3, 96, 128))
    # The exporter talks of torchvision, which nothing here needs, and of axis names, which nobody reads.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph,
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=["lightness", "hints"],
            output_names=["ab", "distribution"],
            dynamic_shapes=({0: batch, 2: height, 3: width}, {0: batch, 2: height, 3: width}),
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def _halve_weights(model: onnx.ModelProto) -> None:
    """Store fp32 weights as fp16 with a cast behind each; the arithmetic stays in whatever the runtime chooses."""
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 64:
            continue
        halved = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), weight.name + "_fp16")
        casts.append(helper.make_node("Cast", [halved.name], [weight.name], to=TensorProto.FLOAT))
        weight.CopyFrom(halved)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _compare(data: bytes, graph: ModelFileGraph) -> None:
    """Raise WeightsError unless the file computes what torch computes, at several sizes and batch sizes."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for n, h, w in CHECKED:
        inputs: dict[str, Any] = {
            "lightness": rng.uniform(-1, 1, (n, 1, h, w)).astype(np.float32),
            "hints": np.zeros((n, 3, h, w), np.float32),
        }
        with torch.inference_mode():
            expected = graph(*map(torch.from_numpy, inputs.values()))[0].numpy()
        got = np.asarray(session.run(["ab"], inputs)[0])
        worst = float(np.abs(got - expected).max()) if got.shape == expected.shape else float("inf")
        if not worst <= TOLERANCE:
            raise WeightsError(
                f"the exported graph is off by {worst:.3g} in ab at {n}x{h}x{w} (limit {TOLERANCE}); nothing written"
            )
