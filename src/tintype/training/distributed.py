"""Several processes, one result: what two compute with half of a batch each is what one computes with all of it.

Gradients are averaged by hand after each backward pass, instead of by DistributedDataParallel, whose hooks expect one
forward pass for each backward pass: a critic judges twice before its step, and a generator's loss runs through a
critic that takes no step.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, distributed, nn
from torch.distributed.nn.functional import all_reduce


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes; all processes step the same parameters."""
    if not distributed.is_initialized():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    for gradient, mean in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def synchronise_norms(network: nn.Module) -> nn.Module:
    """Make every BatchNorm2d of `network` take its statistics over the batches of all processes, in place.

    torch's own SyncBatchNorm does not run on CPUs.
    """
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm2d
    return network


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm whose mean and variance are those of all processes' batches together, gradients included."""

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and distributed.is_initialized()):
            return super().forward(x)
        values = x.float()
        world = distributed.get_world_size()
        moments = torch.stack([values.mean((0, 2, 3)), values.square().mean((0, 2, 3))])
        mean, square = all_reduce(moments) / world  # type: ignore[no-untyped-call]
        variance = (square - mean.square()).clamp_min(0)
        count = x.numel() / x.shape[1] * world
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
            momentum = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        normed: Tensor = values * scale[:, None, None] + shift[:, None, None]
        return normed.to(x.dtype)
