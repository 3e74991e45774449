"""The pictures of an owner: taking them in, finding, listing and deleting them."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import BinaryIO

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session, selectinload

from .intake import Checked, check_photo, display_name
from .large import check_shape, head_of, weigh
from .paging import Cursor, after
from .problems import ProblemError, not_found
from .quota import check_quota
from .services import Services
from .tables import Picture, Result, ShareLink, Study, new_id, now
from .variants import THUMBNAIL_PIXELS, store_variant


def add_photo(
    services: Services, source: BinaryIO, size: int, name: str | None, owner: str, identity: str | None = None
) -> Picture:
    """Check an uploaded photo and store it with its thumbnail. ``identity``: of the upload that kept room for it.

    Raises:
        ProblemError: too large, not a picture, the owner's quota is used up, or the server is busy.
    """
    check_photo_bytes(services, size)
    if identity is None:
        check_quota(services, owner, size)
    head = head_of(source)
    check_shape(head, display_name(name), services.settings.max_pixels)
    with services.gate.pass_through(weigh(head, "look") + size):
        data = source.read()
        checked = check_photo(data, name, services.settings.max_pixels, services.settings.preview_pixels)
        row = store_photo(services, data, checked, owner, identity=identity)
        services.opened.keep(row.key, checked.photo)
        return row


def check_photo_bytes(services: Services, size: int) -> None:
    """Raises ProblemError: 413, a photo may not have so many bytes; 415, it has none."""
    limit = services.settings.max_bytes
    if size > limit:
        raise ProblemError(
            413, f"the photo has {size / 1e6:,.1f} MB, the limit is {limit / 1e6:,.1f} MB; make it smaller"
        )
    if size == 0:
        raise ProblemError(415, "the file is empty (0 bytes)")


def store_photo(
    services: Services,
    data: bytes,
    checked: Checked,
    owner: str,
    study_id: str | None = None,
    identity: str | None = None,
    expires: datetime | None = None,
) -> Picture:
    """Store a checked photo and its thumbnail; pictures of studies expire when they are told to."""
    identity = identity or new_id()
    folder = f"pictures/{identity}"
    row = Picture(
        id=identity,
        owner=owner,
        kind="photo",
        name=checked.name,
        format=checked.format,
        width=checked.width,
        height=checked.height,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        key=f"{folder}/file{checked.suffix}",
        study_id=study_id,
        expires=expires if study_id else expiry(services),
        results=[],
    )
    services.storage.write(row.key, data)
    store_variant(services, f"{folder}/{THUMBNAIL_PIXELS}.jpg", checked.photo, THUMBNAIL_PIXELS)
    insert_or_forget(services, row)
    return row


def insert_or_forget(services: Services, row: Picture) -> None:
    """Add the row of a picture whose files are stored; if that fails the files go too, since nobody would find them,
    unless somebody else has just added a picture of that identity."""
    try:
        with services.database.session() as session:
            session.add(row)
    except BaseException:
        with services.database.session() as session:
            if session.get(Picture, row.id) is None:
                services.storage.delete_folder(f"pictures/{row.id}")
        raise


def expiry(services: Services) -> datetime | None:
    hours = services.settings.retention_hours
    return now() + timedelta(hours=hours) if hours else None


def copy_id(study_id: str, digest: bytes) -> str:
    """The identity of a photo's copy in a study, by the SHA-256 of its file: the same for the same photo."""
    both = hashlib.sha256(study_id.encode() + digest).digest()
    return base64.urlsafe_b64encode(both[:16]).decode().rstrip("=")


def _readable(owner: str) -> tuple[ColumnElement[bool], ...]:
    alive = or_(Picture.expires.is_(None), Picture.expires > now())
    return Picture.study_id.is_(None), or_(Picture.owner == owner, Picture.shared), alive


def find_picture(
    session: Session, identity: str, owner: str, *, to_change: bool = False, results: bool = True
) -> Picture:
    """A picture that the owner may see, or may change, with its results unless they are not wanted.

    Raises ProblemError, 404.
    """
    query = select(Picture).where(Picture.id == identity, *_readable(owner))
    found = session.scalar(query.options(selectinload(Picture.results)) if results else query)
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
        copies = [] if picture is None or picture.study_id else _copies(session, picture)
        if picture is not None:
            session.delete(picture)
    for copy in copies:
        delete_picture(services, copy)
    services.opened.forget(identity)
    for result in results:
        services.storage.delete_folder(f"results/{result}")
    services.storage.delete_folder(f"pictures/{identity}")
    return len(results)


def _copies(session: Session, picture: Picture) -> list[str]:
    """The copies of a person's photo in that person's studies."""
    same = (Picture.owner == picture.owner, Picture.sha256 == picture.sha256, Picture.id != picture.id)
    if session.scalar(select(Picture.id).where(*same).limit(1)) is not None:
        return []  # it was sent twice, and the copies may be the other's
    studies = session.scalars(select(Study.id).where(Study.owner == picture.owner, Study.owner != ""))
    named = [copy_id(study, bytes.fromhex(picture.sha256)) for study in studies]
    return list(session.scalars(select(Picture.id).where(Picture.id.in_(named))))


def delete_study(services: Services, study_id: str) -> None:
    """Delete a study with its photos and votes."""
    with services.database.session() as session:
        pictures = list(session.scalars(select(Picture.id).where(Picture.study_id == study_id)))
    for identity in pictures:
        delete_picture(services, identity)
    with services.database.session() as session:
        session.execute(delete(Study).where(Study.id == study_id))


def delete_result(services: Services, identity: str) -> None:
    with services.database.session() as session:
        result = session.get(Result, identity)
        if result is not None:
            session.delete(result)
    services.storage.delete_folder(f"results/{identity}")


def forget_expired(services: Services) -> int:
    """Delete every picture and link whose time is over; returns how many. While the clock has just jumped ahead it is
    not believed, and nothing is deleted."""
    if services.clock.has_jumped():
        return 0
    with services.database.session() as session:
        expired = list(session.scalars(select(Picture.id).where(Picture.expires <= now()).limit(1000)))
        session.execute(delete(ShareLink).where(ShareLink.expires <= now()))
    for identity in expired:
        delete_picture(services, identity)
    return len(expired)
