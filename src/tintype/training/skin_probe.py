"""A linear probe that finds skin by the encoder's features, so that its colour is read apart from wood's and sand's.

The network's own colour of faces needs no gain, while nearly all else does; and by hue alone skin cannot be told from
wood. Linear probes: Alain and Bengio, "Understanding intermediate layers using linear classifier probes", 2016.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from tintype.errors import WeightsError

STRIDES = (8, 16, 32)  # of the features that it looks at


class SkinProbe(nn.Module):
    """Encoder's features at the strides 4, 8, 16 and 32 -> probability of skin (N, 1, H/4, W/4), 0 to 1.

    `channels` are those at the strides 8, 16 and 32. The same as one linear layer over the features of all three,
    brought to stride 8 by bilinear interpolation: a layer of single pixels and an interpolation may change places.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(count, 1, 1, bias=number == 0) for number, count in enumerate(channels))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        fine, middle, coarse = (layer(seen) for layer, seen in zip(self.layers, features[1:], strict=True))
        return _doubled(fine + _doubled(middle + _doubled(coarse))).sigmoid()


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def probe_of(weight: Tensor, bias: float, channels: Sequence[int]) -> SkinProbe:
    """The probe with a linear layer's `weight` (sum of `channels`,), strides 8, 16, 32 in this order, and `bias`."""
    probe = SkinProbe(channels)
    state = {
        f"layers.{n}.weight": part[None, :, None, None] for n, part in enumerate(torch.split(weight, list(channels)))
    }
    probe.load_state_dict(state | {"layers.0.bias": torch.tensor([bias])})
    return probe


def write_skin_probe(path: str | Path, probe: SkinProbe) -> None:
    """Write a probe as a safetensors file."""
    save_file({name: tensor.contiguous() for name, tensor in probe.state_dict().items()}, path)


def read_skin_probe(path: str | Path, generator: nn.Module) -> SkinProbe:
    """Read a probe for the encoder of `generator`.

    Raises:
        WeightsError: not such a file, or made for another encoder, or the generator shows no features.
    """
    encoder = getattr(generator, "encoder", None)
    if not getattr(generator, "takes_hints", False) or encoder is None:
        raise WeightsError("this network shows no features for a probe of skin; only `tint` does")
    probe = SkinProbe(encoder.channels[1:])
    try:
        probe.load_state_dict(load_file(path))
    except Exception as error:  # safetensors' errors have no common type
        raise WeightsError(f"{path}: no probe of skin for this encoder ({type(error).__name__})") from error
    return probe.eval()
