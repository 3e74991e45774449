"""How much may be kept: by one uploader, from one address in a day, and by all together."""

from sqlalchemy import func, or_, select, true
from sqlalchemy.orm import Session

from .gate import CLIENT
from .problems import ProblemError, busy
from .services import Services
from .tables import Member, OpenUpload, Picture, Result, Study


def check_quota(services: Services, owner: str, size: int) -> None:
    """Raises ProblemError: 413, the owner would keep more than the quota with ``size`` more bytes; 429, too much came
    from one address today; 507, the whole store would be over its limit."""
    whole = services.settings.store_bytes
    with services.database.session() as session:
        quota = quota_of(services, session, owner)
        kept = kept_bytes(session, owner) if quota else 0
        stored = kept_bytes(session) if whole else 0
    if quota and kept + size > quota:
        raise ProblemError(
            413, f"you keep {kept / 1e6:,.1f} MB here and may keep {quota / 1e6:,.1f} MB; delete something first"
        )
    if whole and stored + size > whole:
        raise ProblemError(507, "the server keeps as much as it may; try again when older pictures have been deleted")
    address = CLIENT.get().address
    if quota and address and (seconds := services.intake.wait(address, size, 2 * quota)):
        raise busy(seconds, f"more than {2 * quota / 1e6:,.0f} MB came from your address within a day")


def quota_of(services: Services, session: Session, owner: str) -> int:
    """Bytes that an owner may keep: an own quota if one was given, else everybody's; 0 for no limit."""
    member = session.get(Member, owner)
    own = None if member is None else member.quota_bytes
    return services.settings.quota_bytes if own is None else own


def kept_bytes(session: Session, owner: str | None = None) -> int:
    """Bytes of an owner's pictures, their results, the copies in the owner's studies, and what is still being sent, as
    large as it will be; of everybody's when None."""
    mine = or_(Picture.owner == owner, Picture.study_id.in_(select(Study.id).where(Study.owner == owner)))
    whose = true() if owner is None else mine
    pictures = session.scalar(select(func.sum(Picture.bytes)).where(whose)) or 0
    results = session.scalar(select(func.sum(Result.bytes)).join(Picture).where(whose)) or 0
    coming = (
        session.scalar(
            select(func.sum(OpenUpload.length)).where(true() if owner is None else OpenUpload.owner == owner)
        )
        or 0
    )
    return int(pictures) + int(results) + int(coming)
