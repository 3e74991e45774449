"""What a study says of each of its photos."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from tintype.server.root import here
from tintype.server.schemas.evaluations import PictureOutcome, PictureSide
from tintype.server.tables import Ballot, Study

from .attention import CHECK, looked

MOST = 60
Side = tuple[str, str | None]  # label and result, None for the photograph's own colours


def by_picture(session: Session, study: Study) -> list[PictureOutcome]:
    """How often each colouring of each photo was shown and chosen, the photos with the most answers first. Who failed a
    check of attention is left out."""
    cast = select(Ballot).where(
        Ballot.study_id == study.id, Ballot.choice.is_not(None), Ballot.kind != CHECK, looked()
    )  # fmt: skip
    shown: dict[str, Counter[Side]] = {}
    chosen: dict[str, Counter[Side]] = {}
    for one in session.scalars(cast):
        if one.picture_id is None:
            continue
        sides = [(one.left_label, one.left_id)] + ([(one.right_label, one.right_id)] if one.right_label else [])
        shown.setdefault(one.picture_id, Counter()).update(sides)
        won = {"left": sides[:1], "right": sides[1:], "original": sides[:1]}.get(one.choice or "", [])
        chosen.setdefault(one.picture_id, Counter()).update(won)
    order = sorted(shown, key=lambda picture: (-shown[picture].total(), picture))[:MOST]
    found = []
    for picture in order:
        base = here(f"/api/studies/{study.id}/pictures/{picture}")
        sides_of = [
            PictureSide(
                label=label, shown=count, chosen=chosen[picture][label, result],
                thumbnail_url=f"{base}/{result or 'original'}",
            )
            for (label, result), count in sorted(shown[picture].items(), key=lambda side: side[0][0])
            if result is not None or not label  # its result is still there
        ]  # fmt: skip
        found.append(PictureOutcome(photo_url=f"{base}/grey", sides=sides_of))
    return found
