"""Batch norm over the batches of all processes, by torch's fused kernels.

torch's own SyncBatchNorm does not run on CPUs. Written out in single operations, the same sums took more time than the
convolutions between them: each reads and writes a whole layer. Here a layer is read twice and written once, as in one
process, and the processes exchange two numbers a channel forwards and two backwards.
"""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F


def synchronise_norms(network: nn.Module) -> nn.Module:
    """Make every BatchNorm2d of `network` take its statistics over the batches of all processes, in place."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d:
            module.__class__ = SharedBatchNorm2d
    return network


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch norm whose mean and variance are those of all processes' batches together, gradients included.

    The batches have to be of one size, as a step's are.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and distributed.is_initialized() and distributed.get_world_size() > 1):
            return super().forward(x)
        normed: Tensor
        normed, mean, variance = _Normed.apply(x, self.weight, self.bias, self.eps)  # type: ignore[no-untyped-call]
        count = x.numel() / x.shape[1] * distributed.get_world_size()
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
            momentum = self.momentum if self.momentum is not None else 1 / float(self.num_batches_tracked)
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), momentum)
        return normed


class _Normed(torch.autograd.Function):
    """x (N, C, H, W), weight and bias (C,) -> x normed, and the mean and variance (C,) of all processes' x."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        mean, variance = _moments(x)
        ctx.save_for_backward(x, weight, bias, mean, variance)
        ctx.mark_non_differentiable(mean, variance)
        ctx.eps = eps
        return F.batch_norm(x, mean, variance, weight, bias, eps=eps), mean, variance

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        x, weight, bias, mean, variance = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradient of the gradient is wanted, too: a critic's penalty
            wanted = [tensor for tensor, needed in zip((x, weight, bias), ctx.needs_input_grad, strict=False) if needed]
            normed = _normed_step_by_step(x, weight, bias, ctx.eps)
            found = iter(torch.autograd.grad(normed, wanted, grad, create_graph=True))
            of_x, of_weight, of_bias = (next(found) if needed else None for needed in ctx.needs_input_grad[:3])
            return of_x, of_weight, of_bias, None
        grad = grad.contiguous(memory_format=_format(x))
        _, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            grad, x, weight, mean, variance, mean, (variance + ctx.eps).rsqrt(), True, ctx.eps, [False, True, True]
        )
        if not ctx.needs_input_grad[0]:
            return None, of_weight, of_bias, None
        # With n values in a channel and x' = (x - mean) / deviation, the gradient of x is
        # weight / deviation * (grad - sum(grad) / n - x' * sum(grad * x') / n), the sums those of all processes.
        sums = torch.stack([of_weight, of_bias])
        reduced = distributed.all_reduce(sums, async_op=True)
        of_x = F.batch_norm(grad, torch.zeros_like(mean), variance, weight, eps=ctx.eps)
        assert reduced is not None
        reduced.wait()
        count = x.numel() / x.shape[1] * distributed.get_world_size()
        slope, shift = sums * (-weight * (variance + ctx.eps).rsqrt() / count)
        of_x += F.batch_norm(x, mean, variance, slope, shift, eps=ctx.eps)
        return of_x, of_weight, of_bias, None


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance (C,) of all processes' x (N, C, H, W), in float32.

    Variances are gathered, not sums of squares: the difference of two large numbers would lose the small ones.
    """
    channels = x.shape[1]
    unused, too = torch.zeros(2, channels, device=x.device)  # given float32 to update, the kernel answers in float32
    own = torch.stack(torch.batch_norm_update_stats(x, unused, too, 0.0))
    every = own.new_empty(distributed.get_world_size(), 2, channels)
    distributed.all_gather(list(every), own)
    means, variances = every.unbind(1)
    return means.mean(0), variances.mean(0) + means.var(0, correction=0)


def _normed_step_by_step(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """What `_Normed` gives, in operations that can be differentiated any number of times."""
    world = distributed.get_world_size()
    values = x.float()
    mean = _SumOfAll.apply(values.mean((0, 2, 3))) / world  # type: ignore[no-untyped-call]
    centred = values - mean[:, None, None]
    variance = _SumOfAll.apply(centred.square().mean((0, 2, 3))) / world  # type: ignore[no-untyped-call]
    scale = weight * (variance + eps).rsqrt()
    normed: Tensor = centred * scale[:, None, None] + bias[:, None, None]
    return normed.to(x.dtype)


class _SumOfAll(torch.autograd.Function):
    """The sum of all processes' tensors; its gradient is the sum of theirs."""

    @staticmethod
    def forward(_: Any, tensor: Tensor) -> Tensor:
        tensor = tensor.clone()
        distributed.all_reduce(tensor)
        return tensor

    @staticmethod
    def backward(_: Any, grad: Tensor) -> Tensor:
        summed: Tensor = _SumOfAll.apply(grad)  # type: ignore[no-untyped-call]
        return summed


def _format(x: Tensor) -> torch.memory_format:
    last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    return torch.channels_last if last else torch.contiguous_format
