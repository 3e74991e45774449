"""The NoGAN system's networks (DeOldify's method): a U-Net on a pretrained encoder, and its critic.

- Encoder: a ResNet or an EfficientNet-Lite with ImageNet weights.
- Decoder: pixel-shuffle doubling started by ICNR, so that it shows no checkerboard before it has learned anything
  (Aitken 2017); the encoder's features join at every scale; spectral norm on every convolution (Miyato 2018).
- Self-attention, as in SAGAN (Zhang 2018), in the middle of the decoder and early in the critic.
- The critic is DCGAN's without batch norm, ending in a convolution instead of a linear layer.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from .encoders import ENCODERS, LiteEncoder
from .resnet import ResNetEncoder


@dataclass(frozen=True)
class NoGANConfig:
    """`width` channels at the finest decoder scale, doubled at each coarser one up to eight times that."""

    encoder: str = "resnet34"
    outputs: int = 2
    width: int = 64
    attention: bool = True
    spectral: bool = True


@dataclass(frozen=True)
class NoGANCriticConfig:
    """`inputs` counts lightness and colour together; `width` doubles with each of `halvings`, up to 16 times."""

    inputs: int = 3
    width: int = 64
    halvings: int = 4
    dropout: float = 0.15


class SAGANAttention(nn.Module):
    """Self-attention with a learned strength that starts at zero: x + gamma * attended (Zhang 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 8)
        self.query = spectral_norm(nn.Conv1d(channels, inner, 1, bias=False))
        self.key = spectral_norm(nn.Conv1d(channels, inner, 1, bias=False))
        self.value = spectral_norm(nn.Conv1d(channels, channels, 1, bias=False))
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.flatten(2)
        weights = (self.query(flat).transpose(1, 2) @ self.key(flat)).softmax(-1)  # (N, from, to)
        attended: Tensor = self.value(flat) @ weights.transpose(1, 2)
        return x + self.gamma * attended.view_as(x)


def icnr_(weight: Tensor, factor: int = 2) -> Tensor:
    """Initialise a convolution before a pixel shuffle so that all pixels of a shuffled cell start equal."""
    outputs, inputs, *kernel = weight.shape
    first = torch.empty(outputs // factor**2, inputs, *kernel)
    nn.init.kaiming_normal_(first)
    with torch.no_grad():
        weight.copy_(first.repeat_interleave(factor**2, 0))
    return weight


class ShuffleUp(nn.Module):
    """Double the resolution: 1x1 convolution to four times the channels, pixel shuffle."""

    def __init__(self, inputs: int, outputs: int, spectral: bool) -> None:
        super().__init__()
        conv = nn.Conv2d(inputs, 4 * outputs, 1)
        icnr_(conv.weight)
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        self.conv = spectral_norm(conv) if spectral else conv

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(self.conv(x), 2).relu()


def _conv(inputs: int, outputs: int, spectral: bool) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(spectral_norm(conv) if spectral else conv, nn.BatchNorm2d(outputs), nn.ReLU())


def _grey_at_first(inputs: int, outputs: int) -> nn.Conv2d:
    """The last convolution, all zeros: unlearning the wild colours of a random one takes thousands of images."""
    conv = nn.Conv2d(inputs, outputs, 1)
    for weights in conv.parameters():
        nn.init.zeros_(weights)
    return conv


class NoGANUNet(nn.Module):
    """Lightness (N, 1, H, W) in [-1, 1] -> (N, outputs, H, W) in [-1, 1]. H and W are multiples of 32.

    Raises RecipeError for an encoder that is not known.
    """

    size_multiple = 32

    def __init__(self, config: NoGANConfig | None = None) -> None:
        super().__init__()
        config = config or NoGANConfig()
        self.config = config
        if config.encoder in ENCODERS:
            self.encoder: LiteEncoder | ResNetEncoder = LiteEncoder(ENCODERS[config.encoder])
        else:
            self.encoder = ResNetEncoder(config.encoder)
        *skips, deepest = self.encoder.channels
        spectral = config.spectral
        self.middle = nn.Sequential(_conv(deepest, deepest, spectral), _conv(deepest, deepest, spectral))
        self.ups, self.convs = nn.ModuleList(), nn.ModuleList()
        inputs = deepest
        for level, skip in enumerate(reversed(skips)):
            outputs = config.width * min(8, 2 ** (len(skips) - 1 - level))
            attend = config.attention and level == 1
            self.ups.append(ShuffleUp(inputs, inputs // 2, spectral))
            block = [_conv(inputs // 2 + skip, outputs, spectral), _conv(outputs, outputs, spectral)]
            self.convs.append(nn.Sequential(*block, *([SAGANAttention(outputs)] if attend else [])))
            inputs = outputs
        # The finest features stand at stride 2 (ResNet) or 4 (Lite): double to full size, join the input itself.
        doublings = 5 - len(skips)
        self.full = nn.Sequential(*(ShuffleUp(inputs, inputs, spectral) for _ in range(doublings)))
        self.head = nn.Sequential(_conv(inputs + 1, inputs, spectral), _grey_at_first(inputs, config.outputs))

    def forward(self, lightness: Tensor) -> Tensor:
        *skips, x = self.encoder(lightness)
        x = self.middle(x)
        for up, convs, skip in zip(self.ups, self.convs, reversed(skips), strict=True):
            x = convs(torch.cat([up(x), skip], 1))
        y: Tensor = self.head(torch.cat([self.full(x), lightness], 1))
        return y.tanh()


class NoGANCritic(nn.Module):
    """Picture (N, inputs, H, W), lightness and colour together -> one logit a picture (N, 1). Any size of at least
    2**(halvings + 2) pixels."""

    def __init__(self, config: NoGANCriticConfig | None = None) -> None:
        super().__init__()
        config = config or NoGANCriticConfig()
        self.config = config

        def block(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
            conv = spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, 1))
            return nn.Sequential(conv, nn.LeakyReLU(0.2), nn.Dropout2d(config.dropout))

        width = config.width
        layers: list[nn.Module] = [block(config.inputs, width, 4, 2), block(width, width, 3, 1)]
        for level in range(1, config.halvings):
            wider = min(2 * width, 16 * config.width)
            layers.append(block(width, wider, 4, 2))
            layers += [SAGANAttention(wider)] if level == 1 else []
            width = wider
        self.layers = nn.Sequential(*layers)
        self.verdict = spectral_norm(nn.Conv2d(width, 1, 4, padding=1))

    def forward(self, picture: Tensor) -> Tensor:
        verdicts: Tensor = self.verdict(self.layers(picture))
        return verdicts.mean((2, 3))
