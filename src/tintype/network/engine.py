"""What every inference engine offers, and the names of devices and precisions."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from tintype.imaging.types import Planes

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "f32", "bf16"]

# Outputs with what the encoder of a network found, by stride; the rest of it needs no more than the lightness's shape.
FEATURES = ("features_4", "features_8", "features_16", "features_32")


class Engine(Protocol):
    """What runs a graph: OpenVINO, ONNX Runtime, a contract's adapter, an ensemble, or a predictor elsewhere."""

    name: str
    device: str
    precision: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    features: tuple[str, ...]  # outputs that `run` takes beside the lightness, to begin there; none if it cannot

    def run(self, feed: Mapping[str, Planes], outputs: tuple[str, ...]) -> list[Planes]: ...
