"""The folder for what can be fetched or made again."""

import os
from pathlib import Path


def default_cache_dir() -> Path:
    """`$TINTYPE_CACHE`, else `$XDG_CACHE_HOME/tintype`, else `~/.cache/tintype`."""
    if chosen := os.environ.get("TINTYPE_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tintype"
