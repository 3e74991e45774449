"""What a network concatenates: each join of feature maps, by the names of the modules whose answers it joins."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Change = Callable[[int, int, Tensor], Tensor]


class Joins(TorchFunctionMode):
    """Meanwhile every `torch.cat` along the channels is noted; `change(join, part, map)` may replace what it joins."""

    def __init__(self, change: Change | None = None) -> None:
        super().__init__()
        self.change = change
        self.parts: list[list[Tensor]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        along = kwargs.get("dim", args[1] if len(args) > 1 else 0)
        if func is torch.cat and along == 1:
            parts = list(args[0])
            self.parts.append(parts)
            if self.change is not None:
                parts = [self.change(len(self.parts) - 1, number, part) for number, part in enumerate(parts)]
            return func(parts, 1)
        return func(*args, **kwargs)


def joined_names(network: nn.Module, *given: Tensor) -> list[list[str]]:
    """For each join, in the order of their making, the innermost module that made each part; "input" for the input."""
    made: dict[str, Tensor] = {}

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            # Those inside are called earlier: of several with the same answer the innermost keeps its name.
            for one in output if isinstance(output, tuple) else (output,):
                if isinstance(one, Tensor) and not any(one is known for known in made.values()):
                    made[name if name not in made else f"{name}, {len(made)}"] = one

        return hook

    handles = [module.register_forward_hook(note(name)) for name, module in network.named_modules() if name]
    with torch.inference_mode(), Joins() as joins:
        network(*given)
    for handle in handles:
        handle.remove()
    return [[_name(part, made, given) for part in parts] for parts in joins.parts]


def _name(part: Tensor, made: dict[str, Tensor], given: tuple[Tensor, ...]) -> str:
    names = [name for name, tensor in made.items() if tensor.shape == part.shape and torch.equal(tensor, part)]
    if not names and any(part.shape == one.shape and torch.equal(part, one) for one in given):
        return "input"
    return names[0].partition(",")[0] if names else "unknown"


def without(network: nn.Module, join: int, part: int, *given: Tensor) -> Tensor:
    """The network's answer when one part of one join is zeros."""

    def silence(j: int, p: int, x: Tensor) -> Tensor:
        return torch.zeros_like(x) if (j, p) == (join, part) else x

    with torch.inference_mode(), Joins(silence):
        answer: Tensor = network(*given)
    return answer
