"""Layers that compute what torch's do, with the same weights, faster while training on a CPU.

oneDNN's convolutions are made for many channels: towards the filters of a 3x3 convolution from 72 channels to 2, at
128 px, it takes four times as long as to 8 channels. torch's dropout draws a double for every value it may drop. The
gradient of a concatenation comes in slices whose pixels lie apart in memory, at which batch norm is five times slower.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEWEST = 8  # channels that oneDNN is quick at


class ThinConv2d(nn.Conv2d):
    """A convolution with very few input or output channels: padded with channels of zeros, cut off again."""

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu" or not (self.training and torch.is_grad_enabled()):
            return super().forward(x)
        inputs, outputs = max(0, FEWEST - self.in_channels), max(0, FEWEST - self.out_channels)
        weight = F.pad(self.weight, (0, 0, 0, 0, 0, inputs, 0, outputs))
        bias = None if self.bias is None else F.pad(self.bias, (0, outputs))
        padded = F.pad(x, (0, 0, 0, 0, 0, inputs)) if inputs else x
        answer: Tensor = self._conv_forward(padded, weight, bias)[:, : self.out_channels]
        return answer


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, share: float) -> Tensor:
        # One random byte a value, eight of them from one draw of 64 bits.
        drawn = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None).view(torch.uint8)
        threshold = round(256 * share)
        kept = (drawn[: x.numel()] >= threshold).to(x.dtype).mul_(256 / (256 - threshold))
        mask = torch.empty_like(x)  # laid out in memory as x is
        torch.as_strided(mask, (x.numel(),), (1,), mask.storage_offset()).copy_(kept)
        ctx.save_for_backward(mask)
        return x * mask

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (mask,) = ctx.saved_tensors
        return grad * mask, None


class Dropout(nn.Dropout):
    """Dropout of single values; the share is rounded to whole parts of 256."""

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu" or not self.training or not 0 < round(256 * self.p) < 256:
            return super().forward(x)
        dropped: Tensor = _Drop.apply(x, self.p)  # type: ignore[no-untyped-call]
        return dropped


class _Concatenate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *parts: Tensor) -> Tensor:
        ctx.channels = [part.shape[1] for part in parts]
        return torch.cat(parts, 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        pieces = torch.split(grad, ctx.channels, 1)
        return tuple(piece.contiguous(memory_format=torch.channels_last) for piece in pieces)


def concatenate(*parts: Tensor) -> Tensor:
    """Features (N, C, H, W) joined along their channels, as a U-Net's skips are."""
    one_kind = len({part.dtype for part in parts}) == 1
    if parts[0].device.type != "cpu" or not torch.is_grad_enabled() or torch.compiler.is_exporting() or not one_kind:
        return torch.cat(parts, 1)
    joined: Tensor = _Concatenate.apply(*parts)  # type: ignore[no-untyped-call]
    return joined
