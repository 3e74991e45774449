"""The database: one engine for each process, and tables that are brought up to date by alembic."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from tintype.errors import MissingExtra, TintypeError

MIGRATIONS = Path(__file__).with_name("migrations")
# Several servers may start at once; whoever holds this Postgres lock brings the tables up to date.
_MIGRATION_LOCK = 0x74696E74
# What SQLite says, and what it means for whoever starts a server.
_SQLITE = {
    "readonly": "cannot write to {path}; make its folder writable, or name another by TINTYPE_FOLDER",
    "unable to open": "cannot write to {path}; make its folder writable, or name another by TINTYPE_FOLDER",
    "malformed": "{path} is damaged; put a backup in its place, or move it away to begin anew",
    "not a database": "{path} is damaged; put a backup in its place, or move it away to begin anew",
    "already exists": "{path} has tables but not their version; put a backup in its place, or move it away",
    "full": "the disk of {path} is full; make room",
}
_IDLE_SECONDS = 3.0  # after which a connection is asked whether it lives


class Database:
    """Sessions on the database at ``url``.

    Raises:
        TintypeError: the address makes no sense, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self.engine = _make_engine(url)
        except ModuleNotFoundError as error:
            install, known = ": pip install 'tintype[postgres]'", "; known are postgresql and sqlite"
            fix = install if error.name == "psycopg" else known
            raise MissingExtra(f"TINTYPE_DATABASE_URL cannot be used: it needs {error.name}{fix}") from error
        except (SQLAlchemyError, ValueError) as error:
            raise TintypeError(
                f"TINTYPE_DATABASE_URL cannot be used ({type(error).__name__}); give "
                "postgresql://user:password@host/name or sqlite:///file"
            ) from error
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or rolls back if it raises."""
        with self._sessions.begin() as session:
            yield session

    def upgrade(self) -> None:
        """Bring the tables up to date; several processes may do so at once.

        Raises:
            TintypeError: it does not answer, cannot be written, is damaged, or was made by a newer tintype.
        """
        try:
            with self.engine.connect() as connection:
                is_postgres = self.engine.dialect.name == "postgresql"
                if is_postgres:
                    connection.execute(text("select pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
                    connection.commit()
                try:
                    config = alembic_config()
                    config.attributes["connection"] = connection
                    command.upgrade(config, "head")
                    connection.commit()
                finally:
                    if is_postgres:
                        connection.rollback()
                        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
                        connection.commit()
        except (SQLAlchemyError, CommandError, OSError) as error:
            raise TintypeError(self._why(error)) from error

    def _why(self, error: Exception) -> str:
        """What is wrong with the database, and what to do, in a line."""
        path, said = self.engine.url.database, str(error)
        if isinstance(error, CommandError) and "Can't locate revision" in said:
            found = said.rpartition("'")[0].rpartition("'")[2]
            return f"the database was made by a newer tintype (its tables are at {found}); install that version"
        if self.engine.dialect.name != "sqlite":
            return f"the database does not answer ({type(error).__name__}); check TINTYPE_DATABASE_URL"
        for found, why in _SQLITE.items():
            if found in said:
                return why.format(path=path)
        return f"the database {path} cannot be used ({said.splitlines()[0][:200]})"

    def check(self) -> None:
        """Raises SQLAlchemyError if the database does not answer, or nobody has made its tables yet."""
        with self.engine.connect() as connection:
            connection.execute(text("select version_num from alembic_version"))

    def close(self) -> None:
        self.engine.dispose()


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _ask_idle_connections(engine: Engine) -> None:
    """Ask a connection that has been idle whether it lives. SQLAlchemy's own way asks each time, which doubles the
    transactions of a busy server."""

    @event.listens_for(engine, "checkin")
    def rest(connection: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: DBAPIConnection, record: ConnectionPoolEntry, proxy: object) -> None:
        if time.monotonic() - record.info.get("idle_since", time.monotonic()) < _IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:  # of the driver
            raise DisconnectionError from error  # the pool tries another


def _make_engine(url: str) -> Engine:
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        server = create_engine(address, pool_size=10, max_overflow=30, pool_use_lifo=True, pool_timeout=20)
        _ask_idle_connections(server)
        return server
    if address.database and address.database != ":memory:":
        folder = Path(address.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise TintypeError(f"cannot write to {folder} ({why}); name another by TINTYPE_FOLDER") from error
    engine = create_engine(
        address,
        connect_args={"timeout": 20, "check_same_thread": False},
        pool_size=10,
        max_overflow=30,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: object, record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in ("journal_mode=wal", "synchronous=normal", "foreign_keys=on", "busy_timeout=20000"):
            cursor.execute(f"pragma {pragma}")
        cursor.close()

    return engine
