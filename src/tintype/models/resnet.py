"""ResNet encoders (He 2016) with torchvision's weight names, so that its ImageNet files load as they are.

The RGB stem sees lightness three times; features come at strides 2, 4, 8, 16 and 32.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tintype.errors import RecipeError

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        out: Tensor = y + (x if self.downsample is None else self.downsample(x))
        return out.relu()


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 around a shortcut; the stride is in the 3x3, as in torchvision."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
        out: Tensor = self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x))
        return out.relu()


RESNETS: dict[str, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
}


class ResNetEncoder(nn.Module):
    """Lightness (N, 1, H, W) in [-1, 1] -> five feature maps, strides 2 to 32. H and W are multiples of 32.

    Raises RecipeError for a name that is not in `RESNETS`.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in RESNETS:
            raise RecipeError(f"unknown encoder {name!r}; known: {', '.join(RESNETS)}")
        block, repeats = RESNETS[name]
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _layer(block, 64, 64, repeats[0], 1)
        self.layer2 = _layer(block, 64 * block.expansion, 128, repeats[1], 2)
        self.layer3 = _layer(block, 128 * block.expansion, 256, repeats[2], 2)
        self.layer4 = _layer(block, 256 * block.expansion, 512, repeats[3], 2)
        self.channels = [64, *(width * block.expansion for width in (64, 128, 256, 512))]
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, lightness: Tensor) -> list[Tensor]:
        x = ((lightness + 1) / 2 - self.mean) / self.std
        features = [self.bn1(self.conv1(x)).relu()]
        features.append(self.layer1(self.pool(features[-1])))
        for layer in (self.layer2, self.layer3, self.layer4):
            features.append(layer(features[-1]))
        return features


def _layer(
    block: Callable[[int, int, int, nn.Module | None], nn.Module], inputs: int, width: int, repeats: int, stride: int
) -> nn.Sequential:
    outputs = width * block.expansion  # type: ignore[attr-defined]
    shortcut = None
    if stride != 1 or inputs != outputs:
        shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
    blocks = [block(inputs, width, stride, shortcut)]
    return nn.Sequential(*blocks, *(block(outputs, width, 1, None) for _ in range(repeats - 1)))


def load_torchvision(encoder: ResNetEncoder, state: dict[str, Tensor]) -> None:
    """Load a torchvision ResNet's state; without its classifier (`fc.*`). Raises RuntimeError if it misfits."""
    encoder.load_state_dict({name: value for name, value in state.items() if not name.startswith("fc.")})
