"""Uploads that go on where they stopped: the core of tus 1.0.0 (https://tus.io/protocols/resumable-upload) with its
extensions creation, expiration and termination, and one step more that makes the picture."""

import base64
import binascii
import tempfile
from email.utils import format_datetime
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Header, Request, Response
from fastapi.exceptions import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from tintype.server.identity import OwnerDep
from tintype.server.problems import ProblemError, documented
from tintype.server.root import here
from tintype.server.schemas.common import Id
from tintype.server.schemas.pictures import PicturePublic
from tintype.server.services import Services
from tintype.server.tables import OpenUpload
from tintype.server.uploads import append, begin, find_upload, finish, forget_upload, offset_of

from .deps import ServicesDep

router = APIRouter(prefix="/api/uploads", tags=["pictures"])
VERSION = "1.0.0"
_EXTENSIONS = "creation,expiration,termination"
_PIECE_TYPE = "application/offset+octet-stream"
_RESUMABLE = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
_IN_MEMORY = 1 << 20
Resumable = Annotated[str, Header(description="The protocol's version: 1.0.0.", examples=[VERSION])]
Count = Annotated[int, Header(ge=0, le=1 << 50)]


@router.options("", operation_id="getUploadOptions", status_code=204)
def get_upload_options(services: ServicesDep) -> Response:
    """What of the protocol this server speaks."""
    settings = services.settings
    most = max(settings.max_bytes, settings.max_film_bytes)
    told = {"Tus-Version": VERSION, "Tus-Extension": _EXTENSIONS, "Tus-Max-Size": str(most)}
    return Response(status_code=204, headers=_RESUMABLE | told)


@router.post("", operation_id="beginUpload", status_code=201, responses=documented(400, 412, 413, 415, 429, 501, 507))
def begin_upload(
    services: ServicesDep,
    owner: OwnerDep,
    tus_resumable: Resumable,
    upload_length: Annotated[Count, Header(description="Bytes of the whole file.")],
    upload_metadata: Annotated[
        str, Header(max_length=4000, description="`filename` and `kind` (photo or film), each in Base64, with commas.")
    ] = "",
) -> Response:
    """Begin to send a file in pieces; `Location` says where they go."""
    _check_version(tus_resumable)
    known = _metadata(upload_metadata)
    kind = known.get("kind", "photo")
    if kind not in ("photo", "film"):
        raise ProblemError(400, f"kind is {kind[:40]!r} in Upload-Metadata; it is photo or film")
    row = begin(services, owner, upload_length, known.get("filename"), kind)
    return Response(status_code=201, headers={"Location": here(f"/api/uploads/{row.id}")} | _state(row, 0))


@router.head("/{upload_id}", operation_id="getUpload", responses=documented(404, 412))
def get_upload(upload_id: Id, services: ServicesDep, owner: OwnerDep, tus_resumable: Resumable) -> Response:
    """How much of a file has come: there it is gone on."""
    _check_version(tus_resumable)
    row = find_upload(services, upload_id, owner)
    headers = _state(row, offset_of(services, row)) | {"Upload-Length": str(row.length)}
    return Response(status_code=200, headers=headers)


@router.patch(
    "/{upload_id}",
    operation_id="continueUpload",
    status_code=204,
    responses=documented(404, 408, 409, 412, 413, 415, 507),
    openapi_extra={
        "requestBody": {"required": True, "content": {_PIECE_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def continue_upload(
    upload_id: Id,
    request: Request,
    services: ServicesDep,
    owner: OwnerDep,
    tus_resumable: Resumable,
    upload_offset: Annotated[Count, Header(description="Bytes that have come before.")],
) -> Response:
    """Send a piece of a file. What has come of it stays when the connection breaks."""
    _check_version(tus_resumable)
    if request.headers.get("content-type") != _PIECE_TYPE:
        raise ProblemError(415, f"a piece of an upload has the Content-Type {_PIECE_TYPE}")
    row = await run_in_threadpool(find_upload, services, upload_id, owner)
    offset = await run_in_threadpool(offset_of, services, row)
    if upload_offset != offset:
        raise ProblemError(409, f"{offset:,} bytes have come; go on there, not at {upload_offset:,}")
    size = await _take(services, row, offset, request)
    return Response(status_code=204, headers=_state(row, offset + size))


async def _take(services: Services, row: OpenUpload, offset: int, request: Request) -> int:
    """Keep what comes until it ends or breaks off; returns how many bytes that were."""
    broken: Exception | None = None
    size = 0
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="tintype-upload-") as piece:
        try:
            async for data in request.stream():
                if offset + size + len(data) > row.length:
                    raise ProblemError(413, f"the upload was to have {row.length:,} bytes, and more have come")
                await run_in_threadpool(piece.write, data)
                size += len(data)
        except (ClientDisconnect, HTTPException) as error:
            broken = error
        if size:
            await run_in_threadpool(append, services, row, offset, cast("BinaryIO", piece), size)
    if isinstance(broken, HTTPException):
        raise broken
    return size


@router.delete("/{upload_id}", operation_id="deleteUpload", status_code=204, responses=documented(404, 412))
def delete_upload(upload_id: Id, services: ServicesDep, owner: OwnerDep, tus_resumable: Resumable) -> Response:
    """Give up an upload; what has come of it is deleted."""
    _check_version(tus_resumable)
    find_upload(services, upload_id, owner)
    forget_upload(services, upload_id)
    return Response(status_code=204, headers=_RESUMABLE)


@router.post(
    "/{upload_id}/picture", operation_id="finishUpload", status_code=201,
    responses=documented(404, 409, 413, 415, 429, 507),
)  # fmt: skip
def finish_upload(upload_id: Id, services: ServicesDep, owner: OwnerDep) -> PicturePublic:
    """Make a picture of a file that has come whole. Asked again, the answer is the same picture."""
    try:
        row = finish(services, upload_id, owner)
    except Exception:
        services.metrics.uploaded("refused")
        raise
    services.metrics.uploaded("taken")
    return PicturePublic.of(row, owner)


def _check_version(given: str) -> None:
    if given != VERSION:
        raise ProblemError(
            412, f"this server speaks tus {VERSION}; send the header Tus-Resumable: {VERSION}",
            headers={"Tus-Version": VERSION},
        )  # fmt: skip


def _state(row: OpenUpload, offset: int) -> dict[str, str]:
    return _RESUMABLE | {"Upload-Offset": str(offset), "Upload-Expires": format_datetime(row.expires, usegmt=True)}


def _metadata(header: str) -> dict[str, str]:
    """The pairs of Upload-Metadata: names, each with a value in Base64. Raises ProblemError, 400."""
    found = {}
    for pair in filter(None, (one.strip() for one in header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise ProblemError(400, f"the value of {name[:40]!r} in Upload-Metadata is not text in Base64") from None
    return found
