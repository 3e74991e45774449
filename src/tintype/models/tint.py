"""`tint`, the default generator: a colour distribution for every fourth pixel.

- Encoder: EfficientNet-Lite on lightness alone (encoders.py), ImageNet weights.
- Bottom: 256 channels with two self-attention blocks, so that distant parts of one object agree on a colour.
- Decoder: at each scale, project, double by bilinear interpolation, add the encoder's features, two 3x3 convolutions.
  It stops at stride 4: chroma is smooth, and full resolution comes from the luma of the original.
- Head: logits over the in-gamut ab bins (Zhang 2016); the colour is the annealed mean of the distribution.
- Colour hints (a/110, b/110, mask) enter at the stem with zero weights until a stage trains them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.bins import ab_bins
from tintype.models.encoders import ENCODERS, LiteEncoder
from tintype.models.layers import ConvNormReLU, SelfAttention


@dataclass(frozen=True)
class TintConfig:
    """Shape of the network: `widths` are the decoder's channels at strides 16, 8 and 4."""

    encoder: str = "efficientnet-lite2"
    bottom: int = 256
    attention_blocks: int = 2
    heads: int = 8
    widths: tuple[int, int, int] = (192, 128, 96)


class UpBlock(nn.Module):
    """Double the resolution and merge the encoder's features of that scale."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(inputs, outputs, 1)  # before the doubling: a quarter of the work
        self.lateral = nn.Conv2d(skip, outputs, 1)
        self.convs = nn.Sequential(ConvNormReLU(outputs, outputs, 3), ConvNormReLU(outputs, outputs, 3))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(self.project(x), scale_factor=2, mode="bilinear", align_corners=False)
        merged: Tensor = self.convs(x + self.lateral(skip))
        return merged


class Tint(nn.Module):
    """Lightness (N, 1, H, W) in [-1, 1], optional hints (N, 3, H, W) -> logits (N, Q, H/4, W/4).

    H and W are multiples of 32. Q is the number of in-gamut ab bins (`tintype.bins.ab_bins`).
    """

    size_multiple = 32
    bins: Tensor

    def __init__(self, config: TintConfig | None = None) -> None:
        super().__init__()
        config = config or TintConfig()
        self.config = config
        self.encoder = LiteEncoder(ENCODERS[config.encoder])
        stride4, stride8, stride16, stride32 = self.encoder.channels
        self.bottom = nn.Sequential(
            ConvNormReLU(stride32, config.bottom, 1),
            *(SelfAttention(config.bottom, config.heads) for _ in range(config.attention_blocks)),
        )
        w16, w8, w4 = config.widths
        self.up16 = UpBlock(config.bottom, stride16, w16)
        self.up8 = UpBlock(w16, stride8, w8)
        self.up4 = UpBlock(w8, stride4, w4)
        bins = torch.tensor(ab_bins())
        self.register_buffer("bins", bins, persistent=False)
        self.head = nn.Conv2d(w4, len(bins), 1)

    def forward(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        x4, x8, x16, x32 = self.encoder(lightness, hints)
        x = self.up16(self.bottom(x32), x16)
        logits: Tensor = self.head(self.up4(self.up8(x, x8), x4))
        return logits


def annealed_mean(logits: Tensor, bins: Tensor, temperature: float) -> Tensor:
    """Mean colour (N, 2, h, w), CIE units, of logits (N, Q, h, w) sharpened by `temperature` (Zhang 2016, eq. 5).

    1 is the plain mean (safe, dull), towards 0 the mode (vivid, patchy).
    """
    probability = (logits.float() / temperature).softmax(1)
    return F.conv2d(probability, bins.t()[:, :, None, None])
