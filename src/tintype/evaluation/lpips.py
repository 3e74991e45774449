"""LPIPS 0.1 (Zhang 2018, "The unreasonable effectiveness of deep features as a perceptual metric").

Features of both pictures are scaled to unit length at every place, their squared differences are weighted by learnt
heads, averaged over places and summed over five layers. The published scaling of the input is ImageNet's, which the
trunks have inside.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from tintype.perceptual.alexnet import AlexNet
from tintype.perceptual.published_weights import load_published
from tintype.perceptual.vgg import VGG16

_LEAST_LENGTH = 1e-10


class LPIPS(nn.Module):
    """Perceptual distance of pictures (N, 3, H, W) to one truth (1, 3, H, W), RGB in [0, 1] -> (N,), smaller is closer.

    `trunk` gives a list of features (N, C, h, w) for pictures, `heads` the weights (C,) of each of them. H and W are at
    least 32.
    """

    def __init__(self, trunk: nn.Module, heads: Sequence[Tensor]) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ParameterList([nn.Parameter(head, requires_grad=False) for head in heads])

    def forward(self, pictures: Tensor, truth: Tensor) -> Tensor:
        total = pictures.new_zeros(len(pictures))
        for features, head in zip(self.trunk(torch.cat([pictures, truth])), self.heads, strict=True):
            length = features.square().sum(1, keepdim=True).sqrt()
            unit = features / (length + _LEAST_LENGTH)
            gaps = (unit[:-1] - unit[-1:]).square()
            total = total + (gaps * head.view(-1, 1, 1)).sum(1).mean((1, 2))
        return total


def load_lpips(net: Literal["alexnet", "vgg16"]) -> LPIPS:
    """LPIPS with the published weights. Raises WeightsError when they are not here and cannot be fetched."""
    published = load_published(net)
    trunk = AlexNet() if net == "alexnet" else VGG16()
    trunk.load(published.convolutions)
    return LPIPS(trunk, [torch.from_numpy(head) for head in published.heads])
