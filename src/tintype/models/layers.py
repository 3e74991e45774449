"""Building blocks shared by several systems' networks."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SMALL_MAP = 36  # pixels


def as_planes(x: Tensor, count: int) -> Tensor:
    """A single plane (N, 1, H, W) repeated to `count`: a grey picture for a network that was made for RGB."""
    return x.expand(-1, count, -1, -1) if x.shape[1] == 1 else x


class _DepthwiseFunction(torch.autograd.Function):
    """Depthwise convolution with a backward pass arranged for CPUs.

    oneDNN's backward is slow in two cases: towards the input at stride two (measured 6-10x slower than a plain
    convolution over the gradient with zeros put between its pixels, which computes the same sums), and towards 5x5
    filters in bf16 (3-5x slower than in fp32; on maps of a few pixels slower than adding up the taps one by one).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: int) -> Tensor:
        kernel = weight.shape[-1]
        weight, bias = weight.to(x.dtype), bias.to(x.dtype)
        ctx.stride, ctx.kernel, ctx.groups = stride, kernel, x.shape[1]
        padding = kernel // 2 if stride == 1 else 0
        x_padded = F.pad(x, same_padding(kernel, stride)) if stride > 1 else x
        ctx.save_for_backward(x_padded, weight)
        return F.conv2d(x_padded, weight, bias, stride, padding, groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors  # x as padded for the forward pass
        grad = grad.contiguous(memory_format=torch.channels_last)
        grad_input = _grad_input(grad, x, weight, ctx.stride) if ctx.needs_input_grad[0] else None
        if not ctx.needs_input_grad[1]:  # a frozen network that only passes the gradient on
            return grad_input, None, None, None
        if ctx.kernel > 3:
            x, weight, grad = x.float(), weight.float(), grad.float()
            if ctx.stride == 1 and grad.shape[2] * grad.shape[3] <= SMALL_MAP:
                return grad_input, _small_map_grad_weight(grad, x, ctx.kernel), grad.sum((0, 2, 3)), None
        padding = ctx.kernel // 2 if ctx.stride == 1 else 0
        _, grad_weight, grad_bias = torch.ops.aten.convolution_backward(
            grad,
            x,
            weight,
            [ctx.groups],
            [ctx.stride] * 2,
            [padding] * 2,
            [1, 1],
            False,
            [0, 0],
            ctx.groups,
            [False, True, True],
        )
        return grad_input, grad_weight.float(), grad_bias.float(), None


def _grad_input(grad: Tensor, x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """Gradient towards the input before padding: a depthwise convolution with the kernel turned round."""
    kernel, groups = weight.shape[-1], weight.shape[0]
    flipped = weight.flip(2, 3)
    if stride == 1:
        return F.conv2d(grad, flipped, padding=kernel // 2, groups=groups)
    left, right = same_padding(kernel, stride)[:2]
    height, width = x.shape[2] - left - right + kernel - 1, x.shape[3] - left - right + kernel - 1
    spread = torch.empty(
        (len(grad), groups, height, width), dtype=grad.dtype, memory_format=torch.channels_last
    ).zero_()
    start = kernel - 1 - left
    spread[:, :, start::stride, start::stride][:, :, : grad.shape[2], : grad.shape[3]] = grad
    return F.conv2d(spread, flipped, groups=groups)


def _small_map_grad_weight(grad: Tensor, x: Tensor, kernel: int) -> Tensor:
    """Gradient towards the filters at stride one: for each tap, the sum over the overlap of shifted maps."""
    _, channels, h, w = grad.shape
    taps = []
    for dy in range(-(kernel // 2), kernel // 2 + 1):
        for dx in range(-(kernel // 2), kernel // 2 + 1):
            out = grad[:, :, max(0, -dy) : h - max(0, dy), max(0, -dx) : w - max(0, dx)]
            into = x[:, :, max(0, dy) : h + min(0, dy), max(0, dx) : w + min(0, dx)]
            taps.append((out * into).sum((0, 2, 3)))
    return torch.stack(taps, 1).view(channels, 1, kernel, kernel)


def same_padding(kernel: int, stride: int) -> tuple[int, int, int, int]:
    """TensorFlow's "SAME" padding of an even-sized picture, as (left, right, top, bottom)."""
    total = kernel - stride
    return (total // 2, total - total // 2) * 2


def depthwise_conv2d(x: Tensor, weight: Tensor, bias: Tensor, stride: int) -> Tensor:
    """Filter each channel of `x` (N, C, H, W) with its own kernel (C, 1, k, k), padded to ceil(H/stride)."""
    if x.device.type == "cpu" and torch.is_grad_enabled() and (weight.requires_grad or x.requires_grad):
        with torch.autocast("cpu", enabled=False):
            return _DepthwiseFunction.apply(x, weight, bias, stride)  # type: ignore[no-untyped-call, no-any-return]
    if stride > 1:
        return F.conv2d(F.pad(x, same_padding(weight.shape[-1], stride)), weight, bias, stride, groups=len(weight))
    return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2, groups=len(weight))


class ConvNormReLU(nn.Sequential):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class SelfAttention(nn.Module):
    """Multi-head self-attention over positions with a residual, after SAGAN (Zhang 2018) and pre-norm transformers.

    The output projection starts at zero, so a new block changes nothing until it is trained.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(1, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.project.weight)
        assert self.project.bias is not None
        nn.init.zeros_(self.project.bias)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        qkv = self.qkv(self.norm(x)).reshape(n, 3, self.heads, c // self.heads, h * w).transpose(3, 4)
        q, k, v = qkv.unbind(1)
        # Written out: there are only tens of positions, and the fused CPU kernel is slower on so few.
        scores = (q @ k.transpose(2, 3)) * (c // self.heads) ** -0.5
        y = scores.softmax(-1) @ v
        attended: Tensor = self.project(y.transpose(2, 3).reshape(n, c, h, w))
        return x + attended
