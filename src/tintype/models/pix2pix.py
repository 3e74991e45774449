"""The pix2pix U-Net (Isola 2017), built from the middle outward.

- Each block holds the next deeper one: the innermost is made first and wrapped until the outermost is reached.
- Eight halvings bring 256 px to one position; skips join each block's input to its output.
- Noise enters through dropout alone, in the three blocks around the innermost.
- Weights start from N(0, 0.02).
"""

from dataclasses import dataclass

from torch import Tensor, nn

from .cpu_layers import Dropout, concatenate
from .layers import as_planes


@dataclass(frozen=True)
class Pix2PixConfig:
    """`depth` halvings (at least 5); sides must be multiples of 2**depth. `width` channels at the outermost."""

    inputs: int = 1
    outputs: int = 2
    depth: int = 8
    width: int = 64
    dropout: float = 0.5


class _Block(nn.Module):
    """Halve, go through what lies deeper, double; the input rides along unless this is the outermost block."""

    def __init__(
        self,
        outside: int,
        inside: int,
        deeper: nn.Module | None,
        *,
        inputs: int | None = None,
        outermost: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.outermost = outermost
        halve = nn.Conv2d(inputs or outside, inside, 4, 2, 1, bias=False)
        double = nn.ConvTranspose2d(2 * inside if deeper else inside, outside, 4, 2, 1, bias=outermost)
        if outermost:
            layers = [halve, deeper, nn.ReLU(), double, nn.Tanh()]
        else:
            layers = [nn.LeakyReLU(0.2), halve]
            layers += [nn.BatchNorm2d(inside), deeper] if deeper else []
            layers += [nn.ReLU(), double, nn.BatchNorm2d(outside)]
            layers += [Dropout(dropout)] if dropout else []
        self.layers = nn.Sequential(*(layer for layer in layers if layer is not None))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y if self.outermost else concatenate(x, y)


class Pix2PixUNet(nn.Module):
    """(N, inputs, H, W) in [-1, 1] -> (N, outputs, H, W) in [-1, 1]. H and W are multiples of 2**depth.

    54,409,858 weights from 1 to 2 channels, 54,413,955 from 3 to 3. Raises ValueError for a depth below 5.
    """

    def __init__(self, config: Pix2PixConfig | None = None) -> None:
        super().__init__()
        config = config or Pix2PixConfig()
        if config.depth < 5:
            raise ValueError(f"depth {config.depth}: the pix2pix U-Net has at least 5 halvings")
        self.config = config
        self.size_multiple = 2**config.depth
        widest = 8 * config.width
        block = _Block(widest, widest, None)
        for _ in range(config.depth - 5):
            block = _Block(widest, widest, block, dropout=config.dropout)
        for inside in (widest, widest // 2, widest // 4):
            block = _Block(inside // 2, inside, block)
        self.layers = _Block(config.outputs, config.width, block, inputs=config.inputs, outermost=True)
        self.apply(init_normal)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(as_planes(x, self.config.inputs))
        return y


def init_normal(module: nn.Module) -> None:
    """Start convolutions from N(0, 0.02) and norm scales from N(1, 0.02), biases from zero (pix2pix)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)
