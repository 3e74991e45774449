"""What one takes home beside the picture itself."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from PIL import Image

from tintype.server.capabilities import require
from tintype.server.identity import OwnerDep
from tintype.server.large import Head, weigh
from tintype.server.library import find_picture, find_result
from tintype.server.problems import ProblemError, documented
from tintype.server.schemas.common import Id, clean
from tintype.server.schemas.jobs import PictureId
from tintype.server.services import Services
from tintype.server.stored import read_small
from tintype.server.tables import Result, shown_result
from tintype.server.takeaway import SIDE, Pair, album, animated_webp, mp4, side_by_side

from .deps import ServicesDep
from .files import FILE_HEADERS, PICTURE, disposition, send_bytes

router = APIRouter(prefix="/api", tags=["takeaway"])
_MEDIA = {"jpeg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4"}
_MOST = 200  # photos in an album


@router.get(
    "/results/{result_id}/both", operation_id="getBoth", response_class=Response,
    responses=documented(404, 429, 501) | PICTURE,
)  # fmt: skip
def get_both(
    result_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    format: Annotated[
        Literal["jpeg", "webp", "mp4"], Query(description="jpeg: side by side; webp and mp4: a clip that wipes.")
    ] = "jpeg",
) -> Response:
    """Before and after in one file: side by side, or as a short clip."""
    with services.database.session() as session:
        row = find_result(session, result_id, owner)
    if row.picture.kind != "photo":
        raise ProblemError(422, "this is a film; before and after in one are for photos")
    if format == "mp4":
        require("films", services.registry.file(None))
    with services.gate.pass_through(_weight(row)):
        pair = _pair(services, row)
        data = {"jpeg": side_by_side, "webp": animated_webp, "mp4": mp4}[format](pair)
    name = f"{PurePosixPath(row.picture.name).stem}-before-after.{'jpg' if format == 'jpeg' else format}"
    return send_bytes(data, _MEDIA[format], name, download=True)


@router.get("/album", operation_id="getAlbum", response_class=Response, responses=documented(404, 429) | PICTURE)
def get_album(
    services: ServicesDep,
    owner: OwnerDep,
    pictures: Annotated[list[PictureId], Query(max_length=_MOST, description="Photos of the asker, in their order.")],
    title: Annotated[str, Query(max_length=100)] = "Album",
) -> Response:
    """Photos in one HTML file that needs nothing else, each with its slider between grey and colour."""
    rows = []
    with services.database.session() as session:
        for identity in pictures:
            picture = find_picture(session, identity, owner, to_change=True)
            shown = shown_result(picture)
            if picture.kind == "photo" and shown is not None:
                rows.append(shown)
        for row in rows:
            row.picture  # noqa: B018 - loaded while the session lives
    if not rows:
        raise ProblemError(422, "none of these photos is coloured")
    return send_album(services, rows, title)


def send_album(services: Services, rows: list[Result], title: str) -> Response:
    """The album of these results, whose pictures are loaded; made while it is sent."""

    def pairs() -> Iterator[Pair]:
        for row in rows:
            with services.gate.hold(_weight(row)):
                yield _pair(services, row)

    headers = FILE_HEADERS | {"Content-Disposition": disposition(f"{clean(title) or 'Album'}.html", True)}
    return StreamingResponse(album(pairs(), clean(title)), media_type="text/html; charset=utf-8", headers=headers)


def _weight(row: Result) -> int:
    return weigh(Head("JPEG", min(row.width, 4096), min(row.height, 4096), "RGB", False), "convert")


def _pair(services: Services, row: Result) -> Pair:
    before = Image.fromarray(read_small(services.storage, row.picture.key, SIDE, services.settings.max_pixels).luma)
    after = Image.fromarray(read_small(services.storage, row.key, SIDE, services.settings.max_pixels).rgb())
    return Pair(
        row.picture.name, f"Colours estimated by tintype, model {row.model} {row.model_version}.", before, after
    )
