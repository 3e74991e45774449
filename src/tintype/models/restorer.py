"""`restore`: a small residual U-Net that takes damage out of the light of old prints.

Three levels, no normalisation: it sees about a hundred pixels around each, so that it can copy what is beside a
scratch, and can invent neither faces nor things. Its answer is a residual that starts at zero: an untrained network
gives back what it is given. Fading and stains are smooth and belong to the picture as a whole; they are left to plain
filters.
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class RestorerConfig:
    """`widths` are the channels at strides 2, 4 and 8; `blocks` the residual blocks before and after each halving."""

    widths: tuple[int, int, int] = (32, 64, 96)
    blocks: int = 1


class _Residual(nn.Module):
    """Two 3x3 convolutions beside the identity; the second starts at zero (Zhang 2019, Fixup)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.second(F.relu(self.first(x)))
        return x + change


class Restorer(nn.Module):
    """The light of a damaged print (N, 1, H, W) -> of a clean one, both L*/50 - 1. H and W are multiples of 8."""

    size_multiple = 8

    def __init__(self, config: RestorerConfig | None = None) -> None:
        super().__init__()
        config = config or RestorerConfig()
        self.config = config
        fine, middle, coarse = config.widths

        def blocks(width: int) -> nn.Sequential:
            return nn.Sequential(*(_Residual(width) for _ in range(config.blocks)))

        self.enter = nn.Conv2d(1, fine, 4, stride=2, padding=1)
        self.fine_down, self.fine_up = blocks(fine), blocks(fine)
        self.to_middle, self.from_middle = nn.Conv2d(fine, middle, 2, stride=2), nn.ConvTranspose2d(middle, fine, 2, 2)
        self.middle_down, self.middle_up = blocks(middle), blocks(middle)
        self.to_coarse = nn.Conv2d(middle, coarse, 2, stride=2)
        self.from_coarse = nn.ConvTranspose2d(coarse, middle, 2, 2)
        self.coarse = nn.Sequential(blocks(coarse), blocks(coarse))
        self.leave = nn.ConvTranspose2d(fine, 1, 4, stride=2, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, lightness: Tensor) -> Tensor:
        fine = self.fine_down(F.relu(self.enter(lightness)))
        middle = self.middle_down(F.relu(self.to_middle(fine)))
        deep = self.coarse(F.relu(self.to_coarse(middle)))
        middle = self.middle_up(middle + self.from_coarse(deep))
        residual: Tensor = self.leave(self.fine_up(fine + self.from_middle(middle)))
        return lightness + residual.float()
