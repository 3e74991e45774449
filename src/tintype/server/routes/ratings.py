"""Stars and comments."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tintype.server.evaluations.outcome import RATING_COLUMNS, as_csv, rating_rows, stars
from tintype.server.identity import OwnerDep
from tintype.server.library import find_result
from tintype.server.problems import documented, not_found
from tintype.server.schemas.common import Id
from tintype.server.schemas.evaluations import RatingCreate, RatingPublic, Starred, Table
from tintype.server.tables import Rating, now

from .deps import ServicesDep
from .files import disposition

router = APIRouter(prefix="/api", tags=["evaluations"])
FormatQuery = Annotated[Literal["json", "csv"], Query(description="csv for spreadsheets.")]


@router.put("/results/{result_id}/rating", operation_id="rateResult", responses=documented(404))
def rate_result(result_id: Id, body: RatingCreate, services: ServicesDep, owner: OwnerDep) -> RatingPublic:
    """Give a result stars; a second time replaces the first."""
    for attempt in (1, 2):
        try:
            with services.database.session() as session:
                result = find_result(session, result_id, owner)
                row = _own(session, result_id, owner)
                if row is None:
                    row = Rating(
                        result_id=result_id, rater=owner, model=result.model, model_version=result.model_version,
                        options=result.options,
                    )  # fmt: skip
                    session.add(row)
                row.stars, row.comment, row.created = body.stars, body.comment, now()
            return RatingPublic.of(row)
        except IntegrityError:  # the same person twice at the same moment
            if attempt == 2:
                raise
    raise AssertionError


@router.get("/results/{result_id}/rating", operation_id="getRating", responses=documented(404))
def get_rating(result_id: Id, services: ServicesDep, owner: OwnerDep) -> RatingPublic:
    """The asker's own rating of a result."""
    with services.database.session() as session:
        row = _own(session, result_id, owner)
        if row is None:
            raise not_found("rating")
        return RatingPublic.of(row)


@router.delete("/results/{result_id}/rating", operation_id="deleteRating", status_code=204, responses=documented(404))
def delete_rating(result_id: Id, services: ServicesDep, owner: OwnerDep) -> None:
    """Take a rating back."""
    with services.database.session() as session:
        row = _own(session, result_id, owner)
        if row is None:
            raise not_found("rating")
        session.delete(row)


@router.get("/stars", operation_id="listStars")
def list_stars(services: ServicesDep) -> list[Starred]:
    """Mean stars of every model that was rated, the best first."""
    return services.tables.get("stars", stars)


@router.get(
    "/ratings", operation_id="exportRatings", responses={200: {"model": Table, "content": {"text/csv": {}}}},
    response_model=None,
)  # fmt: skip
def export_ratings(services: ServicesDep, owner: OwnerDep, format: FormatQuery = "json") -> Response | Table:
    """Every rating, raters as numbers. Comments are the asker's own; the server's owner has all by `tintype arena`."""
    with services.database.session() as session:
        rows = rating_rows(session, owner)
    return table(rows, RATING_COLUMNS, format, "ratings.csv")


def table(rows: list[dict[str, object]], columns: list[str], format: str, name: str) -> Response | Table:
    """Rows as JSON or as a CSV file."""
    if format == "json":
        return Table(rows=rows)
    headers = {"Content-Disposition": disposition(name, True)}
    return Response(as_csv(rows, columns), media_type="text/csv; charset=utf-8", headers=headers)


def _own(session: Session, result_id: str, owner: str) -> Rating | None:
    found: Rating | None = session.scalar(select(Rating).where(Rating.result_id == result_id, Rating.rater == owner))
    return found
