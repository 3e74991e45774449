"""`tintype restore`: a thin face of `tintype.server.archive`."""

from pathlib import Path
from typing import Annotated

import typer


def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What backup has made.")],
) -> None:
    """Bring back what `tintype backup` has written, into a server that keeps nothing yet.

    Stop the server of the same TINTYPE_* variables first. The database and the store may be of other kinds than
    those that the backup was made of. Jobs that were under way go on when a server or worker starts.

    Examples:

      TINTYPE_FOLDER=/srv/tintype tintype restore tintype-monday.tar
    """
    from tintype.server.archive import bring_back
    from tintype.server.database import Database
    from tintype.server.settings import load_settings
    from tintype.server.storage import Storage

    from .progress import counting

    settings = load_settings()
    database = Database(settings.database)
    try:
        with counting("files") as tell:
            made = bring_back(database, Storage(settings.storage), source, tell)
    finally:
        database.close()
    print(f"{made.rows} rows and {made.files} files are back")
