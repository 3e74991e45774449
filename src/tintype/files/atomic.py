"""Files that appear whole or not at all: written under a temporary name, then renamed."""

import contextlib
import glob
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from tintype.errors import OutputError


@contextlib.contextmanager
def replacing(path: Path, *, durable: bool = False) -> Iterator[Path]:
    """A temporary name in the folder of ``path``, made if it is missing. What is written there becomes ``path`` at the
    end of the block; after an error it is removed, and ``path`` stays as it was. A ``durable`` file is on the disk
    before it has its name, so that it outlives a loss of power.

    Raises:
        OSError: the folder or the file cannot be written.
    """
    partial = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        if durable:
            with partial.open("rb") as file:
                os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what a killed process left of a file that it was writing by `replacing`."""
    for partial in path.parent.glob(f".{glob.escape(path.name[:100])}.????????.part"):
        with contextlib.suppress(OSError):
            partial.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all, in place of one that is there. Raises OutputError."""
    try:
        with replacing(path) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


def write_whole(path: Path, make: Callable[[], bytes], *, overwrite: bool) -> None:
    """Write a file that appears under its name complete or not at all. Raises OutputError."""
    try:
        if path.is_dir():
            raise OutputError(f"{path} is a folder: name a file in it")
        if path.exists() and not overwrite:
            raise OutputError(f"{path} exists: choose another name or allow overwriting")
        if not path.parent.is_dir():
            raise OutputError(f"{path} cannot be written: make the folder {path.parent} first")
        with replacing(path) as partial:
            partial.write_bytes(make())
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
