"""Films: faithful in and out, colour predicted on chosen frames and carried along motion between them.

Needs the extra ``video`` (PyAV and OpenCV). Importing this package loads neither; its parts do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .film import colorize_film
    from .film_report import FilmReport, Progress
    from .options import FilmHint, FilmOptions, SceneReference
    from .sniff import is_film

__all__ = ["FilmHint", "FilmOptions", "FilmReport", "Progress", "SceneReference", "colorize_film", "is_film"]

_HOME = {
    "FilmHint": "options",
    "FilmOptions": "options",
    "FilmReport": "film_report",
    "Progress": "film_report",
    "SceneReference": "options",
    "colorize_film": "film",
    "is_film": "sniff",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tintype.video' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value
