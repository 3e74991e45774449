"""Checkpoints as safetensors: averaged weights for users, and apart from them the state to resume from.

Files are written under a temporary name and renamed, so that a full disk or a kill leaves the old one whole.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from tintype.errors import OutputError, WeightsError
from tintype.files.atomic import replacing
from tintype.models import as_saved

from .sharding import divided_like

STATE = "state.safetensors"
BEST = "best.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """Weights of one generator, ready to build it again: `info` holds system, generator, images_seen and more."""

    path: Path
    info: dict[str, Any]
    weights: dict[str, Tensor]


def write_tensors(path: Path, tensors: dict[str, Tensor], info: dict[str, Any]) -> None:
    """Write tensors with JSON `info` beside them; raises OutputError and keeps the old file when it cannot."""
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        with replacing(path) as partial:
            save_file(contiguous, partial, metadata={"tintype": json.dumps(info)})
    except (OSError, SafetensorError) as error:
        raise OutputError(f"{path}: cannot be written ({error}); the previous checkpoint is kept") from error


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote; raises WeightsError for anything else."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: not a readable checkpoint ({error})") from error
    if "tintype" not in metadata:
        raise WeightsError(f"{path}: a safetensors file, but not a tintype checkpoint")
    return tensors, json.loads(metadata["tintype"])


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read the weights of a generator; a run directory means its best ones by validation, where it keeps such (runs
    with a critic do), else its newest. Raises WeightsError."""
    path = Path(path)
    if path.is_dir():
        found = [*sorted(path.glob("checkpoints/weights-*.safetensors")), *path.glob(f"checkpoints/{BEST}")]
        if not found:
            raise WeightsError(
                f"{path}: no checkpoints/weights-*.safetensors in it yet; a run writes them every `log.snapshot` "
                "images, and when Ctrl-C stops it"
            )
        path = found[-1]
    elif not path.exists():
        raise WeightsError(f"{path}: no such checkpoint")
    weights, info = read_tensors(path)
    if "system" not in info:
        raise WeightsError(f"{path}: state of a run, not weights; give the run directory or a weights-* file")
    info["generator"] = as_saved(info["system"], info.get("generator", {}))
    return Checkpoint(path, info, weights)


def keep_newest(folder: Path, count: int) -> None:
    """Delete all but the `count` newest weights-* files of a run."""
    for old in sorted(folder.glob("weights-*.safetensors"))[:-count]:
        old.unlink(missing_ok=True)


def pack_optimizer(optimizer: Optimizer, prefix: str) -> dict[str, Tensor]:
    """An optimizer's running values as flat named tensors."""
    packed = {}
    for index, values in optimizer.state_dict()["state"].items():
        for key, value in values.items():
            packed[f"{prefix}.{index}.{key}"] = torch.as_tensor(value)
    return packed


def unpack_optimizer(optimizer: Optimizer, prefix: str, tensors: dict[str, Tensor]) -> None:
    """Put back what `pack_optimizer` gave.

    Values get the memory layout of their weights: the fused AdamW walks both as plain memory, in one order.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(prefix + "."):
            number, key = name.removeprefix(prefix + ".").split(".")
            index = int(number)
            weight = weights[index]
            alike = torch.empty_like(weight, dtype=value.dtype) if value.ndim else value
            if value.ndim:
                alike.copy_(divided_like(value, weight))
            state.setdefault(index, {})[key] = alike
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def with_prefix(prefix: str, module: nn.Module | dict[str, Tensor]) -> dict[str, Tensor]:
    """Name every tensor of a module (or a dict of tensors) `prefix.name`."""
    tensors = module.state_dict() if isinstance(module, nn.Module) else module
    return {f"{prefix}.{name}": value for name, value in tensors.items()}


def of_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that `with_prefix` named, under their own names again."""
    return {name.removeprefix(prefix + "."): t for name, t in tensors.items() if name.startswith(prefix + ".")}
