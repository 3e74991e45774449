"""The networks, one file per system, and the registry that builds them by name."""

from typing import Any

from torch import nn

from tintype.errors import RecipeError
from tintype.models.tint import Tint, TintConfig

# System name -> (network, its config dataclass).
GENERATORS: dict[str, tuple[type[Tint], type[TintConfig]]] = {"tint": (Tint, TintConfig)}


def build_generator(system: str, options: dict[str, Any]) -> nn.Module:
    """The generator of `system` with `options` for its config; raises RecipeError for unknown names and options."""
    if system not in GENERATORS:
        raise RecipeError(f"unknown system {system!r}; known: {', '.join(GENERATORS)}")
    network, config = GENERATORS[system]
    lists_as_tuples: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in options.items()
    }
    try:
        return network(config(**lists_as_tuples))
    except (TypeError, KeyError) as error:
        known = ", ".join(config.__dataclass_fields__)
        raise RecipeError(f"generator of {system!r}: {error}; its options are {known}") from error
