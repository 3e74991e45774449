"""Where models that were fetched are kept, and what is made of them again when it is gone."""

import os
from pathlib import Path

from tintype.files.cache_folder import default_cache_dir

MODELS_VARIABLE = "TINTYPE_MODELS"


def models_folder() -> Path:
    """`$TINTYPE_MODELS`, else `$XDG_DATA_HOME/tintype/models`, else `~/.local/share/tintype/models`."""
    if chosen := os.environ.get(MODELS_VARIABLE):
        return Path(chosen)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tintype" / "models"


def cache_folder() -> Path:
    """The folder `models` of what tintype makes again when it is gone."""
    return default_cache_dir() / "models"


def compiled_folder(sha256: str) -> Path:
    """Where the engine keeps what it made of the model file of that hash."""
    return cache_folder() / "compiled" / sha256[:16]
