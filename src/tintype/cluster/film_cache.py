"""The folder of a machine in which films are worked on: those at addresses, fetched once for all its workers, and what
each worker writes on the way. What a killed worker left there, a later one removes."""

import contextlib
import getpass
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tintype.errors import OutputError
from tintype.files import locations, stores
from tintype.files.atomic import replacing

# What nobody has used for so long was left by a run that was killed; in seconds.
_FORGOTTEN = 3 * 24 * 3600.0


def fetched(source: str, stamp: str) -> str:
    """The path of a film on this machine; one at an address is fetched unless another worker here has done so.

    Args:
        source: a path, which is returned as it is, or an address.
        stamp: tells this version of the film from another.

    Raises:
        InputError: the film cannot be fetched.
        OutputError: there is no folder to keep it in.
    """
    if not locations.is_url(source):
        return source
    from filelock import FileLock

    place = _place(source, stamp)
    with FileLock(os.fspath(place.with_suffix(".lock"))):
        film = place / (locations.name_of(source).name[-120:] or "film")
        if not film.is_file():
            with replacing(film) as partial:
                stores.fetch(source, os.fspath(partial))
        os.utime(place)
    return os.fspath(film)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder for one task, removed at its end.

    Raises:
        OutputError: it cannot be made.
    """
    folder = _folder()
    _sweep(folder)
    with tempfile.TemporaryDirectory(prefix="work-", dir=folder) as made:
        yield Path(made)


def forget(source: str, stamp: str) -> None:
    """Remove a film from this machine; nothing where it is not, or is no copy."""
    if locations.is_url(source):
        place = _place(source, stamp)
        shutil.rmtree(place, ignore_errors=True)
        place.with_suffix(".lock").unlink(missing_ok=True)


def _place(source: str, stamp: str) -> Path:
    return _folder() / hashlib.sha256(f"{source}\0{stamp}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _folder() -> Path:
    """A folder of this machine that only this user can open."""
    folder = Path(tempfile.gettempdir()) / f"tintype-films-{getpass.getuser()}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if hasattr(os, "getuid") and folder.lstat().st_uid != os.getuid():
            raise PermissionError(1, "it belongs to somebody else")
    except OSError as error:
        raise OutputError(f"{folder}: films cannot be kept there ({error.strerror}); set TMPDIR to another") from error
    return folder


def _sweep(folder: Path) -> None:
    for place in folder.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - place.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(place) if place.is_dir() else place.unlink()
