"""`tint`, the default generator: a colour distribution for every fourth pixel.

- Encoder: EfficientNet-Lite on lightness alone (encoders.py), ImageNet weights.
- Bottom: 256 channels with two self-attention blocks, so that distant parts of one object agree on a colour.
- Decoder: at each scale, project, double by bilinear interpolation, add the encoder's features, two 3x3 convolutions.
  It stops at stride 4: chroma is smooth, and full resolution comes from the luma of the original.
- Colour queries (queries.py), where the config has them: what the picture as a whole says about its colours.
- Head: logits over the in-gamut ab bins (Zhang 2016); the colour is the annealed mean of the distribution.
- Colour hints (a/110, b/110, mask) enter before the attention and at every scale of the decoder, never the encoder:
  what it found in a picture is found once, however often a person then changes a colour. Their weights are zero
  until a stage trains them, so that a model without hints is unchanged by their presence.
"""

import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.imaging.ab_bins import ab_bins

from .encoders import ENCODERS, LiteEncoder
from .layers import ConvNormReLU, SelfAttention
from .queries import FeedForward, QueryDecoder

HINT_CHANNELS = 32
STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class TintConfig:
    """Shape of the network: `widths` are the decoder's channels at strides 16, 8 and 4.

    `encoder_stages` is 7, or 6 for a smaller network without the encoder's last one. `feed_forward` makes transformer
    blocks of the attention blocks, `middle_blocks` puts as many at stride 16. `queries` is the number of colour queries
    (queries.py). These parts, and channels added to `widths`, change nothing until they are trained, so that a network
    without them can be grown.
    """

    encoder: str = "efficientnet-lite2"
    encoder_stages: int = 7
    bottom: int = 256
    attention_blocks: int = 2
    heads: int = 8
    widths: tuple[int, int, int] = (192, 128, 96)
    feed_forward: bool = False
    middle_blocks: int = 0
    queries: int = 0
    query_width: int = 96
    query_layers: int = 3


def hints_by_cell(hints: Tensor) -> Tensor:
    """Hints (N, 3, H, W), 0 where there are none -> the sums of a/110 and b/110 of those in each cell of stride 4, and
    how many there are, (N, 3, H/4, W/4). All else is done by cell: by pixel it was a fifth of a small network's time.
    """
    return F.avg_pool2d(hints, STRIDES[0]) * STRIDES[0] ** 2


