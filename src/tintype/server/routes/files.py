"""How stored files go out: streamed, named, and harmless whatever a browser makes of them."""

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import FileResponse, StreamingResponse

from ..guard.watch import FILE_POLICY
from ..intake import media_type_of
from ..problems import not_found
from ..services import Services

_ANY_PICTURE = {"schema": {"type": "string", "format": "binary"}}
# What a route's `responses` say of an answer that is a picture or a film.
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"image/*": _ANY_PICTURE, "video/*": _ANY_PICTURE}}
}
_HEADERS = {"Content-Security-Policy": FILE_POLICY, "Cache-Control": "private, max-age=3600"}


def send_file(services: Services, key: str, name: str | None = None, *, download: bool = False) -> Response:
    """A stored file. Raises ProblemError, 404, if it has gone."""
    if not services.storage.exists(key):
        raise not_found("file")
    media = media_type_of(PurePosixPath(key).suffix)
    headers = _HEADERS | {"Content-Disposition": disposition(name or PurePosixPath(key).name, download)}
    path = services.storage.local_path(key)
    if path is not None:
        return FileResponse(path, media_type=media, headers=headers)
    return StreamingResponse(services.storage.chunks(key), media_type=media, headers=headers)


def send_bytes(
    data: bytes, media: str, name: str, *, download: bool = False, headers: dict[str, str] | None = None
) -> Response:
    """A file that was just made."""
    shown = _HEADERS | {"Content-Disposition": disposition(name, download)} | (headers or {})
    return Response(data, media_type=media, headers=shown)


def disposition(name: str, download: bool) -> str:
    """Content-Disposition after RFC 6266, for a name in any script."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name
    )
    return f"{'attachment' if download else 'inline'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
