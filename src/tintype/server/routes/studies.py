"""Studies: make one, vote in it, see what it says."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from tintype.server import library
from tintype.server.evaluations.ballots import CHOICES, draw
from tintype.server.evaluations.by_picture import by_picture
from tintype.server.evaluations.outcome import VOTE_COLUMNS, ranking, taken_for_original, vote_rows
from tintype.server.evaluations.prepare import contestant, create_study
from tintype.server.identity import OwnerDep
from tintype.server.jobs.job_store import create
from tintype.server.library import find_picture
from tintype.server.paging import CursorDep, LimitQuery, after
from tintype.server.problems import ProblemError, documented, not_found
from tintype.server.schemas.common import Id, Page
from tintype.server.schemas.evaluations import (
    BallotPublic,
    Question,
    Ranking,
    StudyCreate,
    StudyOutcome,
    StudyPublic,
    StudyUpdate,
    Table,
)
from tintype.server.stored import read_file
from tintype.server.tables import Picture, Result, Study
from tintype.server.variants import THUMBNAIL_PIXELS, variant

from .deps import ServicesDep
from .files import PICTURE, send_bytes
from .ratings import FormatQuery, table

router = APIRouter(prefix="/api", tags=["evaluations"])
OfQuery = Annotated[
    Literal["studies", "duels"], Query(description="duels: what people compared of their own photos, outside studies.")
]


@router.post("/studies", operation_id="createStudy", status_code=202, responses=documented(404, 429, 501))
def create_one(body: StudyCreate, services: ServicesDep, owner: OwnerDep) -> StudyPublic:
    """Make a study of the asker's photos; a job copies and colours them, then the study opens."""
    if services.settings.studies == "nobody":
        raise ProblemError(403, "on this server only its owner makes studies, by `tintype arena`")
    pictures = list(dict.fromkeys(body.pictures))
    with services.database.session() as session:
        for identity in pictures:
            if find_picture(session, identity, owner, to_change=True).kind != "photo":
                raise ProblemError(422, f"the picture {identity} is a film; studies are of photos")
    contestants = [contestant(services, one.options, one.label) for one in body.contestants]
    study = create_study(
        services, body.kind, body.name, body.question, contestants, owner=owner, listed=body.listed, checks=body.checks
    )
    job = create(services, "study", {"study": study.id, "pictures": pictures}, len(pictures), owner)
    with services.database.session() as session:
        kept = session.get_one(Study, study.id)
        kept.job_id = job.id
        return StudyPublic.of(kept, owner)


@router.get("/studies", operation_id="listStudies")
def list_studies(
    services: ServicesDep, owner: OwnerDep, cursor: CursorDep, limit: LimitQuery = 20
) -> Page[StudyPublic]:
    """Studies that the server's owner shows to everybody, and the asker's own, newest first."""
    query = select(Study).where(or_(Study.owner == owner, and_(Study.listed, or_(Study.owner == "", Study.approved))))
    with services.database.session() as session:
        rows, following = after(session, query, Study.created, Study.id, limit, cursor)
        return Page(items=[StudyPublic.of(row, owner) for row in rows], next=following)


@router.get("/studies/{study_id}", operation_id="getStudy", responses=documented(404))
def get_study(study_id: Id, services: ServicesDep, owner: OwnerDep) -> StudyPublic:
    """One study; whoever knows its address may vote in it."""
    with services.database.session() as session:
        return StudyPublic.of(_find(session, study_id), owner)


@router.patch("/studies/{study_id}", operation_id="updateStudy", responses=documented(404, 409))
def update_study(study_id: Id, body: StudyUpdate, services: ServicesDep, owner: OwnerDep) -> StudyPublic:
    """Close a study, open it again, list it."""
    with services.database.session() as session:
        study = _find(session, study_id, owner)
        if body.state is not None:
            if study.state == "preparing":
                raise ProblemError(409, "the study is still being prepared")
            study.state = body.state
        if body.listed is not None:
            study.listed = body.listed
        return StudyPublic.of(study, owner)


@router.delete("/studies/{study_id}", operation_id="deleteStudy", status_code=204, responses=documented(404))
def delete_study(study_id: Id, services: ServicesDep, owner: OwnerDep) -> None:
    """Delete a study with its photos and votes."""
    with services.database.session() as session:
        _find(session, study_id, owner)
    library.delete_study(services, study_id)


@router.post("/studies/{study_id}/ballots", operation_id="drawBallot", responses=documented(404, 409))
def draw_ballot(study_id: Id, services: ServicesDep, owner: OwnerDep) -> Question:
    """The asker's next question; until it is answered the same one comes again."""
    with services.database.session() as session:
        study = _find(session, study_id)
    ballot, left = draw(services, study, owner)
    return Question(ballot=BallotPublic.of(ballot, CHOICES[study.kind]) if ballot else None, left=left)


@router.get("/studies/{study_id}/outcome", operation_id="getStudyOutcome", responses=documented(404))
def get_outcome(study_id: Id, services: ServicesDep) -> StudyOutcome:
    """What the votes of a study say so far."""
    with services.database.session() as session:
        study = _find(session, study_id)
        if study.kind == "arena":
            return StudyOutcome(ranking=ranking(session, study_id), taken=None, pictures=by_picture(session, study))
        taken = taken_for_original(session, study_id)
        return StudyOutcome(ranking=None, taken=taken, pictures=by_picture(session, study))


@router.get(
    "/studies/{study_id}/pictures/{picture_id}/{side}", operation_id="getStudyPicture", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_study_picture(
    study_id: Id,
    picture_id: Id,
    side: Annotated[
        str, Path(pattern=r"^(grey|original|[A-Za-z0-9_-]{22})$", description="grey, original, or a result.")
    ],
    services: ServicesDep,
) -> Response:
    """One photo of a study, small, as JPEG; `original` is for studies that ask which colours are real."""
    with services.database.session() as session:
        study = _find(session, study_id)
        picture = session.get(Picture, picture_id)
        if picture is None or picture.study_id != study_id or (side == "original" and study.kind != "turing"):
            raise not_found("picture")
        row = picture if side in ("grey", "original") else session.get(Result, side)
        if row is None or (isinstance(row, Result) and row.picture_id != picture_id):
            raise not_found("picture")
    key = variant(services, row, THUMBNAIL_PIXELS, grey=side == "grey")
    return send_bytes(read_file(services.storage, key), "image/jpeg", "side.jpg")


@router.get(
    "/studies/{study_id}/votes", operation_id="exportVotes", response_model=None,
    responses=documented(404) | {200: {"model": Table, "content": {"text/csv": {}}}},
)  # fmt: skip
def export_votes(study_id: Id, services: ServicesDep, format: FormatQuery = "json") -> Response | Table:
    """Every vote of a study, voters as numbers."""
    with services.database.session() as session:
        _find(session, study_id)
        rows = vote_rows(session, study_id)
    return table(rows, VOTE_COLUMNS, format, "votes.csv")


@router.get("/ranking", operation_id="getRanking")
def get_ranking(services: ServicesDep, of: OfQuery = "studies") -> Ranking:
    """Models and settings by strength, from the blind comparisons in the studies of the server's owner; or, apart
    from these, from what people compared of their own photos."""
    return services.tables.get(f"ranking {of}", lambda session: ranking(session, duels=of == "duels"))


def _find(session: Session, study_id: str, owner: str | None = None) -> Study:
    study = session.get(Study, study_id)
    if study is None or (owner is not None and study.owner != owner):
        raise not_found("study")
    return study
