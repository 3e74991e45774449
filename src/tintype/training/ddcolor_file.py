"""Published DDColor weights in and out: their names, and the interface of their ONNX files.

The files (`pytorch_model.bin`, `ddcolor_*.pth`) are read with ``weights_only=True``: nothing in them is ever run.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from tintype.errors import OutputError, WeightsError
from tintype.files.atomic import write_bytes
from tintype.models.convnext import CONVNEXTS
from tintype.models.ddcolor import DDColor, DDColorConfig

WRAPPERS = ("params_ema", "params", "state_dict")
UNUSED = ("encoder.arch.norm.", "encoder.arch.head")  # a norm that the published code makes and never asks
TOLERANCE, RELATIVE_TOLERANCE = 0.02, 0.001
CHECKED = ((64, 64), (96, 160))


def published_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A published state_dict under the names of our network: spectral and weight norm are stored otherwise."""
    found = {}
    for name, value in state.items():
        if name.startswith(UNUSED):
            continue
        base, _, last = name.rpartition(".")
        weights = f"{base}.parametrizations.weight"
        is_weight_norm = f"{base}.weight_g" in state
        places = {
            "weight_orig": "original",
            "weight_u": "0._u",
            "weight_v": "original1" if is_weight_norm else "0._v",
            "weight_g": "original0",
        }
        found[f"{weights}.{places[last]}" if last in places else name] = value
    return found


def read_published(path: str | Path) -> DDColor:
    """The network of a published file, its shape read from its weights, in eval mode.

    Raises:
        WeightsError: not a file of named tensors, or of no DDColor.
    """
    state = published_names(_tensors(Path(path)))
    try:
        network = DDColor(_config_of(state))
    except (KeyError, ValueError, IndexError) as error:
        raise WeightsError(f"{path}: not DDColor's weights ({type(error).__name__}: {error})") from error
    _load(network, state, Path(path))
    return network.eval()


def load_published_ddcolor(network: DDColor, path: Path) -> None:
    """Give a DDColor of the published shape a published file's weights. Raises WeightsError when they do not fit."""
    _load(network, published_names(_tensors(path)), path)


def _load(network: DDColor, state: dict[str, Tensor], path: Path) -> None:
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:]]
        raise WeightsError(f"{path}: does not fit DDColor: {(lines or [str(error)])[0][:200]}") from error


def _tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(f"{path}: no such file of weights")
    try:
        state: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises as it pleases
        raise WeightsError(f"{path}: not a readable file of weights ({type(error).__name__})") from error
    for wrapper in WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
            break
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path}: holds more than named tensors; give the state_dict alone")
    return state


def _config_of(state: dict[str, Tensor]) -> DDColorConfig:
    """Raises KeyError or ValueError when the names or shapes are none of DDColor's."""
    stem = state["encoder.arch.downsample_layers.0.0.weight"].shape[0]
    blocks = 1 + max(int(name.split(".")[4]) for name in state if name.startswith("encoder.arch.stages.2."))
    sizes = {(widths[0], depths[2]): name for name, (depths, widths) in CONVNEXTS.items()}
    queries, hidden = state["decoder.color_decoder.query_feat.weight"].shape
    layers = {name.split(".")[3] for name in state if name.startswith("decoder.color_decoder.transformer_ffn_layers.")}
    return DDColorConfig(
        encoder=sizes[stem, blocks],
        width=2 * state["decoder.last_shuf.conv.0.parametrizations.weight.original1"].shape[1],
        hidden=hidden,
        queries=queries,
        layers=len(layers),
        feedforward=state["decoder.color_decoder.transformer_ffn_layers.0.linear1.weight"].shape[0],
        outputs=state["refine_net.0.0.parametrizations.weight.original"].shape[0],
    )


class _Published(nn.Module):
    """What a published ONNX file computes: the neutral sRGB picture in [0, 1] -> ab in CIE units."""

    def __init__(self, network: DDColor) -> None:
        super().__init__()
        self.network = network

    def forward(self, rgb: Tensor) -> Tensor:
        return self.network.colours(rgb)


def export_published(network: DDColor, output: str | Path, *, overwrite: bool = False) -> Path:
    """Write a DDColor as the ONNX file that is published of it: "input" (1, 3, H, W) -> "output" (1, 2, H, W), H and W
    multiples of 32, compared with torch before it is written.

    Raises:
        WeightsError: the graph does not give what torch gives.
        OutputError: `output` exists or cannot be written.
    """
    from .export import bake_parametrizations, quiet_export

    output = Path(output)
    if output.exists() and not overwrite:
        raise OutputError(f"{output}: exists already; choose another name or ask to overwrite it")
    network = network.eval()
    bake_parametrizations(network)
    graph = _Published(network).eval()
    shapes = ({2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO},)
    model = quiet_export(graph, (torch.zeros(1, 3, 96, 128),), ["input"], ["output"], shapes)
    data = model.SerializeToString()
    _compare(data, graph)
    write_bytes(output, data)
    return output


def _compare(data: bytes, graph: nn.Module) -> None:
    onnx.load_model_from_string(data)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for height, width in CHECKED:
        rgb = np.repeat(rng.uniform(0, 1, (1, 1, height, width)).astype(np.float32), 3, 1)
        with torch.inference_mode():
            expected = graph(torch.from_numpy(rgb)).numpy()
        got = np.asarray(session.run(None, {"input": rgb})[0])
        worst = float(np.abs(got - expected).max()) if got.shape == expected.shape else float("inf")
        limit = TOLERANCE + RELATIVE_TOLERANCE * float(np.abs(expected).max())
        if not worst <= limit:
            raise WeightsError(
                f"the exported graph is off by {worst:.3g} in ab at {height}x{width}, limit {limit:.3g}; not written"
            )
