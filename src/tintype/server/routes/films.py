"""Films: send one; the rest is as with photos, and a job of kind film colours it."""

import json
from typing import Annotated

from fastapi import APIRouter, File, Path, Query, Response, UploadFile
from starlette.concurrency import run_in_threadpool

from tintype.server.capabilities import require
from tintype.server.films import add_film, frame_jpeg
from tintype.server.identity import OwnerDep
from tintype.server.intake import FILM_KINDS
from tintype.server.jobs.scenes import scenes_key, thumbnail_key
from tintype.server.library import find_picture
from tintype.server.problems import documented, not_found
from tintype.server.root import here
from tintype.server.schemas.common import Id
from tintype.server.schemas.jobs import Scene, Scenes
from tintype.server.schemas.pictures import PicturePublic
from tintype.server.services import Services
from tintype.server.stored import read_file
from tintype.server.tables import Picture

from .deps import ServicesDep
from .files import PICTURE, send_bytes

router = APIRouter(prefix="/api/films", tags=["pictures"])


@router.get("/{picture_id}/scenes", operation_id="getScenes", responses=documented(404))
def get_scenes(picture_id: Id, services: ServicesDep, owner: OwnerDep) -> Scenes:
    """The scenes of a film. If they have not been looked for yet, a job of kind scenes does that."""
    _film(services, picture_id, owner)
    try:
        listed = json.loads(services.storage.read(scenes_key(picture_id)))
    except FileNotFoundError:
        return Scenes(known=False, seconds=0, items=[])
    base = here(f"/api/films/{picture_id}/scenes")
    items = [Scene(**one, thumbnail_url=f"{base}/{one['number']}/thumbnail") for one in listed]
    return Scenes(known=True, seconds=items[-1].end if items else 0, items=items)


@router.get(
    "/{picture_id}/scenes/{number}/thumbnail", operation_id="getSceneThumbnail", response_class=Response,
    responses=documented(404) | PICTURE,
)  # fmt: skip
def get_scene_thumbnail(
    picture_id: Id, number: Annotated[int, Path(ge=0, le=9999)], services: ServicesDep, owner: OwnerDep
) -> Response:
    """The picture of one scene, as JPEG."""
    _film(services, picture_id, owner)
    data = read_file(services.storage, thumbnail_key(picture_id, number))
    return send_bytes(data, "image/jpeg", "scene.jpg")


@router.get(
    "/{picture_id}/frame", operation_id="getFilmFrame", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_film_frame(
    picture_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    seconds: Annotated[float, Query(ge=0, le=1e6, description="When, from the first frame.")] = 0,
) -> Response:
    """One frame at screen size, as JPEG: what points of a film are set on."""
    film = _film(services, picture_id, owner)
    data = frame_jpeg(services, film, seconds)
    if data is None:
        raise not_found("frame")
    return send_bytes(data, "image/jpeg", "frame.jpg")


def _film(services: Services, picture_id: str, owner: str) -> Picture:
    require("films", services.registry.file(None))
    with services.database.session() as session:
        film = find_picture(session, picture_id, owner)
    if film.kind != "film":
        raise not_found("film")
    return film


@router.post("", operation_id="uploadFilm", status_code=201, responses=documented(400, 408, 413, 415, 429, 501))
async def upload_film(
    file: Annotated[UploadFile, File(description=f"One film: {FILM_KINDS}.")],
    services: ServicesDep,
    owner: OwnerDep,
) -> PicturePublic:
    """Send a film. Then make a job of kind film, and follow its events."""
    require("films", services.registry.file(None))
    try:
        row = await run_in_threadpool(add_film, services, file.file, file.size or 0, file.filename, owner)
    finally:
        await file.close()
    return PicturePublic.of(row, owner)
