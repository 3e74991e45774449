"""Uploads that go on where they stopped: what has come lies as parts in the storage, whatever server took them.

A part is a file named OFFSET-SIZE. A sender that was cut off may send a piece twice, and two servers may take it at the
same time: the longest part at each offset counts, and all of them hold the same bytes.
"""

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import BinaryIO

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from .capabilities import require
from .films import add_film, check_film_bytes
from .intake import display_name
from .library import add_photo, check_photo_bytes
from .problems import ProblemError, busy, not_found
from .quota import check_quota
from .services import Services
from .tables import OpenUpload, Picture, now

_GONE = (413, 415)  # refusals that sending the same file again cannot change


def begin(services: Services, owner: str, length: int, name: str | None, kind: str) -> OpenUpload:
    """Keep room for a file of ``length`` bytes.

    Raises:
        ProblemError: 413, it is too large or the owner's quota is used up; 415, it is empty; 429, the owner has too
            many unfinished uploads; 501, films are not to be had here.
    """
    if kind == "film":
        require("films", services.registry.file(None))
        check_film_bytes(services, length)
    else:
        check_photo_bytes(services, length)
    most = services.settings.open_uploads
    with services.database.session() as session:
        going = session.scalar(select(func.count()).select_from(OpenUpload).where(OpenUpload.owner == owner)) or 0
    if going >= most:
        raise busy(10, f"{going} uploads of yours are unfinished, the limit is {most}; finish or delete some")
    check_quota(services, owner, length)
    row = OpenUpload(owner=owner, kind=kind, name=display_name(name), length=length, expires=_expiry(services))
    with services.database.session() as session:
        session.add(row)
    return row


def find_upload(services: Services, identity: str, owner: str) -> OpenUpload:
    """An unfinished upload of the owner's. Raises ProblemError, 404."""
    with services.database.session() as session:
        row = session.get(OpenUpload, identity)
    if row is None or row.owner != owner or row.expires <= now():
        raise not_found("upload")
    return row


def offset_of(services: Services, row: OpenUpload) -> int:
    """How many bytes have come, without a gap."""
    return sum(size for _, size in _parts(services, row))


def append(services: Services, row: OpenUpload, offset: int, piece: BinaryIO, size: int) -> None:
    """Keep ``size`` bytes that follow ``offset``; the upload lives on for another while."""
    piece.seek(0)
    services.storage.write(f"uploads/{row.id}/{offset}-{size}", piece)
    with services.database.session() as session:
        found = session.get(OpenUpload, row.id)
        if found is not None:
            found.expires = row.expires = _expiry(services)
    if found is None:  # deleted while the piece came
        services.storage.delete_folder(f"uploads/{row.id}")
        raise not_found("upload")


def finish(services: Services, identity: str, owner: str) -> Picture:
    """Make the picture of an upload that has come whole; asked again, the same picture.

    Raises:
        ProblemError: 404, no such upload; 409, bytes are missing; else as for a photo or film sent at once. What can
            never become a picture is deleted.
    """
    if (made := _made(services, identity, owner)) is not None:
        return made
    try:
        picture = _joined(services, identity, owner)
    except (FileNotFoundError, IntegrityError, ProblemError) as error:
        # Asked twice at once, and the other was faster: what came is gone, and the picture is there.
        if (made := _made(services, identity, owner)) is not None:
            return made
        if isinstance(error, FileNotFoundError):  # deleted meanwhile
            raise not_found("upload") from None
        if isinstance(error, ProblemError) and error.status in _GONE:
            forget_upload(services, identity)
        raise
    forget_upload(services, identity)
    return picture


def _joined(services: Services, identity: str, owner: str) -> Picture:
    """The picture of all parts in a row; they stay where they are."""
    row = find_upload(services, identity, owner)
    parts = _parts(services, row)
    come = sum(size for _, size in parts)
    if come < row.length:
        raise ProblemError(409, f"{come:,} of {row.length:,} bytes have come; send the rest first")
    with tempfile.TemporaryFile(prefix="tintype-upload-") as whole:
        for offset, size in parts:
            for chunk in services.storage.chunks(f"uploads/{identity}/{offset}-{size}", 0, size):
                whole.write(chunk)
        whole.seek(0)
        add: Callable[..., Picture] = add_film if row.kind == "film" else add_photo
        return add(services, whole, row.length, row.name, owner, identity)


def forget_upload(services: Services, identity: str) -> None:
    """Delete what has come of an upload."""
    with services.database.session() as session:
        session.execute(delete(OpenUpload).where(OpenUpload.id == identity))
    services.storage.delete_folder(f"uploads/{identity}")


def forget_uploads(services: Services) -> int:
    """Delete the uploads whose time is over; returns how many. Nothing is deleted while the clock has just jumped."""
    if services.clock.has_jumped():
        return 0
    with services.database.session() as session:
        expired = list(session.scalars(select(OpenUpload.id).where(OpenUpload.expires <= now()).limit(1000)))
    for identity in expired:
        forget_upload(services, identity)
    return len(expired)


def _expiry(services: Services) -> datetime:
    return now() + timedelta(hours=services.settings.upload_hours)


def _made(services: Services, identity: str, owner: str) -> Picture | None:
    query = select(Picture).where(Picture.id == identity, Picture.owner == owner).options(selectinload(Picture.results))
    with services.database.session() as session:
        return session.scalar(query)


def _parts(services: Services, row: OpenUpload) -> list[tuple[int, int]]:
    """Offset and size of the parts that follow one another from the beginning."""
    longest: dict[int, int] = {}
    for name in services.storage.names(f"uploads/{row.id}"):
        offset, _, size = name.partition("-")
        if offset.isdigit() and size.isdigit():
            longest[int(offset)] = max(longest.get(int(offset), 0), int(size))
    chain, end = [], 0
    while longest.get(end):
        chain.append((end, longest[end]))
        end += longest[end]
    return chain
