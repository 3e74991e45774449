"""ConvNeXt encoders (Liu et al. 2022, "A ConvNet for the 2020s"), with the names of the published weights.

Features come at the strides 4, 8, 16 and 32, each through a norm of its own, as DDColor takes them.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Blocks and channels of the four stages.
CONVNEXTS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "convnext-t": ((3, 3, 9, 3), (96, 192, 384, 768)),
    "convnext-s": ((3, 3, 27, 3), (96, 192, 384, 768)),
    "convnext-b": ((3, 3, 27, 3), (128, 256, 512, 1024)),
    "convnext-l": ((3, 3, 27, 3), (192, 384, 768, 1536)),
}
EPSILON = 1e-6
LAYER_SCALE = 1e-6  # what each block begins to add with


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of planes (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """A 7 x 7 depthwise convolution, then two linear layers for each place, around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        self.pwconv1, self.pwconv2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(LAYER_SCALE * torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))
        added: Tensor = x + y.permute(0, 3, 1, 2)
        return added


class ConvNeXt(nn.Module):
    """Planes (N, 3, H, W), normalised as ImageNet's -> features at the strides 4, 8, 16 and 32."""

    def __init__(self, depths: tuple[int, ...], widths: tuple[int, ...]) -> None:
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, widths[0], 4, stride=4), ChannelNorm(widths[0], eps=EPSILON))]
        )
        for before, width in itertools.pairwise(widths):
            self.downsample_layers.append(
                nn.Sequential(ChannelNorm(before, eps=EPSILON), nn.Conv2d(before, width, 2, stride=2))
            )
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth))) for depth, width in zip(depths, widths, strict=True)
        )
        for number, width in enumerate(widths):
            self.add_module(f"norm{number}", ChannelNorm(width, eps=EPSILON))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for number, (halve, stage) in enumerate(zip(self.downsample_layers, self.stages, strict=True)):
            x = stage(halve(x))
            features.append(self.get_submodule(f"norm{number}")(x))
        return features


class ConvNeXtEncoder(nn.Module):
    """A ConvNeXt under the name that DDColor's files have it by; `channels` of its features."""

    def __init__(self, depths: tuple[int, ...], widths: tuple[int, ...]) -> None:
        super().__init__()
        self.arch = ConvNeXt(depths, widths)
        self.channels = list(widths)

    def forward(self, x: Tensor) -> list[Tensor]:
        features: list[Tensor] = self.arch(x)
        return features
