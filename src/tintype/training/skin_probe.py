"""A probe that finds skin by the encoder's features, so that its colour is read apart from wood's and sand's.

The network's own colour of faces needs no gain, while nearly all else does; and by hue alone skin cannot be told from
wood. An arm or a leg the encoder knows better than the decoder, which leaves it grey as often as not: so the probe also
knows how much likelier each colour is on skin than elsewhere. Probes of what a layer knows: Alain and Bengio,
"Understanding intermediate layers using linear classifier probes", 2016; one layer more halves what it takes for skin.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from tintype.errors import WeightsError

STRIDES = (4, 8, 16, 32)  # of the features that it looks at: what it is, and where it ends
HIDDEN = 96


class SkinProbe(nn.Module):
    """Encoder's features at the strides 4, 8, 16 and 32 -> probability of skin (N, 1, H/4, W/4), 0 to 1.

    `channels` are those at these strides, seen together at stride 4 by a perceptron of `hidden` units: a layer of
    single pixels and a bilinear interpolation may change places, so that each stride has a part of the layer.

    `odds` (Q,) holds, for each colour of a distribution, the logarithm of how many times likelier it is on skin than
    elsewhere; empty where the probe does not know.
    """

    odds: Tensor

    def __init__(self, channels: Sequence[int], hidden: int = HIDDEN, colours: int = 0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(count, hidden, 1, bias=n == 0) for n, count in enumerate(channels))
        self.answer = nn.Conv2d(hidden, 1, 1)
        self.register_buffer("odds", torch.zeros(colours))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        *finer, hidden = (layer(seen) for layer, seen in zip(self.layers, features, strict=True))
        for part in reversed(finer):
            hidden = part + _doubled(hidden)
        said: Tensor = self.answer(hidden.relu())
        return said.sigmoid()


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


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
    try:
        state = load_file(path)
        probe = SkinProbe(encoder.channels, len(state["answer.weight"][0]), len(state["odds"]))
        probe.load_state_dict(state)
    except Exception as error:  # safetensors' errors have no common type
        raise WeightsError(f"{path}: no probe of skin for this encoder ({type(error).__name__})") from error
    return probe.eval()
