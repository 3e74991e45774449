"""How stored files go out: streamed, named, and harmless whatever a browser makes of them."""

import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.concurrency import iterate_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from tintype.server.guard.access_log import FILE_POLICY
from tintype.server.intake import media_type_of
from tintype.server.problems import not_found
from tintype.server.services import Services
from tintype.server.storage import Storage

_ANY_PICTURE = {"schema": {"type": "string", "format": "binary"}}
# What a route's `responses` say of an answer that is a picture or a film.
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"image/*": _ANY_PICTURE, "video/*": _ANY_PICTURE}}
}
FILE_HEADERS = {"Content-Security-Policy": FILE_POLICY, "Cache-Control": "private, max-age=3600"}


def send_file(services: Services, key: str, name: str | None = None, *, download: bool = False) -> Response:
    """A stored file. Raises ProblemError, 404, if it has gone."""
    size = services.storage.size(key)
    if size is None:
        raise not_found("file")
    media = media_type_of(PurePosixPath(key).suffix)
    headers = FILE_HEADERS | {"Content-Disposition": disposition(name or PurePosixPath(key).name, download)}
    path = services.storage.local_path(key)
    if path is not None:
        return FileResponse(path, media_type=media, headers=headers)
    return _Stored(services.storage, key, size, media, headers)


class _Stored(StreamingResponse):
    """A file of an object store, or the one range of it that was asked for: players jump about in films that way."""

    def __init__(self, storage: Storage, key: str, size: int, media: str, headers: dict[str, str]) -> None:
        self._storage, self._key, self._size = storage, key, size
        super().__init__((), media_type=media, headers=headers | {"Accept-Ranges": "bytes"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, end = 0, self._size
        asked = byte_range(Headers(scope=scope).get("range", ""), self._size)
        if asked is not None:
            start, end = asked
            self.status_code = 206 if start < end else 416
            where = f"{start}-{end - 1}" if start < end else "*"
            self.headers["Content-Range"] = f"bytes {where}/{self._size}"
        self.headers["Content-Length"] = str(end - start)
        self.body_iterator = iterate_in_threadpool(self._storage.chunks(self._key, start, end))
        await super().__call__(scope, receive, send)


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last of a Range header; both alike if there are no such bytes. None, and so the
    whole file, for a header that asks for several ranges or makes no sense."""
    found = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", header.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    end = min(size, int(last) + 1) if last else size
    return min(int(first), end), end


def send_bytes(
    data: bytes, media: str, name: str, *, download: bool = False, headers: dict[str, str] | None = None
) -> Response:
    """A file that was just made."""
    shown = FILE_HEADERS | {"Content-Disposition": disposition(name, download)} | (headers or {})
    return Response(data, media_type=media, headers=shown)


def disposition(name: str, download: bool) -> str:
    """Content-Disposition after RFC 6266, for a name in any script."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\' else "_" for letter in name
    )
    return f"{'attachment' if download else 'inline'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