class HintPyramid(nn.Module):
    """Hints by cell (`hints_by_cell`) -> what to add to the features at the strides 4, 8, 16 and 32, `channels` planes
    at each.

    A cell of a stride holds the mean colour of the hints in it, and 1, or (0, 0) and 0 where there are none: a hint
    is as strong on the coarse maps, which carry it far, as on the fine ones, which know where it must stop.
    """

    def __init__(self, channels: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.convs = nn.ModuleList()
        for count in channels:
            out = nn.Conv2d(HINT_CHANNELS, count, 1, bias=False)
            nn.init.zeros_(out.weight)
            # No biases: where nobody gave a hint, nothing is added.
            self.convs.append(nn.Sequential(nn.Conv2d(3, HINT_CHANNELS, 3, padding=1, bias=False), nn.ReLU(), out))

    def forward(self, sums: Tensor) -> list[Tensor]:
        maps = []
        for stride, convs in zip(STRIDES, self.convs, strict=True):
            if stride > STRIDES[0]:
                sums = F.avg_pool2d(sums, 2) * 4
            weight = sums[:, 2:]
            maps.append(convs(torch.cat([sums[:, :2] / weight.clamp(min=1), weight.clamp(max=1)], 1)))
        return maps


class UpBlock(nn.Module):
    """Double the resolution and merge the encoder's features of that scale, and what hints say there."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(inputs, outputs, 1)  # before the doubling: a quarter of the work
        self.lateral = nn.Conv2d(skip, outputs, 1)
        self.convs = nn.Sequential(ConvNormReLU(outputs, outputs, 3), ConvNormReLU(outputs, outputs, 3))

    def forward(self, x: Tensor, skip: Tensor, hint: Tensor | None = None) -> Tensor:
        x = F.interpolate(self.project(x), scale_factor=2, mode="bilinear", align_corners=False)
        x = x + self.lateral(skip)
        merged: Tensor = self.convs(x if hint is None else x + hint)
        return merged


class Tint(nn.Module):
    """Lightness (N, 1, H, W) in [-1, 1], optional hints (N, 3, H, W) -> logits (N, Q, H/4, W/4).

    H and W are multiples of 32. Hints are a/110, b/110 and a mask of 0 and 1. Q is the number of in-gamut ab bins
    (`tintype.imaging.ab_bins.ab_bins`).
    """

    size_multiple = 32
    takes_hints = True
    bins: Tensor

    def __init__(self, config: TintConfig | None = None) -> None:
        super().__init__()
        config = config or TintConfig()
        self.config = config
        self.encoder = LiteEncoder(ENCODERS[config.encoder], config.encoder_stages)
        stride4, stride8, stride16, stride32 = self.encoder.channels
        self.bottom = nn.Sequential(
            ConvNormReLU(stride32, config.bottom, 1),
            *(SelfAttention(config.bottom, config.heads) for _ in range(config.attention_blocks)),
        )
        self.bottom_wide = nn.ModuleList(
            FeedForward(config.bottom) for _ in range(config.attention_blocks if config.feed_forward else 0)
        )
        w16, w8, w4 = config.widths
        self.middle = nn.Sequential(
            *(nn.Sequential(SelfAttention(w16, config.heads), FeedForward(w16)) for _ in range(config.middle_blocks))
        )
        self.up16 = UpBlock(config.bottom, stride16, w16)
        self.up8 = UpBlock(w16, stride8, w8)
        self.up4 = UpBlock(w8, stride4, w4)
        self.hints = HintPyramid((w4, w8, w16, config.bottom))
        bins = torch.tensor(ab_bins())
        self.register_buffer("bins", bins, persistent=False)
        self.head = nn.Conv2d(w4, len(bins), 1)
        self.queries = (
            QueryDecoder(config.queries, config.query_width, config.query_layers, (config.bottom, w16, w4), len(bins))
            if config.queries
            else None
        )

    @staticmethod
    def may_be_new(name: str) -> bool:
        """May that parameter be missing in weights to start from, since its part changes nothing before training?"""
        return name.startswith(("bottom_wide.", "middle.", "queries.")) or bool(re.match(r"bottom\.[1-9]", name))

    @staticmethod
    def may_be_wider(name: str) -> bool:
        """May that parameter have more channels than in weights to start from, since its part is of the decoder?"""
        return name.startswith(("up16.", "up8.", "up4.", "hints.", "head."))

    def forward(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        cells = None if hints is None else hints_by_cell(torch.cat([hints[:, :2] * hints[:, 2:], hints[:, 2:]], 1))
        return self.decode(self.encoder(lightness), cells)

    def decode(self, features: list[Tensor], hints: Tensor | None = None) -> Tensor:
        """Logits from the encoder's `features` at the strides 4, 8, 16 and 32, and from hints by cell."""
        x4, x8, x16, x32 = features
        h4, h8, h16, h32 = [None] * 4 if hints is None else self.hints(hints)
        x = self.bottom[0](x32)
        x = x if h32 is None else x + h32
        for number in range(self.config.attention_blocks):
            x = self.bottom[number + 1](x)
            if self.config.feed_forward:
                x = self.bottom_wide[number](x)
        deep, x = x, self.middle(self.up16(x, x16, h16))
        fine = self.up4(self.up8(x, x8, h8), x4, h4)
        logits: Tensor = self.head(fine)
        return logits if self.queries is None else logits + self.queries(deep, x, fine)


def annealed_mean(logits: Tensor, bins: Tensor, temperature: float) -> Tensor:
    """Mean colour (N, 2, h, w), CIE units, of logits (N, Q, h, w) sharpened by `temperature` (Zhang 2016, eq. 5).

    1 is the plain mean (safe, dull), towards 0 the mode (vivid, patchy).
    """
    # Divided by its sum at the end: a softmax over planes costs engines as much as a seventh of the network.
    logits = logits.float()
    share = ((logits - logits.detach().amax(1, keepdim=True)) / temperature).exp()
    sums = F.conv2d(share, torch.cat([bins, torch.ones_like(bins[:, :1])], 1).t()[:, :, None, None])
    return sums[:, :2] / sums[:, 2:]
