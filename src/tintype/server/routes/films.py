"""Films: send one; the rest is as with photos, and a job of kind film colours it."""

from typing import Annotated

from fastapi import APIRouter, File, UploadFile
from starlette.concurrency import run_in_threadpool

from tintype.server.capabilities import require
from tintype.server.films import add_film
from tintype.server.identity import OwnerDep
from tintype.server.problems import documented
from tintype.server.schemas.pictures import PicturePublic

from .deps import ServicesDep

router = APIRouter(prefix="/api/films", tags=["pictures"])


@router.post("", operation_id="uploadFilm", status_code=201, responses=documented(400, 408, 413, 415, 429, 501))
async def upload_film(
    file: Annotated[UploadFile, File(description="One film: MP4, MOV, Matroska, WebM, AVI, Ogg or MPEG.")],
    services: ServicesDep,
    owner: OwnerDep,
) -> PicturePublic:
    """Send a film. Then make a job of kind film, and follow its events."""
    require("films", services.shelf.file(None))
    try:
        row = await run_in_threadpool(add_film, services, file.file, file.size or 0, file.filename, owner)
    finally:
        await file.close()
    return PicturePublic.of(row, owner)
