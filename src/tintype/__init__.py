"""tintype colours black-and-white photographs.

>>> import tintype
>>> tintype.colorize("grandmother.jpg").save("grandmother-color.jpg")
"""

from .version import __version__

TYPE_CHECKING = False  # not typing's: its import would take longer than all that the console script does first

if TYPE_CHECKING:
    from .colorizer.colorizer import Colorizer, colorize
    from .colorizer.many import Result
    from .colorizer.open_photo import OpenPhoto
    from .colorizer.options import ColorizeOptions, OutputOptions
    from .colorizer.taste import Taste
    from .errors import (
        DataError,
        InputError,
        MissingExtra,
        OutputError,
        RecipeError,
        StorageFullError,
        TintypeError,
        TooLargeError,
        WeightsError,
    )
    from .hints.hint import Hint
    from .network.model_file import ModelFile, ModelInfo, find_model, list_models
    from .photo.metadata import Metadata
    from .photo.photo import Photo

__all__ = [
    "ColorizeOptions",
    "Colorizer",
    "DataError",
    "Hint",
    "InputError",
    "Metadata",
    "MissingExtra",
    "ModelFile",
    "ModelInfo",
    "OpenPhoto",
    "OutputError",
    "OutputOptions",
    "Photo",
    "RecipeError",
    "Result",
    "StorageFullError",
    "Taste",
    "TintypeError",
    "TooLargeError",
    "WeightsError",
    "__version__",
    "colorize",
    "find_model",
    "list_models",
]

# Loaded at first use: `import tintype` and `tintype --help` stay quick.
_HOME = {
    "ColorizeOptions": "colorizer.options",
    "OutputOptions": "colorizer.options",
    "Colorizer": "colorizer.colorizer",
    "DataError": "errors",
    "Hint": "hints.hint",
    "InputError": "errors",
    "Metadata": "photo.metadata",
    "MissingExtra": "errors",
    "ModelFile": "network.model_file",
    "ModelInfo": "network.model_file",
    "OpenPhoto": "colorizer.open_photo",
    "OutputError": "errors",
    "Photo": "photo.photo",
    "RecipeError": "errors",
    "Result": "colorizer.many",
    "StorageFullError": "errors",
    "Taste": "colorizer.taste",
    "TintypeError": "errors",
    "TooLargeError": "errors",
    "WeightsError": "errors",
    "colorize": "colorizer.colorizer",
    "find_model": "network.model_file",
    "list_models": "network.model_file",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'tintype' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
