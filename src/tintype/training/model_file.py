"""The weights inside a model file, for training that goes on where a shipped model ends."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from tintype.errors import WeightsError

# Exported modules are called so in the graph; fp16 weights end in the second (tintype.export).
PREFIX, HALVED = "generator.", "_fp16"


def weights_of(path: Path) -> dict[str, Tensor]:
    """The generator's parameters and buffers in a model file that `tintype export` wrote, by name, fp32.

    They are what the file holds, rounded to fp16 once. Counters of batches, which nothing needs, are not among them.
    Raises WeightsError for a file that is not ONNX.
    """
    try:
        graph = onnx.load_model_from_string(path.read_bytes()).graph
    except Exception as error:  # protobuf's errors are not exported by onnx
        raise WeightsError(f"{path}: not a readable ONNX file ({type(error).__name__})") from error
    found = {}
    for stored in graph.initializer:
        if stored.name.startswith(PREFIX):
            name = stored.name.removeprefix(PREFIX).removesuffix(HALVED)
            found[name] = torch.from_numpy(numpy_helper.to_array(stored).astype(np.float32))
    return found
