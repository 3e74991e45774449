"""Checkpoint -> model file: an ONNX graph with fp16 weights, checked against torch before it is written."""

import datetime
import hashlib
import logging
import tomllib
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tintype.errors import OutputError, WeightsError
from tintype.files.atomic import write_bytes
from tintype.models import SYSTEMS, build_generator, form_of
from tintype.models.tint import STRIDES, hints_by_cell
from tintype.network.model_file import METADATA_KEY, ModelFile, ModelInfo, graph_digest

from .answers import Answers
from .checkpoint import Checkpoint, read_checkpoint
from .reading import DEFAULT, Reading, at_stride
from .skin_probe import read_skin_probe

OPSET = 18
USUAL_SIZE = 256  # pixels
# Checked against torch before anything is written, at these (batch, height, width): in whole multiples of what the
# network needs, or of 32 pixels where that is less.
CHECKED = tuple((n, h, w) for n in (1, 2) for h, w in ((2, 2), (3, 5), (4, 1)))
LEAST_MULTIPLE = 32
HINTED = 0.01  # share of pixels that have a hint in the check
# CIE units of ab, and a part of the largest value: nobody sees either. fp16 weights round each product by 1/2048, and
# norms that the exporter folds into convolutions are rounded with them.
TOLERANCE, RELATIVE_TOLERANCE = 0.05, 0.005
LIGHT_TOLERANCE = 0.004  # of lightness in [-1, 1]: half a level of 255


class ModelFileGraph(nn.Module):
    """What a model file computes: lightness, and hints where the network takes them -> colour in CIE units, then the
    logits behind it (of a distribution) or the lightness that the network painted (of a whole picture), then, where
    hints leave the encoder alone, its features: who has them needs no lightness to try other hints.

    Hints come out as they are meant, though the answer is multiplied by the gains of `reading`. Their colours must be 0
    where the mask is.
    """

    def __init__(
        self,
        generator: nn.Module,
        answers: Answers,
        reading: Reading,
    ) -> None:
        super().__init__()
        self.generator, self.answers, self.reading = generator, answers, reading
        if unused := _unused(reading, answers.form.target):
            raise WeightsError(unused)
        self.skin = None if reading.skin is None else read_skin_probe(reading.skin, generator)
        if self.skin is not None and reading.skin_odds and len(self.skin.odds) != _count(answers.bins):
            raise WeightsError(f"{reading.skin}: its odds of {len(self.skin.odds)} colours are not this network's")

    @property
    def inputs(self) -> list[str]:
        """Names of the inputs."""
        return ["lightness", "hints"] if getattr(self.generator, "takes_hints", False) else ["lightness"]

    @property
    def outputs(self) -> list[str]:
        """Names of the outputs."""
        if self.answers.form.target == "light":
            return ["restored_lightness"]
        more = {"distribution": ["distribution"], "lab": ["painted_lightness"], "rgb": ["painted_lightness"]}
        features = [f"features_{stride}" for stride in STRIDES] if "hints" in self.inputs else []
        return ["ab", *more.get(self.answers.form.target, []), *features]

    def forward(self, lightness: Tensor, hints: Tensor | None = None) -> tuple[Tensor, ...]:
        if self.answers.form.target == "light":
            return (self.generator(lightness),)
        light, skin = None, None
        if self.answers.form.target == "distribution" and self.reading.by_lightness:
            light = at_stride(lightness, STRIDES[0])
        if hints is None:
            output, features = self.generator(lightness), []
        else:
            features = self.generator.encoder(lightness)  # type: ignore[operator]
            skin = None if self.skin is None else self.skin(features)
            # The network sees the mean hint of a cell, so that its hue decides.
            cells = hints_by_cell(hints)
            meant = cells[:, :2] / self.reading.gain(cells[:, :2], light, skin)
            output = self.generator.decode(features, torch.cat([meant, cells[:, 2:]], 1))  # type: ignore[operator]
        if self.skin is not None and skin is not None and self.reading.skin_odds:
            output = output + self.reading.skin_odds * skin * self.skin.odds[:, None, None]
        planes = self.answers.planes(output, self.reading.temperature)
        ab = self.answers.ab(planes)
        ab = ab * self.reading.gain(ab, light, skin)
        if self.answers.form.target == "distribution":
            return ab, output, *features
        if self.answers.form.channels == 3:
            return ab, self.answers.lab(lightness, planes)[0]
        return (ab,)


