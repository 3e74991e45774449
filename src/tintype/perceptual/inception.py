"""FID's own Inception (Szegedy 2015, as TensorFlow published it on 2015-12-05), up to the pooled features.

It is not the Inception v3 of other libraries: average pools leave the padding out of the mean, the last block pools
by maximum, and the batch norms have no scale. Layers are named as in the published file, so that its weights load
strictly.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEATURES = 2048
SIDE = 299  # pixels that every picture is brought to, whatever its shape
_BN_EPSILON = 1e-3


class Layer(nn.Module):
    """Convolution without bias, batch norm without scale and with fixed statistics, ReLU.

    It keeps the size, unless `shrink` is 1 (no padding) or 2 (no padding and a stride of two).
    """

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], shrink: int = 0) -> None:
        super().__init__()
        self.stride = max(shrink, 1)
        self.padding = (0, 0) if shrink else (kernel[0] // 2, kernel[1] // 2)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, *kernel))
        self.beta = nn.Parameter(torch.zeros(outputs))
        self.mean = nn.Parameter(torch.zeros(outputs))
        self.var = nn.Parameter(torch.ones(outputs))
        nn.init.kaiming_normal_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weight, stride=self.stride, padding=self.padding)
        return F.relu(F.batch_norm(x, self.mean, self.var, None, self.beta, eps=_BN_EPSILON))


Spec = tuple[int, tuple[int, int]] | tuple[int, tuple[int, int], int]  # outputs, kernel, shrink


def _chain(inputs: int, *specs: Spec, pool: nn.Module | None = None) -> nn.Sequential:
    """Layers one after another, called conv, conv_1, conv_2..., after a pool if there is one."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if pool is not None:
        layers["pool"] = pool
    for index, spec in enumerate(specs):
        layers[f"conv_{index}" if index else "conv"] = Layer(inputs, *spec)
        inputs = spec[0]
    return nn.Sequential(layers)


def _average() -> nn.AvgPool2d:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


class Branches(nn.Module):
    """Branches side by side, their answers joined in the order in which they are given."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], 1)


def _fives(inputs: int, pooled: int) -> Branches:
    return Branches(
        conv=Layer(inputs, 64, (1, 1)),
        tower=_chain(inputs, (48, (1, 1)), (64, (5, 5))),
        tower_1=_chain(inputs, (64, (1, 1)), (96, (3, 3)), (96, (3, 3))),
        tower_2=_chain(inputs, (pooled, (1, 1)), pool=_average()),
    )


def _first_reduction() -> Branches:
    return Branches(
        conv=Layer(288, 384, (3, 3), 2),
        tower=_chain(288, (64, (1, 1)), (96, (3, 3)), (96, (3, 3), 2)),
        pool=nn.MaxPool2d(3, 2),
    )


def _sevens(inner: int) -> Branches:
    """Filters of seven pixels, one way at a time."""
    wide, tall = (1, 7), (7, 1)
    return Branches(
        conv=Layer(768, 192, (1, 1)),
        tower=_chain(768, (inner, (1, 1)), (inner, wide), (192, tall)),
        tower_1=_chain(768, (inner, (1, 1)), (inner, tall), (inner, wide), (inner, tall), (192, wide)),
        tower_2=_chain(768, (192, (1, 1)), pool=_average()),
    )


def _second_reduction() -> Branches:
    return Branches(
        tower=_chain(768, (192, (1, 1)), (320, (3, 3), 2)),
        tower_1=_chain(768, (192, (1, 1)), (192, (1, 7)), (192, (7, 1)), (192, (3, 3), 2)),
        pool=nn.MaxPool2d(3, 2),
    )


class Fork(nn.Module):
    """The last blocks: two branches end in a wide and a tall filter side by side."""

    def __init__(self, inputs: int, pool: nn.Module) -> None:
        super().__init__()
        self.conv = Layer(inputs, 320, (1, 1))
        self.tower_conv = Layer(inputs, 384, (1, 1))
        self.tower_mixed_conv = Layer(384, 384, (1, 3))
        self.tower_mixed_conv_1 = Layer(384, 384, (3, 1))
        self.tower_1_conv = Layer(inputs, 448, (1, 1))
        self.tower_1_conv_1 = Layer(448, 384, (3, 3))
        self.tower_1_mixed_conv = Layer(384, 384, (1, 3))
        self.tower_1_mixed_conv_1 = Layer(384, 384, (3, 1))
        self.tower_2_pool = pool
        self.tower_2_conv = Layer(inputs, 192, (1, 1))

    def forward(self, x: Tensor) -> Tensor:
        short = self.tower_conv(x)
        long = self.tower_1_conv_1(self.tower_1_conv(x))
        branches = [
            self.conv(x),
            self.tower_mixed_conv(short),
            self.tower_mixed_conv_1(short),
            self.tower_1_mixed_conv(long),
            self.tower_1_mixed_conv_1(long),
            self.tower_2_conv(self.tower_2_pool(x)),
        ]
        return torch.cat(branches, 1)


class Inception(nn.Sequential):
    """RGB (N, 3, H, W) in [0, 1], any size -> features (N, 2048), none negative. Frozen.

    Pictures are brought to 299 x 299 and to [-1, 127/128], as the TensorFlow graph does with 8-bit values.
    """

    num_features = FEATURES

    def __init__(self) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(
            conv=Layer(3, 32, (3, 3), 2),
            conv_1=Layer(32, 32, (3, 3), 1),
            conv_2=Layer(32, 64, (3, 3)),
            pool0=nn.MaxPool2d(3, 2),
            conv_3=Layer(64, 80, (1, 1), 1),
            conv_4=Layer(80, 192, (3, 3), 1),
            pool1=nn.MaxPool2d(3, 2),
            mixed=_fives(192, 32),
            mixed_1=_fives(256, 64),
            mixed_2=_fives(288, 64),
            mixed_3=_first_reduction(),
            mixed_4=_sevens(128),
            mixed_5=_sevens(160),
            mixed_6=_sevens(160),
            mixed_7=_sevens(192),
            mixed_8=_second_reduction(),
            mixed_9=Fork(1280, _average()),
            mixed_10=Fork(2048, nn.MaxPool2d(3, 1, 1)),
            pool2=nn.AvgPool2d(8),
        )
        super().__init__(layers)
        self.requires_grad_(False)

    def forward(self, rgb: Tensor) -> Tensor:
        x = resize_as_tensorflow(rgb, SIDE) * (255 / 128) - 1
        features: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
        return features.flatten(1)


def resize_as_tensorflow(x: Tensor, side: int) -> Tensor:
    """Bilinear (N, C, H, W) -> (N, C, side, side) as TensorFlow 1 did it, which FID's published figures rest on.

    Pixel i of the result is read at i * size / side: corners to the upper left coincide, there is no antialiasing.
    """
    for axis in (2, 3):
        size = x.shape[axis]
        at = torch.arange(side, device=x.device, dtype=torch.float32) * (size / side)
        low = at.long()
        shape = [side if a == axis else 1 for a in range(4)]
        share = (at - low).view(shape)
        high = (low + 1).clamp(max=size - 1)
        x = x.index_select(axis, low) * (1 - share) + x.index_select(axis, high) * share
    return x
