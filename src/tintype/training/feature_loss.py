"""Losses that look at pictures as a network does: CIE Lab <-> sRGB with gradients, and distances between features.

- The colour of an answer has to become sRGB before a network trained on photographs can judge it.
- The feature loss is that of Johnson 2016 in DeOldify's form: L1 distances at the last
  rectifier of VGG-16's third, fourth and fifth block, weighted 20 : 70 : 10. There the trunk has batch norm, ours has
  none, and how large features are differs from layer to layer and from network to network. Each layer's distance is
  therefore divided by the layer's mean activation over photographs (`TYPICAL`), and the weights are made to sum to one,
  so that one number sets the strength whatever the layers and the network.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.models.encoders import ENCODERS, SKIP_STAGES, STEM_CHANNELS, LiteEncoder, SameConv, load_imagenet
from tintype.models.imagenet import imagenet_file
from tintype.perceptual.published_weights import load_published
from tintype.perceptual.vgg import VGG16

FeatureNet = Literal["vgg16", "efficientnet-lite0"]

# Mean absolute activation over 512 colour photographs at 128 px: the unit of each layer's distance.
TYPICAL: dict[str, dict[str, float]] = {
    "vgg16": {"relu1_2": 0.619, "relu2_2": 0.998, "relu3_3": 1.220, "relu4_3": 0.492, "relu5_3": 0.181},
    "efficientnet-lite0": {"stride4": 7.030, "stride8": 6.220, "stride16": 5.410, "stride32": 2.282},
}
# Layers and their weights unless a caller chooses.
DEFAULTS: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "vgg16": (("relu3_3", "relu4_3", "relu5_3"), (20, 70, 10)),
    "efficientnet-lite0": (("stride4", "stride8", "stride16"), (1, 1, 1)),
}


class LiteTrunk(nn.Module):
    """An EfficientNet-Lite encoder over colour: RGB (N, 3, H, W) in [0, 1] -> features at `taps`; frozen.

    Taps are `stride4` to `stride32`; H and W are multiples of 32. Raises ValueError as VGG16 does.
    """

    TAPS = ("stride4", "stride8", "stride16", "stride32")

    def __init__(self, taps: Sequence[str], name: str = "efficientnet-lite0") -> None:
        super().__init__()
        if not taps or list(taps) != [tap for tap in self.TAPS if tap in taps]:
            raise ValueError(f"taps {list(taps)}: choose some of {', '.join(self.TAPS)}, in this order")
        encoder = LiteEncoder(ENCODERS[name])
        encoder.stem = SameConv(3, STEM_CHANNELS, 3, 2)
        load_imagenet(encoder, torch.load(imagenet_file(ENCODERS[name]), map_location="cpu", weights_only=True))
        self.tapped = [SKIP_STAGES[self.TAPS.index(tap)] for tap in taps]
        self.stem, self.stages = encoder.stem, encoder.stages[: self.tapped[-1] + 1]
        self.requires_grad_(False)

    def forward(self, rgb: Tensor) -> list[Tensor]:
        x = F.relu6(self.stem((rgb * 255 - 127) / 128))
        features = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in self.tapped:
                features.append(x)
        return features


class FeatureLoss(nn.Module):
    """How differently a network sees an answer and the truth: RGB (N, 3, H, W) in [0, 1], twice -> a scalar.

    Per layer the mean absolute difference of the features in units of `TYPICAL`, summed with `weights`, which are
    divided by their sum first (DeOldify's strength of 100 beside the pixels' L1 is the caller's to give). The truth's
    features carry no gradient, the network never learns. Under autocast the features are computed in its type and the
    distances summed in float32.

    `net` "vgg16" has layers relu1_2 to relu5_3, by default relu3_3, relu4_3, relu5_3 weighted 20 : 70 : 10;
    "efficientnet-lite0" has stride4 to stride32, is several times faster, and by default weighs the first three alike.
    What lies beyond the deepest layer is not computed. Raises ValueError for unknown networks and layers; WeightsError
    or MissingExtra when the weights cannot be had.
    """

    def __init__(
        self,
        net: FeatureNet = "vgg16",
        layers: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        if net not in DEFAULTS:
            raise ValueError(f"feature network {net!r}; known: {', '.join(DEFAULTS)}")
        self.layers = tuple(layers or DEFAULTS[net][0])
        known = dict(zip(*DEFAULTS[net], strict=True))
        chosen = list(weights) if weights else [known.get(layer, 1.0) for layer in self.layers]
        if len(chosen) != len(self.layers) or min(chosen) < 0 or sum(chosen) <= 0:
            raise ValueError(f"weights {chosen} for the layers {list(self.layers)}: give one for each, none negative")
        self.weights = [weight / sum(chosen) for weight in chosen]
        self.trunk: VGG16 | LiteTrunk
        if net == "vgg16":
            self.trunk = VGG16(self.layers)
            self.trunk.load(load_published("vgg16").convolutions)
        else:
            self.trunk = LiteTrunk(self.layers)
        self.units = [TYPICAL[net][layer] for layer in self.layers]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, rgb_answer: Tensor, rgb_truth: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self._features(rgb_truth)
        loss = rgb_answer.new_zeros((), dtype=torch.float32)
        for got, want, unit, weight in zip(self._features(rgb_answer), wanted, self.units, self.weights, strict=True):
            loss = loss + weight / unit * (got - want).abs().mean(dtype=torch.float32)
        return loss

    @torch.no_grad()
    def feature_distance(self, rgb_answer: Tensor, rgb_truth: Tensor) -> float:
        """A measure for validation, 0 (same features) to 4: mean over pictures, layers (all alike) and positions of
        the squared distance between the two feature vectors of a position, each scaled to length one (Zhang 2018,
        without learned heads). The overall strength of the features does not matter to it."""
        total = 0.0
        for got, want in zip(self._features(rgb_answer), self._features(rgb_truth), strict=True):
            difference = F.normalize(got.float(), dim=1) - F.normalize(want.float(), dim=1)
            total += float(difference.square().sum(1).mean())
        return total / len(self.layers)

    def _features(self, rgb: Tensor) -> list[Tensor]:
        features: list[Tensor] = self.trunk(rgb.contiguous(memory_format=torch.channels_last))
        return features