def _unused(reading: Reading, target: str) -> str:
    """What `reading` asks for and a network that answers with `target` cannot give; empty if nothing."""
    if target == "light" and reading != DEFAULT:
        return (
            "this network answers with lightness, which has no colours to read: leave the gains and --temperature out"
        )
    if target != "distribution" and reading.by_lightness:
        return (
            f"light_gain {reading.light_gain} and shade_gain {reading.shade_gain} read a distribution of colours, "
            "which this network does not give: leave --light-gain and --shade-gain out"
        )
    if reading.skin is None and (reading.skin_gain != 1 or reading.skin_odds):
        return (
            f"skin_gain {reading.skin_gain} and skin_odds {reading.skin_odds} need a probe that finds skin: "
            "name its file with --skin (dev/skin_probe.py makes one)"
        )
    return ""


def _count(bins: Tensor | None) -> int:
    return 0 if bins is None else len(bins)


def export_checkpoint(
    checkpoint: str | Path,
    output: str | Path,
    *,
    name: str | None = None,
    version: str | None = None,
    reading: Reading = DEFAULT,
    size: int | None = None,
    training_data: str = "",
    licence: str = "",
    metrics: dict[str, float] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write `checkpoint` (a weights file or a run directory) as a model file.

    `name`, `version` and `size` are those of the run unless given: its recipe's name, the images that the weights have
    seen, and the short side, in pixels, that pictures are brought to by default: that of the last stage, or what suits
    the system best. `reading` is how colours are read from the distribution. Raises
    WeightsError when the checkpoint cannot be read, or when the exported graph does not give what torch gives;
    OutputError when `output` exists or cannot be written.
    """
    output = Path(output)
    if output.exists() and not overwrite:
        raise OutputError(f"{output}: exists already; choose another name, or replace it with --overwrite")
    source = read_checkpoint(checkpoint)
    origin = origin_of(source)
    graph = _restore(source, reading)
    form = graph.answers.form
    model = _to_onnx(graph)
    _halve_weights(model)
    info = ModelInfo(
        name=name or origin.name,
        version=version or str(source.info["images_seen"]),
        system=source.info["system"],
        generator=source.info["generator"],
        size=size or origin.size,
        size_multiple=_multiple(graph),
        temperature=reading.temperature,
        chroma_gain=reading.chroma_gain,
        warm_gain=reading.warm_gain,
        skin_gain=None if reading.skin is None else reading.skin_gain,
        light_gain=reading.light_gain,
        shade_gain=reading.shade_gain,
        skin_odds=reading.skin_odds,
        condition=form.condition,
        target=form.target,
        ab_scale=form.scale,
        bins=() if graph.answers.bins is None else tuple((a, b) for a, b in graph.answers.bins.tolist()),
        training_data=training_data,
        licence=licence,
        metrics=metrics or {},
        checkpoint_sha256=hashlib.sha256(source.path.read_bytes()).hexdigest(),
        images_seen=source.info["images_seen"],
        hints=source.info.get("hints", "untrained") if "hints" in graph.inputs else "none",
        recipe=origin.name,
        recipe_sha256=origin.recipe_sha256,
        created=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        graph_sha256=graph_digest(model.SerializeToString()),
    )
    model.metadata_props.append(onnx.StringStringEntryProto(key=METADATA_KEY, value=info.to_json()))
    data = model.SerializeToString()
    _compare(data, graph)
    write_bytes(output, data)
    return output


@dataclass(frozen=True)
class Origin:
    """What a checkpoint says of the run that it comes from."""

    name: str
    size: int
    recipe_sha256: str


def origin_of(source: Checkpoint) -> Origin:
    """The recipe's name, the size for use, and the hash of the recipe; of checkpoints from before recipes had names,
    the system's name ("uvu-sketch" for one that paints drawings)."""
    text = source.info.get("recipe", "")
    recipe = tomllib.loads(text)
    system = source.info["system"]
    drawings = source.info.get("answer", {}).get("condition") == "sketch"
    name = recipe.get("name") or (f"{system}-sketch" if drawings else system)
    stages = recipe.get("stages", [])
    size = (SYSTEMS[system].size if system in SYSTEMS else None) or (stages[-1]["size"] if stages else USUAL_SIZE)
    return Origin(name, size, hashlib.sha256(text.encode()).hexdigest() if text else "")


def with_info(model_file: ModelFile, output: str | Path, *, overwrite: bool = False, **changes: Any) -> Path:
    """Write a model file again with some of its `ModelInfo` changed, its graph as it was.

    Raises OutputError when `output` exists or cannot be written.
    """
    output = Path(output)
    if output.exists() and not overwrite:
        raise OutputError(f"{output}: exists already; choose another name, or replace it with --overwrite")
    model = onnx.load_model_from_string(model_file.path.read_bytes())
    kept = [entry for entry in model.metadata_props if entry.key != METADATA_KEY]
    info = replace(model_file.info, **changes, graph_sha256=graph_digest(model.SerializeToString()))
    del model.metadata_props[:]
    model.metadata_props.extend([*kept, onnx.StringStringEntryProto(key=METADATA_KEY, value=info.to_json())])
    write_bytes(output, model.SerializeToString())
    return output


def _restore(source: Checkpoint, reading: Reading) -> ModelFileGraph:
    """The checkpoint's network, its weights rounded to fp16 as the file will hold them."""
    system = source.info["system"]
    generator = build_generator(system, source.info["generator"])
    try:
        generator.load_state_dict(source.weights)
    except RuntimeError as error:
        raise WeightsError(f"{source.path}: does not fit the system {system!r}: {error}") from error
    stated = source.info.get("answer", {})
    target = stated.get("target")
    form = form_of(
        system,
        generator,
        condition=stated.get("condition", "lightness"),
        target=None if target == "distribution" else target,
        scale=stated.get("scale"),
    )
    generator.eval()
    bake_parametrizations(generator)
    for tensor in generator.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.half())
    answers = Answers(form, getattr(generator, "bins", None))
    return ModelFileGraph(generator, answers, reading).eval()


