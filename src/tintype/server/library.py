"""The pictures of an owner: taking them in, finding, listing and deleting them."""

import hashlib
from datetime import datetime, timedelta
from typing import BinaryIO

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, selectinload

from .intake import Checked, check_photo
from .paging import Cursor, after
from .problems import ProblemError, not_found
from .services import Services
from .tables import Picture, Result, new_id, now
from .variants import THUMBNAIL_PIXELS, store_variant


def add_photo(services: Services, source: BinaryIO, size: int, name: str | None, owner: str) -> Picture:
    """Check an uploaded photo and store it with its thumbnail.

    Raises:
        ProblemError: too large, not a picture, the owner's quota is used up, or the server is busy.
    """
    limit = services.settings.max_bytes
    if size > limit:
        raise ProblemError(
            413, f"the photo has {size / 1e6:,.1f} MB, the limit is {limit / 1e6:,.1f} MB; make it smaller"
        )
    if size == 0:
        raise ProblemError(415, "the file is empty (0 bytes)")
    check_quota(services, owner, size)
    with services.gate.pass_through():
        data = source.read()
        checked = check_photo(data, name, services.settings.max_pixels)
        return store_photo(services, data, checked, owner)


def store_photo(
    services: Services,
    data: bytes,
    checked: Checked,
    owner: str,
    study_id: str | None = None,
    identity: str | None = None,
) -> Picture:
    """Store a checked photo and its thumbnail; pictures of studies do not expire."""
    identity = identity or new_id()
    folder = f"pictures/{identity}"
    row = Picture(
        id=identity,
        owner=owner,
        kind="photo",
        name=checked.name,
        format=checked.format,
        width=checked.photo.width,
        height=checked.photo.height,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        key=f"{folder}/file{checked.suffix}",
        study_id=study_id,
        expires=None if study_id else expiry(services),
        results=[],
    )
    services.storage.write(row.key, data)
    store_variant(services, f"{folder}/{THUMBNAIL_PIXELS}.jpg", checked.photo, THUMBNAIL_PIXELS)
    with services.database.session() as session:
        session.add(row)
    return row


def expiry(services: Services) -> datetime | None:
    hours = services.settings.retention_hours
    return now() + timedelta(hours=hours) if hours else None


def check_quota(services: Services, owner: str, size: int) -> None:
    """Raises ProblemError, 413, if the owner would keep more than the quota with ``size`` more bytes."""
    quota = services.settings.quota_bytes
    if not quota:
        return
    with services.database.session() as session:
        kept = session.scalar(select(func.coalesce(func.sum(Picture.bytes), 0)).where(Picture.owner == owner)) or 0
    if int(kept) + size > quota:
        raise ProblemError(
            413, f"you keep {int(kept) / 1e6:,.0f} MB here and may keep {quota / 1e6:,.0f} MB; delete something first"
        )


def _readable(owner: str) -> tuple[ColumnElement[bool], ...]:
    alive = or_(Picture.expires.is_(None), Picture.expires > now())
    return Picture.study_id.is_(None), or_(Picture.owner == owner, Picture.shared), alive


def find_picture(session: Session, identity: str, owner: str, *, to_change: bool = False) -> Picture:
    """A picture that the owner may see, or may change. Raises ProblemError, 404."""
    found = session.scalar(
        select(Picture).where(Picture.id == identity, *_readable(owner)).options(selectinload(Picture.results))
    )
    if found is None or (to_change and found.owner != owner):
        raise not_found("picture")
    return found


def find_result(session: Session, identity: str, owner: str, *, to_change: bool = False) -> Result:
    """A result of a picture that the owner may see, or may change. Raises ProblemError, 404."""
    found = session.scalar(
        select(Result)
        .join(Picture)
        .where(Result.id == identity, *_readable(owner))
        .options(selectinload(Result.picture))
    )
    if found is None or (to_change and found.picture.owner != owner):
        raise not_found("result")
    return found


def list_pictures(
    session: Session, owner: str, limit: int, cursor: Cursor | None, *, shared: bool
) -> tuple[list[Picture], str | None]:
    """A page of the owner's pictures, or of everybody's shared ones, and the cursor of the next."""
    whose = Picture.shared if shared else Picture.owner == owner
    query = select(Picture).where(whose, *_readable(owner)).options(selectinload(Picture.results))
    return after(session, query, Picture.created, Picture.id, limit, cursor)


def delete_picture(services: Services, identity: str) -> int:
    """Delete a picture, its results and files; returns how many results there were."""
    with services.database.session() as session:
        results = list(session.scalars(select(Result.id).where(Result.picture_id == identity)))
        picture = session.get(Picture, identity)
        if picture is not None:
            session.delete(picture)
    services.opened.forget(identity)
    for result in results:
        services.storage.delete_folder(f"results/{result}")
    services.storage.delete_folder(f"pictures/{identity}")
    return len(results)


def delete_result(services: Services, identity: str) -> None:
    with services.database.session() as session:
        result = session.get(Result, identity)
        if result is not None:
            session.delete(result)
    services.storage.delete_folder(f"results/{identity}")


def forget_expired(services: Services) -> int:
    """Delete every picture whose time is over; returns how many."""
    with services.database.session() as session:
        expired = list(session.scalars(select(Picture.id).where(Picture.expires <= now()).limit(1000)))
    for identity in expired:
        delete_picture(services, identity)
    return len(expired)
