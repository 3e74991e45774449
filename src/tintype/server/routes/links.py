"""Links that lead to one result for a while."""

from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from tintype.server.identity import OwnerDep
from tintype.server.library import find_result
from tintype.server.problems import documented, not_found
from tintype.server.root import here
from tintype.server.schemas.common import Id
from tintype.server.schemas.links import LinkCreate, LinkPublic, Shared
from tintype.server.stored import read_file
from tintype.server.tables import Result, ShareLink, now
from tintype.server.variants import variant

from .deps import ServicesDep
from .files import PICTURE, send_bytes

router = APIRouter(prefix="/api", tags=["links"])


@router.post("/results/{result_id}/links", operation_id="createLink", status_code=201, responses=documented(404))
def create_link(result_id: Id, body: LinkCreate, services: ServicesDep, owner: OwnerDep) -> LinkPublic:
    """Make an address under which anybody sees this result, until it ends or is taken back."""
    with services.database.session() as session:
        find_result(session, result_id, owner, to_change=True)
        row = ShareLink(owner=owner, result_id=result_id, expires=now() + timedelta(hours=body.hours))
        session.add(row)
    return LinkPublic.of(row)


@router.get("/results/{result_id}/links", operation_id="listLinks", responses=documented(404))
def list_links(result_id: Id, services: ServicesDep, owner: OwnerDep) -> list[LinkPublic]:
    """The asker's links to a result that have not ended."""
    with services.database.session() as session:
        find_result(session, result_id, owner)
        rows = session.scalars(
            select(ShareLink).where(
                ShareLink.result_id == result_id, ShareLink.owner == owner, ShareLink.expires > now()
            )
        )
        return [LinkPublic.of(row) for row in rows]


@router.delete("/links/{link_id}", operation_id="deleteLink", status_code=204, responses=documented(404))
def delete_link(link_id: Id, services: ServicesDep, owner: OwnerDep) -> None:
    """Take a link back: it leads nowhere from now on."""
    with services.database.session() as session:
        row = session.get(ShareLink, link_id)
        if row is None or row.owner != owner:
            raise not_found("link")
        session.delete(row)


@router.get("/links/{link_id}", operation_id="openLink", responses=documented(404))
def open_link(link_id: Id, services: ServicesDep) -> Shared:
    """What a link leads to."""
    with services.database.session() as session:
        link = _alive(session, link_id)
        result = session.get_one(Result, link.result_id, options=[selectinload(Result.picture)])
        base = here(f"/api/links/{link_id}")
        return Shared(
            name=result.picture.name, model=result.model, width=result.width, height=result.height,
            before_url=f"{base}/before", after_url=f"{base}/after", file_url=f"{base}/after", expires=link.expires,
        )  # fmt: skip


@router.get(
    "/links/{link_id}/{side}", operation_id="getLinkSide", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_side(link_id: Id, side: Literal["before", "after"], services: ServicesDep) -> Response:
    """One of the two pictures at screen size, as JPEG without anything that the file told beside it."""
    with services.database.session() as session:
        link = _alive(session, link_id)
        result = session.get_one(Result, link.result_id, options=[selectinload(Result.picture)])
        row = result if side == "after" else result.picture
    key = variant(services, row, services.settings.preview_pixels, grey=side == "before")
    headers = {"Cache-Control": "no-store"}
    return send_bytes(read_file(services.storage, key), "image/jpeg", f"{side}.jpg", headers=headers)


def _alive(session: Session, link_id: str) -> ShareLink:
    row = session.get(ShareLink, link_id)
    if row is None or row.expires <= now():
        raise not_found("link")
    return row
