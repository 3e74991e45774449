"""Compare systems on equal terms: train several recipes on the same pictures, measure them on others, rank them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .study import Outcome, compare

__all__ = ["Outcome", "compare"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.study"), name)
