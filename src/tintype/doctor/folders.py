"""The folders that tintype uses, how much lies there, and how much room is left."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .finding import Finding, State


def private(path: Path) -> str:
    """A path as it may be shown to others: below the home folder with ~, elsewhere its last part alone."""
    try:
        return "~/" + path.absolute().relative_to(Path.home()).as_posix()
    except ValueError:
        return f".../{path.name}"


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:  # gone meanwhile
                continue
    return total


def human(size: float) -> str:
    """Bytes, kB, MB, GB.

    >>> human(31_136_385)
    '31.1 MB'
    """
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def places() -> dict[str, Path]:
    """The folders by what they are for."""
    from tintype.files.cache_folder import default_cache_dir
    from tintype.network.places import models_folder

    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tintype"
    found = {"models in the package": Path(__file__).parents[1] / "weights", "models of your own": models_folder()}
    return found | {"cache": default_cache_dir(), "data of the server": data}


def folders(settings: Path) -> Iterator[Finding]:
    """Sizes, the file with the user's options, and the free disk where results would go."""
    for name, path in places().items():
        if path.is_dir():
            yield Finding("folders", name, "ok", f"{private(path)}, {human(size_of(path))}")
        else:
            state: State = "wrong" if name == "models of your own" and os.environ.get("TINTYPE_MODELS") else "absent"
            yield Finding(
                "folders", name, state, f"{private(path)} is not there" + (" (yet)" if state == "absent" else "")
            )
    yield Finding("folders", "options in a file", "ok" if settings.is_file() else "absent", private(settings))
    for name, path in (("free disk here", Path.cwd()), ("free temporary disk", Path(_temporary()))):
        free = shutil.disk_usage(path).free
        yield Finding("folders", name, "ok" if free > 2**30 else "wrong", human(free))


def _temporary() -> str:
    import tempfile

    return tempfile.gettempdir()
