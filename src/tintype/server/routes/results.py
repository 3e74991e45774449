"""Results: colour a photo, look at it, download it, delete it."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from tintype.photo.photo import Photo
from tintype.photo.shrink import smaller
from tintype.server.colouring import anonymous, check, colour, nameless, reference_of
from tintype.server.identity import OwnerDep
from tintype.server.intake import media_type_of, suffix_of
from tintype.server.large import convert, head_of, scratch
from tintype.server.library import delete_result, find_picture, find_result
from tintype.server.problems import ProblemError, documented
from tintype.server.schemas.common import ColourOptions, Id
from tintype.server.schemas.pictures import Deleted, ResultPublic, ResultUpdate
from tintype.server.stored import read_file, read_small, weight_of
from tintype.server.tables import Result
from tintype.server.variants import THUMBNAIL_PIXELS, variant

from .deps import ServicesDep
from .files import PICTURE, send_bytes, send_file
from .price import PAID

router = APIRouter(prefix="/api", tags=["results"])
Format = Literal["jpeg", "png", "webp", "tiff"]


@router.post(
    "/pictures/{picture_id}/results",
    operation_id="colorizePicture",
    status_code=201,
    dependencies=[PAID],
    responses=documented(404, 429, 501, 503) | {200: {"model": ResultPublic, "description": "It was there already."}},
)
def colorize_picture(
    picture_id: Id,
    body: ColourOptions,
    response: Response,
    services: ServicesDep,
    owner: OwnerDep,
    show: Annotated[bool, Query(description="Let others, and the gallery, see this version.")] = False,
    share: Annotated[bool, Query(description="Show it to everybody, in the shared gallery.")] = False,
) -> ResultPublic:
    """Colour a photo at full resolution and keep the result. Asked the same again, the same result comes back."""
    check(services, body)
    with services.database.session() as session:
        picture = find_picture(session, picture_id, owner, to_change=True)
    if picture.kind != "photo":
        raise ProblemError(422, "this is a film; make a job of kind film for it")
    reference_of(services, body, owner)
    row, is_new = colour(services, picture_id, body, services.gate.pass_through)
    if show or share:
        with services.database.session() as session:
            picture = find_picture(session, picture_id, owner, to_change=True)
            picture.shown = row.id
            picture.shared = picture.shared or share
    response.status_code = 201 if is_new else 200
    return ResultPublic.of(row)


@router.get("/results/{result_id}", operation_id="getResult", responses=documented(404))
def get_result(result_id: Id, services: ServicesDep, owner: OwnerDep) -> ResultPublic:
    """One result."""
    return ResultPublic.of(_mine(result_id, services, owner))


@router.patch("/results/{result_id}", operation_id="updateResult", responses=documented(404))
def update_result(result_id: Id, body: ResultUpdate, services: ServicesDep, owner: OwnerDep) -> ResultPublic:
    """Give a version a name."""
    with services.database.session() as session:
        row = find_result(session, result_id, owner, to_change=True)
        row.name = body.name
        return ResultPublic.of(row)


@router.delete("/results/{result_id}", operation_id="deleteResult", responses=documented(404))
def delete_one(result_id: Id, services: ServicesDep, owner: OwnerDep) -> Deleted:
    """Delete a result; the picture stays."""
    _mine(result_id, services, owner, to_change=True)
    delete_result(services, result_id)
    return Deleted(results=1)


@router.get(
    "/results/{result_id}/file", operation_id="getResultFile", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_file(
    result_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    download: Annotated[bool, Query(description="Save it instead of showing it.")] = False,
    format: Annotated[Format | None, Query(description="Another format than the photo's own.")] = None,
    quality: Annotated[int | None, Query(ge=1, le=100, description="For JPEG and WebP.")] = None,
    side: Annotated[
        int | None, Query(ge=16, le=65_500, description="Pixels of the long side at most; all there are if left out.")
    ] = None,
) -> Response:
    """The whole result, with the photo's metadata for whoever sent it, without them for others."""
    row = _mine(result_id, services, owner)
    is_own = row.picture.owner == owner
    name = f"{PurePosixPath(row.picture.name).stem}-color"
    if (is_own and format is None and quality is None and side is None) or row.picture.kind == "film":
        suffix = PurePosixPath(row.key).suffix
        return send_file(services, row.key, name + suffix, download=download)
    kind = (format or row.format).upper()
    suffix = suffix_of(kind)
    model = services.registry.find(row.model)
    with services.gate.pass_through(weight_of(services.storage, row.key, "convert")):
        data = read_file(services.storage, row.key)
        head = head_of(data)
        if side is not None and side < max(row.width, row.height):
            small = read_small(services.storage, row.key, side, services.settings.max_pixels)
            sized = smaller(small if is_own else anonymous(small, model), side, kind)
            return send_bytes(sized.encode(kind, quality), media_type_of(suffix), name + suffix, download=download)
        if head is not None and head.is_streamed:
            with scratch(suffix) as path:
                convert(data, path, kind, quality, None if is_own else nameless(data, model))
                return send_bytes(path.read_bytes(), media_type_of(suffix), name + suffix, download=download)
        photo = Photo.read(data, max_pixels=services.settings.max_pixels)
        encoded = (photo if is_own else anonymous(photo, model)).encode(kind, quality)
    return send_bytes(encoded, media_type_of(suffix), name + suffix, download=download)


@router.get(
    "/results/{result_id}/preview", operation_id="getResultPreview", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_preview(result_id: Id, services: ServicesDep, owner: OwnerDep) -> Response:
    """The result at screen size, as JPEG."""
    row = _mine(result_id, services, owner)
    return send_file(services, variant(services, row, services.settings.preview_pixels))


@router.get(
    "/results/{result_id}/thumbnail", operation_id="getResultThumbnail", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_thumbnail(result_id: Id, services: ServicesDep, owner: OwnerDep) -> Response:
    """The result, small, as JPEG."""
    return send_file(services, variant(services, _mine(result_id, services, owner), THUMBNAIL_PIXELS))


def _mine(result_id: str, services: ServicesDep, owner: str, *, to_change: bool = False) -> Result:
    with services.database.session() as session:
        return find_result(session, result_id, owner, to_change=to_change)
