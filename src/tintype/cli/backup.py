"""`tintype backup`: a thin face of `tintype.server.archive`."""

from pathlib import Path
from typing import Annotated

import typer


def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The tar file to make.")],
) -> None:
    """Write all that a server keeps, its database and its pictures, to one tar file.

    The server of the same TINTYPE_* variables may run meanwhile. `tintype restore FILE` brings everything back.

    Examples:

      tintype backup tintype-monday.tar
    """
    from tintype.server.archive import back_up
    from tintype.server.database import Database
    from tintype.server.settings import load_settings
    from tintype.server.storage import Storage

    from .progress import counting

    settings = load_settings()
    database, storage = Database(settings.database), Storage(settings.storage)
    try:
        with counting("files") as tell:
            made = back_up(database, storage, target, tell)
    finally:
        database.close()
    print(f"{target}: {made.rows} rows and {made.files} files, {target.stat().st_size / 1e6:,.1f} MB")
    if made.missing:
        typer.echo(f"{made.missing} files were deleted while the backup was made", err=True)
