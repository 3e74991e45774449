"""The depthwise convolution's own backward pass, against autograd's."""

import pytest
import torch
from torch.nn import functional as F

from tintype.models.layers import SelfAttention, depthwise_conv2d, same_padding


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(12, 16), (4, 4), (6, 2), (2, 2)])
def test_depthwise_gradients_are_those_of_autograd(kernel: int, stride: int, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 8, *size).contiguous(memory_format=torch.channels_last).requires_grad_()
    weight, bias = torch.randn(8, 1, kernel, kernel, requires_grad=True), torch.randn(8, requires_grad=True)
    ours = depthwise_conv2d(x, weight, bias, stride)
    padding = same_padding(kernel, stride) if stride > 1 else (kernel // 2,) * 4
    plain = F.conv2d(F.pad(x, padding), weight, bias, stride, groups=8)
    torch.testing.assert_close(ours, plain)
    incoming = torch.randn_like(plain)
    for got, expected in zip(
        torch.autograd.grad(ours, (x, weight, bias), incoming),
        torch.autograd.grad(plain, (x, weight, bias), incoming),
        strict=True,
    ):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_frozen_depthwise_convolution_passes_the_gradient_on(stride: int) -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 8, 12, 16, requires_grad=True), torch.randn(8, 1, 5, 5), torch.randn(8)
    padding = same_padding(5, stride) if stride > 1 else (2,) * 4
    plain = F.conv2d(F.pad(x, padding), weight, bias, stride, groups=8)
    incoming = torch.randn_like(plain)
    (expected,) = torch.autograd.grad(plain, x, incoming)
    (got,) = torch.autograd.grad(depthwise_conv2d(x, weight, bias, stride), x, incoming)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_self_attention_starts_as_identity_and_mixes_all_positions_once_trained() -> None:
    torch.manual_seed(0)
    block = SelfAttention(16, heads=4)
    x = torch.randn(2, 16, 4, 6)
    torch.testing.assert_close(block(x), x)
    torch.nn.init.normal_(block.project.weight)
    changed = x.clone()
    changed[:, :, 0, 0] += 1
    assert (block(changed) - block(x))[:, :, 3, 5].abs().max() > 1e-4
