"""What the votes and stars say, as rankings and as tables to take away."""

import csv
import io
from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tintype.server.schemas.evaluations import Ranked, Ranking, Starred, Taken
from tintype.server.tables import Ballot, Rating, Study

from .attention import failed, looked
from .ranking import bradley_terry, design_effect, mean_interval, wilson

_POINTS = {"left": 1.0, "right": 0.0, "tie": 0.5, "both_bad": 0.5}


def ranking(session: Session, study_id: str | None = None, *, duels: bool = False) -> Ranking:
    """Contestants by strength: from the votes of one study, or of all studies of the server's owner, or of duels.

    What strangers make studies of, under labels of their own, does not rank the server's models.
    """
    query = select(Ballot).where(Ballot.kind == "arena", Ballot.choice.is_not(None), looked())
    whose = Ballot.study_id == study_id if study_id else Ballot.study_id.in_(select(Study.id).where(Study.owner == ""))
    if study_id:
        query = query.where(whose)
    elif duels:
        query = query.where(Ballot.study_id.is_(None))
    else:
        query = query.where(whose)
    cast = query.subquery().c
    counted = session.execute(
        select(cast.left_label, cast.right_label, cast.choice, cast.voter, func.count()).group_by(
            cast.left_label, cast.right_label, cast.choice, cast.voter
        )
    ).all()
    bad: Counter[str] = Counter()
    for left, right, choice, _, count in counted:
        if choice == "both_bad":
            bad.update({left: count})
            bad.update({right: count})
    votes = [(left, right, _POINTS[choice]) for left, right, choice, _, count in counted for _ in range(count)]
    ranked = bradley_terry(votes, [voter for *_, voter, count in counted for _ in range(count)])
    out = 0 if duels else session.scalar(select(func.count(Ballot.voter.distinct())).where(failed(), whose))
    return Ranking(
        left_out=out or 0,
        votes=sum(count for *_, count in counted),
        voters=session.scalar(select(func.count(cast.voter.distinct()))) or 0,
        contestants=[
            Ranked(
                label=one.name, score=round(one.score, 1), low=round(one.low, 1), high=round(one.high, 1),
                wins=one.wins,
                losses=one.losses, ties=one.ties - bad[one.name], both_bad=bad[one.name],
            )
            for one in ranked
        ],
    )  # fmt: skip


def taken_for_original(session: Session, study_id: str) -> list[Taken]:
    """How often each contestant's colours, and the real ones, were taken for the photograph's own."""
    shown: Counter[str] = Counter()
    fooled: Counter[str] = Counter()
    each: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for ballot in session.scalars(select(Ballot).where(Ballot.study_id == study_id, Ballot.choice.is_not(None))):
        shown[ballot.left_label] += 1
        fooled[ballot.left_label] += ballot.choice == "original"
        one = each[ballot.left_label][ballot.voter]
        one[0] += ballot.choice == "original"
        one[1] += 1
    found = []
    for label in sorted(shown):
        # one person's answers are alike: they count as fewer independent ones
        effect = design_effect((hits, count) for hits, count in each[label].values())
        low, high = wilson(fooled[label] / effect, shown[label] / effect)
        found.append(
            Taken(
                label=label or "the original", is_original=not label, shown=shown[label], taken=fooled[label],
                rate=fooled[label] / shown[label], low=low, high=high,
            )
        )  # fmt: skip
    return found


def stars(session: Session) -> list[Starred]:
    """Mean stars by model, the best first."""
    given: dict[tuple[str, str], list[int]] = defaultdict(list)
    counted = select(Rating.model, Rating.model_version, Rating.stars, func.count())
    for model, version, one, count in session.execute(
        counted.group_by(Rating.model, Rating.model_version, Rating.stars)
    ):
        given[model, version] += [one] * count
    found = []
    for (model, version), values in given.items():
        mean, low, high = mean_interval(values)
        counts = [values.count(number) for number in range(1, 6)]
        found.append(
            Starred(
                model=model, model_version=version, ratings=len(values), mean=round(mean, 3), low=round(low, 3),
                high=round(high, 3), counts=counts,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: -one.mean)


def vote_rows(session: Session, study_id: str | None = None) -> list[dict[str, Any]]:
    """Every vote, voters as numbers: nothing leads back to a person."""
    query = select(Ballot).where(Ballot.choice.is_not(None)).order_by(Ballot.voted, Ballot.id)
    if study_id:
        query = query.where(Ballot.study_id == study_id)
    out = {(one.study_id, one.voter) for one in session.scalars(select(Ballot).where(failed()))}
    numbers: dict[str, int] = {}
    return [
        {
            "study": one.study_id, "kind": one.kind, "picture": one.picture_id, "left": one.left_label,
            "right": one.right_label, "choice": one.choice, "voter": numbers.setdefault(one.voter, len(numbers) + 1),
            "voted": one.voted.isoformat() if one.voted else "", "counts": (one.study_id, one.voter) not in out,
        }
        for one in session.scalars(query)
    ]  # fmt: skip


def rating_rows(session: Session, commenter: str | None = None) -> list[dict[str, Any]]:
    """Every rating, raters as numbers; comments only of ``commenter``, or all of them when None."""
    numbers: dict[str, int] = {}
    return [
        {
            "model": one.model, "model_version": one.model_version,
            "options": " ".join(f"{name}={value}" for name, value in sorted(one.options.items()) if name != "hints"),
            "stars": one.stars, "comment": one.comment if commenter in (None, one.rater) else "",
            "rater": numbers.setdefault(one.rater, len(numbers) + 1), "created": one.created.isoformat(),
        }
        for one in session.scalars(select(Rating).order_by(Rating.created, Rating.id))
    ]  # fmt: skip


def as_csv(rows: list[dict[str, Any]], columns: list[str]) -> str:
    """A table for spreadsheets; a text that one of them would take for a formula is quoted with an apostrophe."""
    target = io.StringIO()
    writer = csv.DictWriter(target, columns, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _inert(value) for name, value in row.items()})
    return target.getvalue()


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


VOTE_COLUMNS = ["study", "kind", "picture", "left", "right", "choice", "voter", "voted", "counts"]
RATING_COLUMNS = ["model", "model_version", "options", "stars", "comment", "rater", "created"]
