"""Paging by key: a page begins after the last row of the one before, so that new rows shift nothing."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session

from .problems import ProblemError


@dataclass(frozen=True)
class Cursor:
    """Where a page ended: the moment and identity of its last row."""

    created: datetime
    identity: str

    def pack(self) -> str:
        return base64.urlsafe_b64encode(f"{self.created.isoformat()} {self.identity}".encode()).decode().rstrip("=")

    @classmethod
    def unpack(cls, text: str) -> "Cursor":
        """Raises ProblemError, 422, if this is no cursor."""
        try:
            plain = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
            moment, identity = plain.split(" ")
            created = datetime.fromisoformat(moment)
            if created.tzinfo is None:
                raise ValueError("no zone")
        except (ValueError, binascii.Error):
            raise ProblemError(422, "the cursor is none that this API gave; leave it out to start again") from None
        return cls(created, identity.replace("\x00", ""))


async def _cursor(
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
) -> Cursor | None:
    return Cursor.unpack(cursor) if cursor else None


CursorDep = Annotated[Cursor | None, Depends(_cursor)]
LimitQuery = Annotated[int, Query(ge=1, le=100, description="How many at most.")]


def after(
    session: Session,
    query: Select[Any],
    created: InstrumentedAttribute[datetime],
    identity: InstrumentedAttribute[str],
    limit: int,
    cursor: Cursor | None,
) -> tuple[list[Any], str | None]:
    """The rows after the cursor, newest first, and the cursor of the next page if there is one."""
    if cursor is not None:
        query = query.where(or_(created < cursor.created, and_(created == cursor.created, identity < cursor.identity)))
    rows: list[Any] = list(session.scalars(query.order_by(created.desc(), identity.desc()).limit(limit + 1)))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Cursor(last.created, last.id).pack()
