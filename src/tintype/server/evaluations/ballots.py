"""Drawing questions and counting answers. Which side is which is decided by lot and told only after the vote."""

import itertools
import random
from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tintype.server.colouring import options_key
from tintype.server.problems import ProblemError, not_found
from tintype.server.schemas.common import ColourOptions
from tintype.server.services import Services
from tintype.server.tables import Ballot, Picture, Result, Study, now

from . import attention

_PAIR = ("left", "right", "tie", "both_bad")
CHOICES = {"arena": _PAIR, attention.CHECK: _PAIR, "turing": ("original", "coloured")}
ORIGINAL = ""


def draw(services: Services, study: Study, voter: str) -> tuple[Ballot | None, int]:
    """The voter's next question, None if all are answered, and how many are left with this one.

    Raises:
        ProblemError: 409, the study is not open.
    """
    if study.state != "open":
        raise ProblemError(409, f"the study is {study.state}, nobody can vote in it now")
    with services.database.session() as session:
        mine = list(session.scalars(select(Ballot).where(Ballot.study_id == study.id, Ballot.voter == voter)))
        pictures = list(session.scalars(select(Picture.id).where(Picture.study_id == study.id).order_by(Picture.id)))
        labels = [one["label"] for one in study.contestants]
        cast = [one for one in mine if one.choice is not None]
        left = _unanswered(study.kind, pictures, labels, cast)
        count = len(left) + (attention.remaining(study.checks, cast) if pictures else 0)
        waiting = next((one for one in mine if one.choice is None and one.picture_id is not None), None)
        if waiting is not None or not count:
            return waiting, count
        is_check = attention.is_due(study.checks, cast, len(left))
        picture_id, sides = attention.sides(pictures, labels) if is_check else _least_asked(session, study.id, left)
        if study.kind == "turing":
            sides = random.choice([(ORIGINAL,), (random.choice(labels),)])
        ballot = _ballot(services, session, study, picture_id, random.sample(sides, len(sides)), voter)
        if is_check:
            ballot.kind = attention.CHECK
        session.add(ballot)
    return ballot, count


def duel(services: Services, picture_id: str, results: dict[str, Result], voter: str) -> Ballot:
    """A question about the voter's own picture, outside any study: which of these two results?"""
    (left, right) = random.sample(sorted(results), 2)
    ballot = Ballot(
        kind="arena", voter=voter, picture_id=picture_id, left_id=results[left].id, right_id=results[right].id,
        left_label=left, right_label=right,
    )  # fmt: skip
    with services.database.session() as session:
        session.add(ballot)
    return ballot


def find(session: Session, ballot_id: str, voter: str) -> Ballot:
    """The voter's ballot. Raises ProblemError, 404, if it is not theirs."""
    ballot = session.get(Ballot, ballot_id)
    if ballot is None or ballot.voter != voter:
        raise not_found("ballot")
    return ballot


def vote(services: Services, ballot_id: str, choice: str, voter: str) -> Ballot:
    """Answer a question, once.

    Raises:
        ProblemError: 404, not the voter's; 409, answered already; 422, no answer to this kind of question.
    """
    with services.database.session() as session:
        ballot = find(session, ballot_id, voter)
        if choice not in CHOICES[ballot.kind]:
            raise ProblemError(422, f"choice is {choice}; here it can be {', '.join(CHOICES[ballot.kind])}")
        if ballot.choice is not None:
            raise ProblemError(409, "this ballot was cast already; ask for another")
        ballot.choice, ballot.voted = choice, now()
        return ballot


def _unanswered(
    kind: str, pictures: list[str], labels: list[str], cast: list[Ballot]
) -> list[tuple[str, tuple[str, ...]]]:
    """What the voter has not been asked: (picture, labels) in the order of the alphabet."""
    if kind == "turing":
        seen = {ballot.picture_id for ballot in cast}
        return [(picture, ()) for picture in pictures if picture not in seen]
    answered = {(ballot.picture_id, *sorted((ballot.left_label, ballot.right_label))) for ballot in cast}
    pairs = [tuple(sorted(pair)) for pair in itertools.combinations(labels, 2)]
    return [(picture, pair) for picture in pictures for pair in pairs if (picture, *pair) not in answered]


def _least_asked(
    session: Session, study_id: str, left: list[tuple[str, tuple[str, ...]]]
) -> tuple[str, tuple[str, ...]]:
    """The question that fewest voters were asked, by lot among equals."""
    asked: Counter[Any] = Counter()
    counted = select(Ballot.picture_id, Ballot.left_label, Ballot.right_label, func.count()).where(
        Ballot.study_id == study_id
    )
    for picture, one, other, count in session.execute(
        counted.group_by(Ballot.picture_id, Ballot.left_label, Ballot.right_label)
    ):
        asked[picture, *sorted((one, other))] += count
        asked[picture] += count
    fewest = min(asked[(picture, *pair) if pair else picture] for picture, pair in left)
    return random.choice([(p, pair) for p, pair in left if asked[(p, *pair) if pair else p] == fewest])


def _ballot(
    services: Services, session: Session, study: Study, picture_id: str, sides: list[str], voter: str
) -> Ballot:
    options = {one["label"]: ColourOptions.model_validate(one["options"]) for one in study.contestants}
    results: list[str | None] = []
    for label in sides:
        if label == ORIGINAL:
            results.append(None)
            continue
        key = options_key(services.registry.file(options[label].model), options[label])
        found = session.scalar(select(Result.id).where(Result.picture_id == picture_id, Result.options_key == key))
        if found is None:
            raise ProblemError(
                409, f"the contestant {label} is not the model that coloured this study; make a new study"
            )
        results.append(found)
    return Ballot(
        study_id=study.id, kind=study.kind, voter=voter, picture_id=picture_id, left_id=results[0],
        right_id=results[1] if len(results) > 1 else None, left_label=sides[0],
        right_label=sides[1] if len(sides) > 1 else "",
    )  # fmt: skip
