"""Training: a recipe of stages, one loop, runs that can be killed and continued."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .loop import train
    from .recipe import Recipe, load_recipe, recipe_names

__all__ = ["Recipe", "load_recipe", "recipe_names", "train"]

# Loaded at first use: a run's report needs no torch, which takes seconds to import.
_HOME = {"Recipe": "recipe", "load_recipe": "recipe", "recipe_names": "recipe", "train": "loop"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
