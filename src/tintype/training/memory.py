"""Memory: does a stage's batch fit? Asked before the first step, because Linux kills what asks for too much."""

import ctypes
from pathlib import Path

import torch
from torch import Tensor

from tintype.errors import RecipeError

from .networks import Training
from .processes import local_world_size
from .recipe import StageOptions
from .sharding import local

# Weights, gradients and the two moments of Adam, in fp32.
BYTES_A_WEIGHT = 16
# What is alive besides the activations kept for the backward pass: gradients, workspaces, the next batches.
OVERHEAD = 1.5
TRIED = 2  # pictures
# Files of cgroups (version 2, version 1) that say how much memory a group may have, and how much of that is taken.
LIMITS = {
    "/sys/fs/cgroup/memory.max": "/sys/fs/cgroup/memory.current",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "/sys/fs/cgroup/memory/memory.usage_in_bytes",
}


def keep_freed_memory() -> None:
    """Tell glibc to reuse big freed blocks instead of unmapping them: a step frees gigabytes, and getting them back
    page by page took a third of the time of a step. Elsewhere than on glibc this does nothing."""
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mmap_max, trim_threshold = -4, -1  # M_MMAP_MAX and M_TRIM_THRESHOLD of malloc.h
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)


def check_memory(training: Training, options: StageOptions) -> None:
    """Raise RecipeError, with a batch that would fit, when the stage needs more memory than there is.

    Measured: the bytes that a forward pass over two pictures keeps for its backward pass.
    """
    free = free_bytes(training.fabric.device)
    if free is None:
        return
    if training.fabric.device.type == "cpu":
        free //= local_world_size()  # each of the processes on this machine is going to ask for as much
    weights = sum(local(p).numel() for network in training.networks.values() for p in network.parameters())
    fixed = weights * BYTES_A_WEIGHT
    each = OVERHEAD * kept_bytes(training, options) / TRIED
    if fixed + options.batch * each <= free:
        return
    fitting = int((free - fixed) / each)
    number = training.recipe.stages.index(options) if options in training.recipe.stages else "*"
    fix = (
        f"stages.{number}.batch={_round_down(fitting)} fits" if fitting > 0 else "no batch fits: choose a smaller size"
    )
    raise RecipeError(
        f"stage {options.name!r} needs about {(fixed + options.batch * each) / 1e9:.1f} GB for batches of "
        f"{options.batch}, {free / 1e9:.1f} GB are free; {fix}"
    )


def kept_bytes(training: Training, options: StageOptions) -> int:
    """Bytes kept for the backward pass by a forward pass over two pictures through all networks of the stage."""
    storages: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    for network in training.networks.values():
        network.eval()  # no dropout, no change to the norms' statistics
    parameters = [local(p) for network in training.networks.values() for p in network.parameters()]
    own = {parameter.untyped_storage().data_ptr() for parameter in parameters}
    condition = torch.zeros(TRIED, 1, options.size, options.size, device=training.fabric.device)
    noting = torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept)
    with torch.random.fork_rng(devices=[]), training.fabric.autocast(), noting:
        output = training.networks["generator"](condition)
        if "critic" in training.networks and options.kind != "supervised":
            training.networks["critic"](training.answers.judged(condition, training.answers.planes(output)))
    return sum(size for pointer, size in storages.items() if pointer not in own)


def free_bytes(device: torch.device) -> int | None:
    """Memory that is free on the device, cgroup limits counted; None where nobody tells."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
    for limit, used in LIMITS.items():
        try:
            allowed, taken = (int(Path(file).read_text(encoding="utf-8")) for file in (limit, used))
            free = min(free, allowed - taken)
        except (OSError, ValueError):  # no such cgroup, or "max"
            continue
    return max(0, free)


def _round_down(batch: int) -> int:
    """A batch that people would choose: the largest power of two, or one and a half times one, that is not larger."""
    power = 1 << (batch.bit_length() - 1)
    return power * 3 // 2 if power > 1 and power * 3 // 2 <= batch else power
