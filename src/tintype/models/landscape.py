"""The landscape colorizer's networks: a U-Net of one constant width, and a critic that is a U-Net, too.

- Width is the one dial: the generator has 224 c^2 + 45 c weights, the critic 128 c^2 + 37 c + c side^2 + 1.
- Halving: 4x4 convolution, LeakyReLU, batch norm. Doubling: ReLU, 4x4 transposed convolution, batch norm, dropout.
- The first convolution is 3x3 and followed by LeakyReLU, too. No convolution has a bias.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from .cpu_layers import Dropout, ThinConv2d

Stem = Literal["leaky_relu", "linear"]


@dataclass(frozen=True)
class LandscapeConfig:
    """`complexity` is the constant number of channels; the report settles on 72 after trying 16 to 52. `stem` is what
    follows the first convolution: "linear", nothing, is how checkpoints from before this option were built."""

    inputs: int = 1
    outputs: int = 2
    complexity: int = 72
    depth: int = 5
    dropout: float = 0.5
    stem: Stem = "leaky_relu"


@dataclass(frozen=True)
class LandscapeCriticConfig:
    """`side` in pixels is fixed: the critic ends in a linear layer over all positions."""

    inputs: int = 3
    complexity: int = 16
    depth: int = 3
    side: int = 256
    dropout: float = 0.5
    stem: Stem = "leaky_relu"


class ConstantWidthUNet(nn.Module):
    """`depth` halvings and doublings around one width, skips by concatenation: (N, inputs, H, W) -> (N, width, H, W),
    in [-1, 1]. H and W are multiples of 2**depth."""

    def __init__(self, inputs: int, width: int, depth: int, dropout: float, stem: Stem) -> None:
        super().__init__()
        self.inc = ThinConv2d(inputs, width, 3, padding=1, bias=False)
        self.inc_activation = nn.LeakyReLU(0.2) if stem == "leaky_relu" else nn.Identity()
        self.downs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2), nn.BatchNorm2d(width))
            for _ in range(depth)
        )
        ups: list[nn.Module] = []
        for level in range(depth):
            channels = width if level == 0 else 2 * width
            double = nn.ConvTranspose2d(channels, width, 4, 2, 1, bias=False)
            last = level == depth - 1
            after = [nn.Tanh()] if last else [nn.BatchNorm2d(width), Dropout(dropout)]
            ups.append(nn.Sequential(nn.ReLU(), double, *after))
        self.ups = nn.ModuleList(ups)

    def forward(self, x: Tensor) -> Tensor:
        skips = [self.inc_activation(self.inc(x))]
        for down in self.downs:
            skips.append(down(skips[-1]))
        y: Tensor = self.ups[0](skips.pop())
        for up in self.ups[1:]:
            y = up(torch.cat([y, skips.pop()], 1))
        return y


class LandscapeUNet(nn.Module):
    """(N, inputs, H, W) in [-1, 1] -> (N, outputs, H, W) in [-1, 1]. H and W are multiples of 2**depth.

    The source bounds twice, after the last doubling and at the output; so does this.
    """

    def __init__(self, config: LandscapeConfig | None = None) -> None:
        super().__init__()
        config = config or LandscapeConfig()
        self.config = config
        self.size_multiple = 2**config.depth
        self.body = ConstantWidthUNet(config.inputs, config.complexity, config.depth, config.dropout, config.stem)
        self.outc = ThinConv2d(config.complexity, config.outputs, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.outc(self.body(x))
        return y.tanh()


class LandscapeCritic(nn.Module):
    """Picture (N, inputs, side, side), lightness and colour together -> logit of being real (N, 1).

    The logit is divided by the width; without that the source's sigmoid, which is part of the loss here, saturates from
    the start. Raises ValueError for another size.
    """

    def __init__(self, config: LandscapeCriticConfig | None = None) -> None:
        super().__init__()
        config = config or LandscapeCriticConfig()
        self.config = config
        self.body = ConstantWidthUNet(config.inputs, config.complexity, config.depth, config.dropout, config.stem)
        self.linear = nn.Linear(config.complexity * config.side**2, 1)

    def forward(self, picture: Tensor) -> Tensor:
        side = self.config.side
        if picture.shape[2:] != (side, side):
            raise ValueError(f"pictures of {tuple(picture.shape[2:])}: this critic was made for {side}x{side} alone")
        logit: Tensor = self.linear(self.body(picture).flatten(1))
        return logit / self.config.complexity
