"""The convolutions of VGG-16 (Simonyan & Zisserman 2014), frozen: the features that perceptual losses compare."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.models.resnet import IMAGENET_MEAN, IMAGENET_STD

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")


class VGG16(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] -> the features at `taps`, in their order, at strides 1, 2, 4, 8 and 16.

    A tap `relu3_3` is what the third convolution of the third block gives, rectified. Nothing deeper than the deepest
    tap is built or computed. No weight asks for a gradient; ImageNet's normalisation is inside. Sides that the stride
    does not divide lose their last pixels. Raises ValueError for unknown taps, or when they are not in order.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, taps: Sequence[str] = TAPS) -> None:
        super().__init__()
        if not taps or list(taps) != [tap for tap in TAPS if tap in taps]:
            raise ValueError(f"taps {list(taps)}: choose some of {', '.join(TAPS)}, in this order")
        self.tapped = [tap in taps for tap in TAPS[: TAPS.index(taps[-1]) + 1]]
        inputs = 3
        self.blocks = nn.ModuleList()
        for widths in BLOCKS[: len(self.tapped)]:
            layers: list[nn.Module] = []
            for width in widths:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
                inputs = width
            self.blocks.append(nn.Sequential(*layers))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    def load(self, convolutions: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> None:
        """Copy in (weight (O, I, 3, 3), bias (O,)) of each convolution, from the input on; deeper ones are left."""
        built = (layer for layer in self.modules() if isinstance(layer, nn.Conv2d))
        for layer, (weight, bias) in zip(built, convolutions, strict=False):
            layer.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})

    def forward(self, rgb: Tensor) -> list[Tensor]:
        x = (rgb - self.mean) / self.std
        features = []
        for index, (block, tapped) in enumerate(zip(self.blocks, self.tapped, strict=True)):
            x = block(F.max_pool2d(x, 2) if index else x)
            if tapped:
                features.append(x)
        return features
