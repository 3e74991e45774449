"""Attention checks (catch trials): now and then a grey photo stands against a coloured one. Whoever finds the grey one
the better colouring does not look, and none of that person's votes in the study count.

A check is a ballot of kind "check": rankings, which count ballots of kind "arena", never see it.
"""

import random

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from tintype.server.tables import Ballot

CHECK = "check"
GREY = ""  # the label of the grey side
MOST = 10


def is_due(checks: int, cast: list[Ballot], left: int) -> bool:
    """Whether the next question is a check: they are spread evenly over the questions.

    Args:
        checks: how many the study has for each voter.
        cast: what the voter has answered.
        left: questions that are still to be answered, checks not counted.
    """
    done = sum(one.kind != CHECK for one in cast)
    asked = len(cast) - done
    return asked < checks and (left == 0 or done >= (asked + 1) * (done + left) // (checks + 1))


def remaining(checks: int, cast: list[Ballot]) -> int:
    """How many checks the voter has still before them."""
    return max(0, checks - sum(one.kind == CHECK for one in cast))


def sides(pictures: list[str], labels: list[str]) -> tuple[str, tuple[str, ...]]:
    """A photo by lot, and what stands against its grey self."""
    return random.choice(pictures), (GREY, random.choice(labels))


def failed(table: type[Ballot] = Ballot) -> ColumnElement[bool]:
    """The condition that a ballot is a check in which grey was preferred."""
    grey = or_(
        and_(table.choice == "left", table.left_label == GREY), and_(table.choice == "right", table.right_label == GREY)
    )
    return and_(table.kind == CHECK, grey)


def looked() -> ColumnElement[bool]:
    """The condition that a ballot's voter failed no check of its study."""
    other = aliased(Ballot)
    return ~exists().where(other.study_id == Ballot.study_id, other.voter == Ballot.voter, failed(other))
