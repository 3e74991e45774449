"""Files that commands write besides their main result."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def new_file(name: str | None, overwrite: bool) -> Path | None:
    """Where a file goes, checked before the long run rather than after it."""
    from tintype.errors import OutputError

    if name is None:
        return None
    target = Path(name)
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists already; name another file or give --overwrite")
    if target.is_dir() or not target.parent.is_dir() or name == "-":
        raise OutputError(f"{target}: no file can be made there; name a file in a folder that exists")
    return target


def write_text(target: Path, text: str) -> None:
    """Write a text, whole or not at all. Raises OutputError."""
    from tintype.files.atomic import write_bytes

    write_bytes(target, text.encode())
