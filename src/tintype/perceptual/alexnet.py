"""The convolutions of AlexNet (Krizhevsky 2014, "One weird trick"), frozen: the features that LPIPS compares."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from tintype.models.resnet import IMAGENET_MEAN, IMAGENET_STD

# Outputs, kernel, stride, padding; and which layers a 3x3 maximum pool of stride two stands before.
LAYERS = ((64, 11, 4, 2), (192, 5, 1, 2), (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1))
POOLED = (1, 2)
LEAST_SIDE = 32  # pixels; below it nothing would be left to pool


class AlexNet(nn.Module):
    """RGB (N, 3, H, W) in [0, 1] -> the five rectified convolutions, at strides 4, 8 and 16; frozen.

    H and W are at least 32. ImageNet's normalisation is inside.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        inputs = 3
        self.layers = nn.ModuleList()
        for outputs, kernel, stride, padding in LAYERS:
            self.layers.append(nn.Conv2d(inputs, outputs, kernel, stride, padding))
            inputs = outputs
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)

    def load(self, convolutions: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> None:
        """Copy in (weight (O, I, k, k), bias (O,)) of each convolution, from the input on."""
        for layer, (weight, bias) in zip(self.layers, convolutions, strict=True):
            layer.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})

    def forward(self, rgb: Tensor) -> list[Tensor]:
        x = (rgb - self.mean) / self.std
        features = []
        for index, layer in enumerate(self.layers):
            x = F.relu(layer(F.max_pool2d(x, 3, 2) if index in POOLED else x))
            features.append(x)
        return features
