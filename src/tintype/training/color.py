"""CIE Lab to sRGB and back in torch, with gradients."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tintype.imaging import color


class _InwardClamp(torch.autograd.Function):
    """Clamp to [0, 1]; beyond a limit, only a gradient that leads back towards it passes."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(0, 1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        # Descent moves x against the gradient.
        return grad.masked_fill(((x < 0) & (grad > 0)) | ((x > 1) & (grad < 0)), 0)


def _mix(matrix: Any, planes: Sequence[Tensor]) -> list[Tensor]:
    """Rows of a 3x3 matrix times three planes, written out: autocast would round a matrix product to bf16."""
    x, y, z = planes
    return [float(row[0]) * x + float(row[1]) * y + float(row[2]) * z for row in matrix]


def lab_to_rgb(lightness: Tensor, ab: Tensor) -> Tensor:
    """Lightness (N, 1, H, W) = L*/50 - 1 in [-1, 1] and ab (N, 2, H, W) in CIE units -> sRGB (N, 3, H, W) in [0, 1].

    Differentiable, in float32 whatever comes in. Colours out of gamut are clamped channel by channel in linear light;
    the gradient of a clamped channel passes where it leads back into the gamut and is zero where it leads away, so
    that a colour too vivid to show can still be pulled back. Every gradient is finite, at black too.
    """
    fy = (lightness.float()[:, 0] * 50 + 66) / 116
    a, b = ab.float().unbind(1)
    delta = color._DELTA
    xyz = []
    for f in (fy + a / 500, fy, fy - b / 200):
        xyz.append(torch.where(f > delta, f**3, (f - 4 / 29) / color._SLOPE))
    linear = _InwardClamp.apply(torch.stack(_mix(color._FROM_XYZ, xyz), 1))  # type: ignore[no-untyped-call]
    joint = color._LINEAR_JOINT
    curve = 1.055 * linear.clamp(min=joint) ** (1 / 2.4) - 0.055
    return torch.where(linear > joint, curve, 12.92 * linear)


def rgb_to_lab(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """sRGB (N, 3, H, W) in [0, 1] -> lightness (N, 1, H, W) = L*/50 - 1 and ab (N, 2, H, W) in CIE units.

    The inverse of `lab_to_rgb`. Differentiable with finite gradients, in float32 whatever comes in.
    """
    rgb = rgb.float()
    joint = color._ENCODED_JOINT
    linear = torch.where(rgb > joint, ((rgb.clamp(min=joint) + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    least = color._DELTA**3
    fx, fy, fz = (
        torch.where(t > least, t.clamp(min=least) ** (1 / 3), t * color._SLOPE + 4 / 29)
        for t in _mix(color._TO_XYZ, linear.unbind(1))
    )
    lightness = (116 * fy - 16) / 50 - 1
    return lightness.unsqueeze(1), torch.stack([500 * (fx - fy), 200 * (fy - fz)], 1)
