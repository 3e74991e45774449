"""The PatchGAN critic (Isola 2017): one verdict for each overlapping patch of the picture, not one for the whole."""

from dataclasses import dataclass

from torch import Tensor, nn

from .pix2pix import init_normal


@dataclass(frozen=True)
class PatchCriticConfig:
    """`halvings` sets the patch: 3 give 70x70 pixels; 0 make the pixel critic, which judges each pixel alone. `whole`
    makes one verdict of all of them, as a critic of whole images gives: their mean."""

    inputs: int = 3
    width: int = 64
    halvings: int = 3
    whole: bool = False


class PatchCritic(nn.Module):
    """Picture (N, inputs, H, W), condition and colour concatenated -> logits (N, 1, h, w); 30x30 of 256x256.

    pix2pix: 64-128-256-512-1 filters of 4x4, strides 2, 2, 2, 1, 1, batch norm except in the first and the last layer,
    no activation at the end. 2,765,633 weights for three channels. Weights start from N(0, 0.02).
    """

    def __init__(self, config: PatchCriticConfig | None = None) -> None:
        super().__init__()
        config = config or PatchCriticConfig()
        self.config = config
        width, halvings = config.width, config.halvings
        kernel, padding = (4, 1) if halvings else (1, 0)
        layers: list[nn.Module] = [nn.Conv2d(config.inputs, width, kernel, 2 if halvings else 1, padding)]
        layers += [nn.LeakyReLU(0.2)]
        for level in range(max(1, halvings)):
            inside, outside = width * min(2**level, 8), width * min(2 ** (level + 1), 8)
            stride = 2 if level < halvings - 1 else 1
            layers += [nn.Conv2d(inside, outside, kernel, stride, padding, bias=False)]
            layers += [nn.BatchNorm2d(outside), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(outside, 1, kernel, 1, padding)]
        self.layers = nn.Sequential(*layers)
        self.apply(init_normal)

    def forward(self, picture: Tensor) -> Tensor:
        verdicts: Tensor = self.layers(picture)
        return verdicts.mean((2, 3), keepdim=True) if self.config.whole else verdicts
