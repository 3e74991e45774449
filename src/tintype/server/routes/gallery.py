"""What people chose to share."""

from fastapi import APIRouter

from tintype.server.identity import OwnerDep
from tintype.server.library import list_pictures
from tintype.server.paging import CursorDep, LimitQuery
from tintype.server.schemas.common import Page
from tintype.server.schemas.pictures import PicturePublic

from .deps import ServicesDep

router = APIRouter(prefix="/api/gallery", tags=["pictures"])


@router.get("", operation_id="listGallery")
def list_gallery(
    services: ServicesDep, owner: OwnerDep, cursor: CursorDep, limit: LimitQuery = 24
) -> Page[PicturePublic]:
    """Everybody's shared pictures with their results, newest first."""
    with services.database.session() as session:
        rows, following = list_pictures(session, owner, limit, cursor, shared=True)
        return Page(items=[PicturePublic.of(row, owner) for row in rows], next=following)
