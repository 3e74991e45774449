"""Photos: send, list, look at, share, delete."""

import json
from typing import Annotated

from fastapi import APIRouter, File, Query, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from tintype.server.identity import OwnerDep
from tintype.server.intake import display_name
from tintype.server.library import add_photo, delete_picture, find_picture, list_pictures
from tintype.server.paging import CursorDep, LimitQuery
from tintype.server.problems import ProblemError, documented, not_found, outcome_of
from tintype.server.schemas.common import Id, Page
from tintype.server.schemas.pictures import Deleted, PicturePublic, PictureUpdate, Refusal, Upload
from tintype.server.tables import Picture
from tintype.server.variants import FULL, THUMBNAIL_PIXELS, variant

from .deps import ServicesDep
from .files import PICTURE, send_file

router = APIRouter(prefix="/api/pictures", tags=["pictures"])
MOST_LOOK = 100_000
GreyQuery = Annotated[bool, Query(description="The picture without its own colours.")]
DownloadQuery = Annotated[bool, Query(description="Save it instead of showing it.")]


@router.post("", operation_id="uploadPictures", status_code=201, responses=documented(400, 408, 413, 415, 429))
async def upload_pictures(
    files: Annotated[list[UploadFile], File(description="One or more photos: JPEG, PNG, WebP, TIFF, BMP, GIF.")],
    services: ServicesDep,
    owner: OwnerDep,
) -> Upload:
    """Send photos. One that is refused costs the others nothing; if all are, the answer is the first one's problem."""
    if len(files) > services.settings.max_files:
        raise ProblemError(413, f"{len(files)} files at once, the limit is {services.settings.max_files}")
    taken: list[PicturePublic] = []
    refused: list[Refusal] = []
    first: Exception | None = None
    for file in files:
        try:
            row = await run_in_threadpool(add_photo, services, file.file, file.size or 0, file.filename, owner)
            taken.append(PicturePublic.of(row, owner))
            services.metrics.uploaded("taken")
        except Exception as error:
            status, detail = outcome_of(error)
            refused.append(Refusal(name=display_name(file.filename), status=status, detail=detail))
            first = first or error
            services.metrics.uploaded("refused")
        finally:
            await file.close()
    if first is not None and not taken:
        raise first
    return Upload(pictures=taken, refused=refused)


@router.get("", operation_id="listPictures")
def list_own(services: ServicesDep, owner: OwnerDep, cursor: CursorDep, limit: LimitQuery = 24) -> Page[PicturePublic]:
    """The asker's own pictures with their results, newest first."""
    with services.database.session() as session:
        rows, following = list_pictures(session, owner, limit, cursor, shared=False)
        return Page(items=[PicturePublic.of(row, owner) for row in rows], next=following)


@router.get("/{picture_id}", operation_id="getPicture", responses=documented(404))
def get_picture(picture_id: Id, services: ServicesDep, owner: OwnerDep) -> PicturePublic:
    """One picture with its results."""
    with services.database.session() as session:
        return PicturePublic.of(find_picture(session, picture_id, owner), owner)


@router.patch("/{picture_id}", operation_id="updatePicture", responses=documented(404))
def update_picture(picture_id: Id, body: PictureUpdate, services: ServicesDep, owner: OwnerDep) -> PicturePublic:
    """Rename a picture, share it, or make it private again."""
    with services.database.session() as session:
        row = find_picture(session, picture_id, owner, to_change=True)
        if body.name is not None:
            row.name = display_name(body.name)
        if body.shared is not None:
            row.shared = body.shared
        if body.look is not None:
            if len(json.dumps(body.look)) > MOST_LOOK:
                raise ProblemError(413, f"a look may have {MOST_LOOK:,} bytes")
            row.look = body.look
        if body.shown is not None:
            if all(result.id != body.shown for result in row.results):
                raise not_found("result")
            row.shown = body.shown
        return PicturePublic.of(row, owner)


@router.delete("/{picture_id}", operation_id="deletePicture", responses=documented(404))
def delete_one(picture_id: Id, services: ServicesDep, owner: OwnerDep) -> Deleted:
    """Delete a picture with its results, at once and for good. What people said about the results stays, nameless."""
    _mine(picture_id, services, owner, to_change=True)
    return Deleted(pictures=1, results=delete_picture(services, picture_id))


@router.get(
    "/{picture_id}/file", operation_id="getPictureFile", response_class=Response, responses=documented(404) | PICTURE
)
def get_file(picture_id: Id, services: ServicesDep, owner: OwnerDep, download: DownloadQuery = False) -> Response:
    """The file as it was sent; only for whoever sent it."""
    row = _mine(picture_id, services, owner, to_change=True)
    return send_file(services, row.key, row.name, download=download)


@router.get(
    "/{picture_id}/preview", operation_id="getPicturePreview", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_preview(
    picture_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    grey: GreyQuery = False,
    full: Annotated[bool, Query(description="With all its pixels instead of at screen size.")] = False,
) -> Response:
    """The photo at screen size, as JPEG."""
    row = _mine(picture_id, services, owner)
    return send_file(services, variant(services, row, FULL if full else services.settings.preview_pixels, grey))


@router.get(
    "/{picture_id}/thumbnail", operation_id="getPictureThumbnail", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_thumbnail(picture_id: Id, services: ServicesDep, owner: OwnerDep, grey: GreyQuery = False) -> Response:
    """The photo, small, as JPEG."""
    row = _mine(picture_id, services, owner)
    return send_file(services, variant(services, row, THUMBNAIL_PIXELS, grey))


def _mine(picture_id: str, services: ServicesDep, owner: str, *, to_change: bool = False) -> Picture:
    with services.database.session() as session:
        return find_picture(session, picture_id, owner, to_change=to_change)
