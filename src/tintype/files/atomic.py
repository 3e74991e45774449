"""Files that appear whole or not at all: written under a temporary name, then renamed."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from tintype.errors import InputError, OutputError


def digest_of(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's content. Raises InputError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def write_whole(path: Path, make: Callable[[], bytes], *, overwrite: bool) -> None:
    """Write a file that appears under its name complete or not at all. Raises OutputError."""
    partial = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder: name a file in it")
        if path.exists() and not overwrite:
            raise OutputError(f"{path} exists: choose another name or allow overwriting")
        if not path.parent.is_dir():
            raise OutputError(f"{path} cannot be written: make the folder {path.parent} first")
        partial.write_bytes(make())
        os.replace(partial, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
