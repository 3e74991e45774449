"""Inference on NVIDIA GPUs with ONNX Runtime."""

from collections.abc import Mapping, Sequence
from importlib import metadata

import numpy as np

from tintype.errors import TintypeError, WeightsError, last_line
from tintype.imaging.types import Planes

from .model_file import ModelFile


class OnnxRuntime:
    """An NVIDIA GPU."""

    device = "cuda"
    precision = "f32"
    features: tuple[str, ...] = ()

    def __init__(self, model_file: ModelFile) -> None:
        import onnxruntime

        self.name = f"ONNX Runtime {onnxruntime.__version__}"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # TensorFloat-32 would round the factors to 10 bits without saying so.
        providers = [("CUDAExecutionProvider", {"use_tf32": "0"})]
        try:
            self._session = onnxruntime.InferenceSession(str(model_file.path), options, providers=providers)
        except Exception as error:
            raise WeightsError(f"{model_file.path}: ONNX Runtime cannot load the graph ({last_line(error)})") from error
        if self._session.get_providers()[0] != "CUDAExecutionProvider":
            raise TintypeError("no GPU answers to CUDA on this machine; use the device cpu or auto")
        self.inputs: Sequence[str] = [port.name for port in self._session.get_inputs()]
        self.outputs: Sequence[str] = [port.name for port in self._session.get_outputs()]

    def run(self, feed: Mapping[str, Planes], outputs: tuple[str, ...]) -> list[Planes]:
        return [np.asarray(planes, np.float32) for planes in self._session.run(list(outputs), dict(feed))]


def has_gpu_extra() -> bool:
    """Whether onnxruntime-gpu is installed; plain onnxruntime, which the extra train brings, has no CUDA."""
    try:
        metadata.distribution("onnxruntime-gpu")
    except metadata.PackageNotFoundError:
        return False
    return True
