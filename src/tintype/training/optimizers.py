"""An optimizer for each network of a stage."""

from typing import Any

import torch
from torch import nn
from torch.distributed.tensor import DTensor
from torch.optim import AdamW, Optimizer

from tintype.errors import RecipeError

from .recipe import OptimizerOptions, StageOptions
from .sharding import clip_divided, local


def build_optimizer(name: str, network: nn.Module, options: StageOptions, settings: OptimizerOptions) -> AdamW:
    """AdamW over what the stage trains of `network`, "generator" or "critic"; the rest of it is frozen here, too.

    Raises RecipeError for a part to freeze or scale that is not there.
    """
    if name == "generator":
        groups = trainable(network, options, settings.weight_decay)
    else:
        network.requires_grad_(True)
        groups = _groups(dict(network.named_parameters()), {}, critic_rate(options), settings.weight_decay)
    return AdamW(groups, betas=(settings.beta1, settings.beta2), fused=True)


def critic_rate(options: StageOptions) -> float:
    """The critic's highest learning rate in a stage."""
    return options.lr if options.critic_lr is None else options.critic_lr


def set_learning_rate(optimizer: Optimizer, factor: float) -> None:
    """Put every parameter group at `factor` times its highest learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["highest"] * factor


def clip_gradients(network: nn.Module, largest: float) -> torch.Tensor:
    """Scale the gradients so that their norm is at most `largest` (0: any); returns the norm before."""
    parameters = list(network.parameters())
    gradients = [p.grad for p in parameters if p.grad is not None]
    if any(isinstance(gradient, DTensor) for gradient in gradients):
        return clip_divided([local(gradient) for gradient in gradients], largest)
    return nn.utils.clip_grad_norm_(parameters, largest or float("inf")).detach()


def trainable(generator: nn.Module, options: StageOptions, weight_decay: float) -> list[dict[str, Any]]:
    """AdamW's parameter groups of a stage: frozen parts left out, parts with a factor on their learning rate apart,
    and no weight decay on biases and norms. Freezing is done here, too.

    A part is a prefix of parameter names: "encoder", "encoder.stages.0". Raises RecipeError for one that is not there.
    """
    names = [name for name, _ in generator.named_parameters()]
    for part in (*options.freeze, *options.lr_scale):
        if not any(_within(name, part) for name in names):
            children = ", ".join(name for name, _ in generator.named_children())
            raise RecipeError(f"stage {options.name!r}: the generator has no part {part!r}; it has {children}")
    trained = {}
    for name, parameter in generator.named_parameters():
        frozen = any(_within(name, part) for part in options.freeze)
        parameter.requires_grad_(not frozen)
        if not frozen:
            trained[name] = parameter
    return _groups(trained, options.lr_scale, options.lr, weight_decay)


def _groups(
    parameters: dict[str, nn.Parameter], scales: dict[str, float], lr: float, weight_decay: float
) -> list[dict[str, Any]]:
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        scale = next((factor for part, factor in scales.items() if _within(name, part)), 1.0)
        decay = weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((scale, decay), []).append(parameter)
    return [
        {"params": chosen, "lr": lr * scale, "highest": lr * scale, "weight_decay": decay}
        for (scale, decay), chosen in groups.items()
    ]


def _within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")
