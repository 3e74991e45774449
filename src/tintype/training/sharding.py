"""A generator that is too large for one device: its weights, gradients and moments divided among the processes.

torch's FSDP2 gathers a layer's weights when they are needed, lets go of them again, and averages the gradients itself.
The rest of this module turns divided tensors into whole ones and back, because files hold whole ones: a checkpoint
does not depend on how many processes wrote it.
"""

import torch
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

# Weights of a layer that is gathered by itself; smaller ones are gathered together, because each gathering takes time.
LARGE = 2**18


def shard(network: nn.Module, device: torch.device) -> nn.Module:
    """Divide the parameters of `network` among all processes, in place. Weights have to be contiguous."""
    mesh = init_device_mesh(device.type, (distributed.get_world_size(),))
    for module in list(network.modules()):
        # Only layers without parts: what is made of several may be cut apart, or called piece by piece.
        if not list(module.children()) and sum(p.numel() for p in module.parameters()) >= LARGE:
            fully_shard(module, mesh=mesh)
    # Else a forward pass without a backward pass would leave the small layers gathered.
    fully_shard(network, mesh=mesh, reshard_after_forward=True)
    return network


def local(tensor: Tensor) -> Tensor:
    """This process's part of a tensor that may be divided, sharing its memory."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def clip_divided(parts: list[Tensor], largest: float) -> Tensor:
    """Scale gradients of which each process has `parts` so that the norm of all is at most `largest` (0: any); returns
    the norm before. What torch does with divided tensors takes more time than a small step."""
    total = torch.stack(torch._foreach_norm(parts)).square().sum()
    distributed.all_reduce(total)
    norm = total.sqrt()
    if largest:
        torch._foreach_mul_(parts, (largest / (norm + 1e-6)).clamp(max=1.0))
    return norm


def divided_like(value: Tensor, reference: Tensor) -> Tensor:
    """A whole `value`, which every process has, divided as `reference` is."""
    if not isinstance(reference, DTensor):
        return value
    here = value.to(reference.device)
    return distribute_tensor(here, reference.device_mesh, reference.placements, src_data_rank=None)


def gathered(tensors: dict[str, Tensor], keep: bool) -> dict[str, Tensor]:
    """Whole tensors on the CPU, one after the other, for the process that says `keep`; every process has to call it."""
    kept = {}
    for name, tensor in tensors.items():
        if isinstance(tensor, DTensor):
            full = tensor.full_tensor()
            tensor = full.cpu() if keep else full
        if keep:
            kept[name] = tensor
    return kept