def bake_parametrizations(network: nn.Module) -> None:
    """Put the weights that spectral norm computes in their place: in use they never change."""
    for module in list(network.modules()):
        if parametrize.is_parametrized(module):
            for name in list(module.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(module, name, leave_parametrized=True)


def _multiple(graph: ModelFileGraph) -> int:
    return int(graph.generator.size_multiple)  # type: ignore[arg-type]


def _to_onnx(graph: ModelFileGraph) -> onnx.ModelProto:
    unit = max(_multiple(graph), LEAST_MULTIPLE)
    batch = torch.export.Dim("batch")
    # Two pictures: an example batch of one would be taken for a constant.
    planes = {"lightness": 1, "hints": 3}
    example = tuple(torch.zeros(2, planes[name], 3 * unit, 4 * unit) for name in graph.inputs)
    shapes = tuple({0: batch, 2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO} for _ in graph.inputs)
    return quiet_export(graph, example, graph.inputs, graph.outputs, shapes)


def quiet_export(
    graph: nn.Module, example: tuple[Tensor, ...], inputs: list[str], outputs: list[str], shapes: tuple[Any, ...]
) -> onnx.ModelProto:
    """The graph as ONNX, traced with `example`; `shapes` tells which lengths may vary, as `torch.export` does."""
    # The exporter talks of torchvision, which nothing here needs, and of axis names, which nobody reads.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph,
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_shapes=shapes,
            verbose=False,
            # Every weight keeps its name, so that training can go on from a model file (training/model_file.py). The
            # engines fold and fuse as they load: the same speed.
            optimize=False,
        )
    assert program is not None
    return _without_traces(program.model_proto)


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model without what the exporter notes of the code that it came from, paths of this machine among it."""
    for part in (model.graph, *model.functions):
        for node in part.node:
            del node.metadata_props[:]
            node.doc_string = ""
        for value in part.value_info:
            del value.metadata_props[:]
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    return model


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
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # what it cannot fold beforehand is none of the reader's business
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    unit = max(_multiple(graph), LEAST_MULTIPLE)
    for n, rows, columns in CHECKED:
        h, w = rows * unit, columns * unit
        inputs: dict[str, Any] = {"lightness": rng.uniform(-1, 1, (n, 1, h, w)).astype(np.float32)}
        if "hints" in graph.inputs:
            inputs["hints"] = rng.uniform(-0.5, 0.5, (n, 3, h, w)).astype(np.float32)
            inputs["hints"][:, 2] = rng.random((n, h, w)) < HINTED
            inputs["hints"][:, :2] *= inputs["hints"][:, 2:]
        with torch.inference_mode():
            expected = graph(*map(torch.from_numpy, inputs.values()))[0].numpy()
        got = np.asarray(session.run([graph.outputs[0]], inputs)[0])
        worst = float(np.abs(got - expected).max()) if got.shape == expected.shape else float("inf")
        tolerance = LIGHT_TOLERANCE if graph.answers.form.target == "light" else TOLERANCE
        limit = tolerance + RELATIVE_TOLERANCE * float(np.abs(expected).max())
        if not worst <= limit:
            raise WeightsError(
                f"the exported graph is off by {worst:.3g} in {graph.outputs[0]} at {n}x{h}x{w} (limit {limit:.3g}); "
                "nothing written"
            )
