"""Several processes, one result: what two compute with half of a batch each is what one computes with all of it.

Gradients are averaged by hand after each backward pass, instead of by DistributedDataParallel, whose hooks expect one
forward pass for each backward pass: a critic judges twice before its step, and a generator's loss runs through a
critic that takes no step.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.distributed.tensor import DTensor

from tintype.errors import RecipeError

from .recipe import StageOptions

BUCKET = 1 << 21  # gradients sent in one message


@dataclass(frozen=True)
class Share:
    """What a process does of a step: `parts` batches of `batch` pictures, of `step` pictures in all processes."""

    step: int
    batch: int
    parts: int


def share_of(options: StageOptions, begun: int, world: int) -> Share:
    """Divide the steps of a stage among `world` processes.

    A step is as large as it was for the `begun` processes that the run began with, so that a run which goes on with
    fewer or more of them stays the same run. No process is given larger batches than the stage has. Raises
    RecipeError when the processes cannot have equal shares.
    """
    step = options.batch * options.accumulate * begun
    own, rest = divmod(step, world)
    if rest:
        fitting = [str(n) for n in range(1, 2 * begun * options.accumulate + 1) if step % n == 0]
        raise RecipeError(
            f"stage {options.name!r}: its steps are {step} pictures ({begun} processes, as the run was begun, times "
            f"batch {options.batch} times accumulate {options.accumulate}), which {world} processes cannot share "
            f"equally; {', '.join(fitting)} can"
        )
    least = -(-own // options.batch)
    parts = next(n for n in range(least, own + 1) if own % n == 0)
    return Share(step, own // parts, parts)


def images_in_steps(stages: Sequence[StageOptions], begun: int) -> int:
    """Images that a run of `begun` processes sees by its end: its stages end with a whole step each."""
    steps = [(stage.length, stage.batch * stage.accumulate * begun) for stage in stages]
    return sum(-(-length // step) * step for length, step in steps)


def own_randomness(seed: int, images: int) -> None:
    """Seed torch for the step after `images` images: each process drops other values, whenever the run was resumed.

    Nothing happens in a run of one process, which keeps its generator's state instead.
    """
    if distributed.is_initialized() and distributed.get_world_size() > 1:
        chosen = np.random.SeedSequence([seed, images, distributed.get_rank()]).generate_state(1, np.uint64)
        torch.manual_seed(int(chosen[0]))


def mean_of_all(values: Tensor) -> Tensor:
    """The mean of `values` over all processes."""
    if not distributed.is_initialized():
        return values
    values = values.clone()
    distributed.all_reduce(values)
    return values / distributed.get_world_size()


def as_first_decides(decision: bool, device: torch.device) -> bool:
    """What the first process decides, in every process."""
    if not distributed.is_initialized():
        return decision
    flag = torch.tensor(int(decision), device=device)
    distributed.broadcast(flag, 0)
    return bool(flag)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes; all processes step the same parameters.

    The gradients of divided parameters (sharding.py) are means already.
    """
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return
    gradients = [_as_stored(p) for p in parameters if p.grad is not None and not isinstance(p.grad, DTensor)]
    on_the_way = []
    for bucket in _buckets(gradients):
        flat = torch.cat([gradient.flatten() for gradient in bucket])
        on_the_way.append((bucket, flat, distributed.all_reduce(flat, async_op=True)))
    for bucket, flat, reduced in on_the_way:
        assert reduced is not None
        reduced.wait()
        flat /= distributed.get_world_size()
        for gradient, mean in zip(bucket, torch.split(flat, [g.numel() for g in bucket]), strict=True):
            gradient.copy_(mean.view(gradient.shape))


def _as_stored(parameter: nn.Parameter) -> Tensor:
    """A view of its gradient whose values follow each other as the parameter's in memory: to reorder those of
    channels-last weights takes longer than to send them."""
    assert parameter.grad is not None
    last = parameter.ndim == 4 and parameter.is_contiguous(memory_format=torch.channels_last)
    return parameter.grad.permute(0, 2, 3, 1) if last else parameter.grad


def _buckets(gradients: list[Tensor]) -> Iterator[list[Tensor]]:
    """Several at a time, so that one message is on its way while the next is packed; few, because each has to wait for
    the slowest process."""
    bucket: list[Tensor] = []
    for gradient in gradients:
        if bucket and sum(g.numel() for g in (*bucket, gradient)) > BUCKET:
            yield bucket
            bucket = []
        bucket.append(gradient)
    if bucket:
        yield bucket
