"""Layers for CPUs compute what torch's do."""

import pytest
import torch
from torch import nn

from tintype.models.cpu_layers import Dropout, ThinConv2d, concatenate
from tintype.models.pix2pix import Pix2PixConfig, Pix2PixUNet


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 5), (9, 2), (1, 2), (20, 20)])
def test_a_thin_convolution_is_a_convolution(inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    thin, plain = ThinConv2d(inputs, outputs, 3, padding=1), nn.Conv2d(inputs, outputs, 3, padding=1)
    plain.load_state_dict(thin.state_dict())
    x = torch.randn(2, inputs, 16, 16, requires_grad=True)
    y = x.detach().clone().requires_grad_()
    answer, expected = thin(x), plain(y)
    gradient = torch.randn_like(expected)
    answer.backward(gradient)
    expected.backward(gradient)
    torch.testing.assert_close(answer, expected)
    for mine, theirs in ((x, y), (thin.weight, plain.weight), (thin.bias, plain.bias)):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("share", [0.25, 0.5])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_dropout_drops_its_share_and_keeps_the_mean(share: float, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    x = torch.ones(4, 72, 33, 31).to(memory_format=layout).requires_grad_()
    dropped = Dropout(share)(x)
    dropped.sum().backward()
    assert sorted(dropped.unique().tolist()) == pytest.approx([0.0, 1 / (1 - share)])
    assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=0.01)
    rows = (dropped == 0).float().mean((0, 2, 3))
    assert (rows - share).abs().max() < 0.05  # no channel is favoured
    assert x.grad is not None
    torch.testing.assert_close(x.grad, dropped.detach())
    again = Dropout(share)(torch.ones(4, 72, 33, 31))
    assert not torch.equal(again, dropped)
    assert torch.equal(Dropout(share).eval()(x), x)


def test_a_grey_plane_serves_a_network_of_three() -> None:
    network = Pix2PixUNet(Pix2PixConfig(inputs=3, outputs=3, depth=5, width=4)).eval()
    grey = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(network(grey), network(grey.repeat(1, 3, 1, 1)))


def test_a_concatenation_is_a_concatenation() -> None:
    torch.manual_seed(0)
    parts = [torch.randn(2, count, 4, 4, requires_grad=True) for count in (3, 5)]
    same = [part.detach().clone().requires_grad_() for part in parts]
    weight = torch.randn(2, 8, 4, 4)
    (concatenate(*parts) * weight).sum().backward()
    (torch.cat(same, 1) * weight).sum().backward()
    for mine, theirs in zip(parts, same, strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)
