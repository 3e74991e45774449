"""Inference on CPUs with OpenVINO."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tintype.errors import TintypeError, WeightsError, last_line
from tintype.imaging.types import Planes

from .engine import FEATURES, Precision
from .model_file import ModelFile
from .no_telemetry import import_openvino
from .places import compiled_folder, models_folder


class OpenVino:
    """The CPU. One compiled graph for each set of wanted outputs: what nobody asked for is not made."""

    device = "cpu"

    def __init__(self, model_file: ModelFile, precision: Precision, threads: int | None, streams: int) -> None:
        openvino = import_openvino()
        self.name = f"OpenVINO {openvino.__version__.split('-')[0]}"
        self._openvino = openvino
        self._path = model_file.path
        # The binding fills tables of its own at the first array; two threads that do it at once wait for each other.
        first = openvino.Tensor(np.zeros(1, np.float32))
        first.element_type.to_dtype(), first.data
        self._core = openvino.Core()
        can_bf16 = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bf16" and not can_bf16:
            raise TintypeError("this CPU cannot compute in bf16; use the precision f32 or auto")
        asked = "bf16" if can_bf16 and precision != "f32" else "f32"
        self._settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": asked}
        if threads is not None:
            self._settings["INFERENCE_NUM_THREADS"] = threads
        if streams > 1:
            self._settings |= {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": str(streams)}
        self._whole = self._compile_file(model_file) if model_file.contract else None
        try:
            self._graph = self._whole or self._core.read_model(str(model_file.path))
        except RuntimeError as error:
            raise WeightsError(f"{model_file.path}: OpenVINO cannot read the graph ({last_line(error)})") from error
        self.inputs: Sequence[str] = [port.get_any_name() for port in self._graph.inputs]
        self.outputs: Sequence[str] = [port.get_any_name() for port in self._graph.outputs]
        self.features: tuple[str, ...] = FEATURES if set(FEATURES) <= set(self.outputs) else ()
        self._lock = threading.Lock()
        self._compiled: dict[tuple[bool, tuple[str, ...]], Any] = {}
        # A request serves one caller at a time: these wait for their next.
        self._idle: dict[tuple[bool, tuple[str, ...]], list[Any]] = {}
        self._turns = threading.Semaphore(streams)
        self.precision = asked
        if self._whole is not None:
            self.precision = self._whole.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        elif "ab" in self.outputs:
            compiled = self._compiled[True, ("ab",)] = self._compile(("ab",), whole=True)
            self.precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()

    @property
    def from_cache(self) -> bool:
        """Whether the graph was read as an earlier start had compiled it."""
        return self._whole is not None and bool(self._whole.get_property("LOADED_FROM_CACHE"))

    def run(self, feed: Mapping[str, Planes], outputs: tuple[str, ...]) -> list[Planes]:
        whole = not self.features or not set(self.features) <= feed.keys()
        part = (whole, outputs)
        with self._turns:
            with self._lock:
                if part not in self._compiled:
                    self._compiled[part] = self._compile(outputs, whole)
                idle = self._idle.setdefault(part, [])
                request = idle.pop() if idle else self._compiled[part].create_infer_request()
            request.infer(dict(feed), share_inputs=True)
            results = [np.array(request.get_tensor(name).data, dtype=np.float32) for name in outputs]
            with self._lock:
                idle.append(request)
            return results

    def _compile_file(self, model_file: ModelFile) -> Any:
        """All of a graph of somebody else's, straight from its file: a gigabyte is then in memory once, not as a graph
        and again as what was made of it. For models of the store OpenVINO keeps that, and reads it at the next start.
        """
        settings = self._settings
        if model_file.path.parent == models_folder():
            settings = settings | {"CACHE_DIR": str(compiled_folder(model_file.sha256))}
        try:
            return self._core.compile_model(str(model_file.path), "CPU", settings)
        except RuntimeError as error:
            raise WeightsError(f"{model_file.path}: OpenVINO cannot run the graph ({last_line(error)})") from error

    def _compile(self, outputs: tuple[str, ...], whole: bool) -> Any:
        """The part of the graph that makes `outputs`, from its beginning or, if not whole, from the features on."""
        if self._whole is not None:
            return self._whole
        graph = self._graph if whole else self._graph.clone()
        cuts = [] if whole else self._cut_at_features(graph)
        results = [graph.output(name).node for name in outputs]
        part = self._openvino.Model(results, [*graph.get_parameters(), *cuts], "tintype")
        try:
            return self._core.compile_model(part, "CPU", self._settings)
        except RuntimeError as error:
            raise WeightsError(f"{self._path}: OpenVINO cannot run the graph ({last_line(error)})") from error

    def _cut_at_features(self, graph: Any) -> list[Any]:
        """Make the features inputs of the graph, in place; returns these inputs."""
        inputs = []
        for name in self.features:
            source = graph.output(name).node.input_value(0)
            cut = self._openvino.opset13.parameter(source.get_partial_shape(), source.get_element_type(), name)
            cut.output(0).get_tensor().set_names({name})
            for user in source.get_target_inputs():
                if user.get_node().get_type_name() != "Result":
                    user.replace_source_output(cut.output(0))
            inputs.append(cut)
        return inputs
