"""What one stage of a recipe does with a batch: which networks step, on which losses.

The loop (loop.py) knows none of this: it asks the stage for turns, and steps the named network's optimizer on each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from tintype.data.pairs import PairBatch
from tintype.errors import RecipeError
from tintype.training.losses import class_weights, distribution_loss
from tintype.training.recipe import StageOptions


@dataclass(frozen=True)
class Turn:
    """One optimizer step: minimise `loss` over `network`; `parts` are scalars to log."""

    network: str
    loss: Tensor
    parts: dict[str, Tensor]


class Stage(Protocol):
    """A stage yields its turns for one batch, in order."""

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the networks that it trains."""
        ...

    def turns(self, networks: Mapping[str, nn.Module], batch: PairBatch) -> Iterator[Turn]:
        """Compute each turn's loss when it is asked for, so that later turns see earlier steps."""
        ...


class Supervised:
    """The generator alone, on the distribution of colours (and, if weighted, the distance of the mean colour)."""

    networks = ("generator",)

    def __init__(self, options: StageOptions, prior: Tensor, bins: Tensor) -> None:
        self.l1_weight = options.l1_weight
        self.bins = bins
        self.class_weight = class_weights(prior.double().numpy(), options.rebalance_lambda).to(bins.device)

    def turns(self, networks: Mapping[str, nn.Module], batch: PairBatch) -> Iterator[Turn]:
        logits = networks["generator"](batch.lightness)
        loss, distance = distribution_loss(logits, batch.ab, self.bins, self.class_weight, self.l1_weight)
        parts = {
            "loss": loss.detach(),
            "l1": distance,
            "cross_entropy": loss.detach() - self.l1_weight * distance,
        }
        yield Turn("generator", loss, parts)


def build_stage(options: StageOptions, prior: Tensor, bins: Tensor) -> Stage:
    """The stage that `options.kind` names."""
    return {"supervised": Supervised}[options.kind](options, prior, bins)


def trainable(generator: nn.Module, options: StageOptions, weight_decay: float) -> list[dict[str, object]]:
    """AdamW's parameter groups of a stage: frozen parts left out, parts with a factor on their learning rate apart,
    and no weight decay on biases and norms. Freezing is done here, too.

    A part is a prefix of parameter names: "encoder", "encoder.stages.0". Raises RecipeError for one that is not there.
    """
    names = [name for name, _ in generator.named_parameters()]
    for part in (*options.freeze, *options.lr_scale):
        if not any(_within(name, part) for name in names):
            children = ", ".join(name for name, _ in generator.named_children())
            raise RecipeError(f"stage {options.name!r}: the generator has no part {part!r}; it has {children}")
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in generator.named_parameters():
        frozen = any(_within(name, part) for part in options.freeze)
        parameter.requires_grad_(not frozen)
        if not frozen:
            scale = next((factor for part, factor in options.lr_scale.items() if _within(name, part)), 1.0)
            decay = weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((scale, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": options.lr * scale, "scale": scale, "weight_decay": decay}
        for (scale, decay), parameters in groups.items()
    ]


def _within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")
