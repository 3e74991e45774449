"""How alembic reaches the database: over the connection it is handed, or the one the settings name."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from tintype.server.database import Database
from tintype.server.settings import Settings
from tintype.server.tables import Base, UtcTime


def render(kind: str, thing: Any, autogen: Any) -> str | Literal[False]:
    """Migrations stand on their own: no type of ours, which a later version may change."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, UtcTime) else False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    migrate(handed)
else:
    with Database(Settings().database).engine.connect() as own:
        migrate(own)
        own.commit()
