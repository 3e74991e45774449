"""The classic U-Net of the driving-scene system (Ronneberger 2015), from three kinds of block.

- A down block hands out both its pooled result and what it was before pooling: the skip is the latter. (Taking the
  pooled one is a mistake that its source tells of.)
- Up blocks double by interpolation and a 1x1 convolution; `up="transposed"` uses a 2x2 transposed convolution instead.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class DrivingConfig:
    """`width` channels at full resolution, doubled at each of `depth` halvings. The source gives neither; these are
    Ronneberger's."""

    inputs: int = 1
    outputs: int = 2
    width: int = 64
    depth: int = 4
    up: Literal["upsample", "transposed"] = "upsample"


class ConvBlock(nn.Sequential):
    """Twice: 3x3 convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )


class DownBlock(nn.Module):
    """A ConvBlock, then 2x2 max pooling; returns (pooled, pre-pool)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convs = ConvBlock(inputs, outputs)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.convs(x)
        return self.pool(features), features


class UpBlock(nn.Module):
    """Double, halve the channels, join the skip of that scale, ConvBlock."""

    def __init__(self, inputs: int, outputs: int, up: Literal["upsample", "transposed"]) -> None:
        super().__init__()
        if up == "transposed":
            self.enlarge: nn.Module = nn.ConvTranspose2d(inputs, outputs, 2, 2)
        else:
            self.enlarge = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 1))
        self.convs = ConvBlock(2 * outputs, outputs)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        y: Tensor = self.convs(torch.cat([self.enlarge(x), skip], 1))
        return y


class DrivingUNet(nn.Module):
    """(N, inputs, H, W) -> (N, outputs, H, W), unbounded. H and W are multiples of 2**depth."""

    def __init__(self, config: DrivingConfig | None = None) -> None:
        super().__init__()
        config = config or DrivingConfig()
        self.config = config
        self.size_multiple = 2**config.depth
        widths = [config.width * 2**level for level in range(config.depth + 1)]
        self.downs = nn.ModuleList(
            DownBlock(inputs, outputs) for inputs, outputs in zip([config.inputs, *widths], widths[:-1], strict=False)
        )
        self.bottleneck = ConvBlock(widths[-2], widths[-1])
        self.ups = nn.ModuleList(
            UpBlock(deep, shallow, config.up) for deep, shallow in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(config.width, config.outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for down in self.downs:
            x, skip = down(x)
            skips.append(skip)
        x = self.bottleneck(x)
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            x = up(x, skip)
        y: Tensor = self.head(x)
        return y
