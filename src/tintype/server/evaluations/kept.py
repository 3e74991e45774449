"""Tables that everybody asks for and that take long to make: made anew when something was said."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tintype.server.database import Database
from tintype.server.tables import Ballot, Rating

Made = TypeVar("Made")


class KeptTables:
    """The last answer to each question, as long as nobody has voted or rated since, on whichever server."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._made: dict[str, tuple[Any, Any]] = {}

    def get(self, name: str, make: Callable[[Session], Made]) -> Made:
        """What ``make`` gives, or gave when as much had been said."""
        with self._lock, self._database.session() as session:  # one makes it, the others wait for that
            said = _said(session)
            known, made = self._made.get(name, (None, None))
            if known != said:
                made = make(session)
                self._made[name] = (said, made)
        value: Made = made
        return value


def _said(session: Session) -> tuple[Any, ...]:
    votes = session.execute(select(func.count(Ballot.voted), func.max(Ballot.voted))).one()
    stars = session.execute(select(func.count(Rating.id), func.max(Rating.created))).one()
    return (*votes, *stars)
