"""Everything that a server keeps in one tar file: the rows of its tables as JSON lines, and its files.

The rows are read in one transaction, then the files: what is deleted meanwhile is left out, what comes meanwhile is not
in it. A backup can be brought back into any database and any store, by this version or a later one.
"""

import io
import json
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from alembic import command
from sqlalchemy import Connection, DateTime, MetaData, Table, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from tintype.errors import InputError, OutputError
from tintype.files.atomic import replacing
from tintype.version import __version__

from .database import Database, alembic_config
from .storage import Storage
from .tables import Base

FORMAT = 1
_MANIFEST = "tintype-backup.json"
_ROWS = 500
_VERSION = "alembic_version"
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Archived:
    """What a backup holds: rows, files, and files that were gone when their turn came."""

    rows: int
    files: int
    missing: int


def back_up(database: Database, storage: Storage, target: Path, tell: Told = lambda done, total: None) -> Archived:
    """Write everything that is kept to a new tar file; complete or not at all.

    Raises:
        OutputError: the file is there already, or cannot be written.
    """
    if target.exists():
        raise OutputError(f"{target} is there already; give the backup another name")
    try:
        with replacing(target) as partial, tarfile.open(partial, "w") as archive:
            rows = _add_rows(archive, database)
            files, missing = _add_files(archive, storage, tell)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise OutputError(f"the backup {target} cannot be written ({why})") from error
    return Archived(rows, files, missing)


def bring_back(database: Database, storage: Storage, source: Path, tell: Told = lambda done, total: None) -> Archived:
    """Fill an empty database and store with what a backup holds, then bring the tables up to date.

    Raises:
        InputError: the file is no backup, is cut off, is of a newer tintype, or something is kept here already.
    """
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = _manifest(archive, source)
            _must_be_empty(database, storage)
            config = alembic_config()
            with database.engine.connect() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, manifest["tables"])
                rows = _fill(connection, archive, manifest["order"])
                connection.commit()
            files = _put_files(archive, storage, manifest["files"], tell)
    except (tarfile.TarError, OSError, EOFError, ValueError, KeyError) as error:
        raise InputError(f"{source} is not a whole backup of tintype ({type(error).__name__})") from error
    database.upgrade()
    return Archived(rows, files, 0)


def _add_rows(archive: tarfile.TarFile, database: Database) -> int:
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        tables = _tables(connection)
        try:
            revision = connection.execute(text(f"select version_num from {_VERSION}")).scalar_one()
        except SQLAlchemyError as error:
            raise InputError("there is nothing to back up: the database has no tables of tintype") from error
        about = {
            "format": FORMAT, "tintype": __version__, "tables": revision, "made": datetime.now(UTC).isoformat(),
            "order": [table.name for table in tables], "files": "files/",
        }  # fmt: skip
        _add(archive, _MANIFEST, io.BytesIO(json.dumps(about, indent=1).encode()))
        count = 0
        for table in tables:
            with tempfile.TemporaryFile() as lines:
                for row in connection.execution_options(yield_per=_ROWS).execute(select(table)).mappings():
                    lines.write(json.dumps({name: _plain(value) for name, value in row.items()}).encode() + b"\n")
                    count += 1
                lines.seek(0)
                _add(archive, f"tables/{table.name}.jsonl", lines)
    return count


def _add_files(archive: tarfile.TarFile, storage: Storage, tell: Told) -> tuple[int, int]:
    keys = sorted(storage.keys())
    missing = 0
    for number, key in enumerate(keys, 1):
        try:
            with storage.open(key) as source:
                _add(archive, f"files/{key}", source)
        except FileNotFoundError:
            missing += 1
        tell(number, len(keys))
    return len(keys) - missing, missing


def _add(archive: tarfile.TarFile, name: str, source: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = source.seek(0, io.SEEK_END)
    source.seek(0)
    info.mtime = int(time.time())
    archive.addfile(info, source)


def _tables(connection: Connection) -> list[Table]:
    """The tables as they are in the database, each after those that it names rows of."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name in Base.metadata.tables]


def _manifest(archive: tarfile.TarFile, source: Path) -> dict[str, Any]:
    first = archive.next()
    member = None if first is None or first.name != _MANIFEST else archive.extractfile(first)
    if member is None:
        raise InputError(f"{source} is no backup of tintype; `tintype backup` makes one")
    manifest: dict[str, Any] = json.load(member)
    if manifest["format"] != FORMAT:
        raise InputError(f"{source} was made by tintype {manifest['tintype']}, a newer one; install that version")
    known = {path.name[:4] for path in (Path(__file__).parent / "migrations" / "versions").glob("*.py")}
    if manifest["tables"] not in known:
        raise InputError(f"{source} has the tables of a newer tintype ({manifest['tintype']}); install that version")
    return manifest


def _must_be_empty(database: Database, storage: Storage) -> None:
    with database.engine.connect() as connection:
        there = [
            name
            for name in inspect(connection).get_table_names()
            if name in ("pictures", "jobs", "studies")
            and connection.execute(select(func.count()).select_from(text(name))).scalar()
        ]
        if there or next(iter(storage.keys()), None) is not None:
            raise InputError(
                "something is kept here already; a backup is brought back into an empty folder and database"
            )
    with database.engine.begin() as connection:  # tables without rows, perhaps of another version
        found = MetaData()
        found.reflect(connection)
        ours = [table for table in found.sorted_tables if table.name in (*Base.metadata.tables, _VERSION)]
        found.drop_all(connection, tables=ours)


def _fill(connection: Connection, archive: tarfile.TarFile, order: list[str]) -> int:
    tables = {table.name: table for table in _tables(connection)}
    count = 0
    for name in order:
        member = archive.next()
        lines = None if member is None or member.name != f"tables/{name}.jsonl" else archive.extractfile(member)
        if lines is None:
            raise ValueError(f"no rows of {name}")
        for batch in _batches(lines):
            rows = [{column: _typed(tables[name], column, value) for column, value in row.items()} for row in batch]
            connection.execute(tables[name].insert(), rows)
            count += len(rows)
    return count


def _batches(lines: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for line in lines:
        batch.append(json.loads(line))
        if len(batch) == _ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _put_files(archive: tarfile.TarFile, storage: Storage, folder: str, tell: Told) -> int:
    count = 0
    while (member := archive.next()) is not None:
        vars(archive)["members"] = []  # else tarfile remembers every one of them
        source = archive.extractfile(member)
        if source is None or not member.name.startswith(folder):
            raise ValueError(member.name)
        storage.write(member.name.removeprefix(folder), cast("BinaryIO", source))
        count += 1
        tell(count, 0)
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    return value


def _typed(table: Table, column: str, value: Any) -> Any:
    if value is None or not isinstance(table.c[column].type, DateTime):
        return value
    moment = datetime.fromisoformat(value)
    return moment if getattr(table.c[column].type, "timezone", False) else moment.astimezone(UTC).replace(tzinfo=None)
