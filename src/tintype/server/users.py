"""Owners as those who look after a server see them: users of a login by name, everybody else as a visitor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from .identity import User, current
from .jobs.job_store import OPEN, cancel
from .library import delete_picture, delete_study
from .services import Services
from .tables import Job, Member, OpenUpload, Picture, Result, Study, now
from .uploads import forget_upload


async def remember(request: Request) -> None:
    """Write down that the user of this request was here."""
    user = current(request).user
    if user is None:
        return
    services: Services = request.app.state.services
    moment = now()
    if services.seen.is_due(user.owner, moment):
        await run_in_threadpool(write_down, services, user, moment)


def write_down(services: Services, user: User, moment: datetime) -> None:
    with services.database.session() as session:
        member = session.get(Member, user.owner)
        if member is None:
            session.add(Member(id=user.owner, name=user.name[:200], seen=moment))
        else:
            member.name, member.seen = user.name[:200], moment


@dataclass
class Owned:
    """What one owner keeps."""

    owner: str
    name: str = ""
    pictures: int = 0
    results: int = 0
    bytes: int = 0
    jobs: int = 0
    quota_bytes: int | None = None
    seen: datetime | None = None


def owners(session: Session) -> list[Owned]:
    """Everybody who keeps something or has logged in, the most bytes first. Copies in a study count for its maker."""
    found: dict[str, Owned] = {}

    def of(owner: str) -> Owned:
        return found.setdefault(owner, Owned(owner))

    whose = func.coalesce(Study.owner, Picture.owner)
    pictures = select(whose, func.count(), func.sum(Picture.bytes), func.max(Picture.created)).select_from(Picture)
    for owner, count, size, seen in _rows(session, pictures.outerjoin(Study, Picture.study_id == Study.id), whose):
        one = of(owner)
        one.pictures, one.bytes, one.seen = count, int(size or 0), seen
    results = select(whose, func.count(), func.sum(Result.bytes)).select_from(Result).join(Picture)
    for owner, count, size in _rows(session, results.outerjoin(Study, Picture.study_id == Study.id), whose):
        one = of(owner)
        one.results, one.bytes = count, one.bytes + int(size or 0)
    for owner, count in session.execute(select(Job.owner, func.count()).where(Job.state.in_(OPEN)).group_by(Job.owner)):
        of(owner).jobs = count
    for member in session.scalars(select(Member)):
        one = of(member.id)
        one.name, one.quota_bytes = member.name, member.quota_bytes
        one.seen = max(filter(None, (one.seen, member.seen)), default=None)
    return sorted(found.values(), key=lambda one: (-one.bytes, one.owner))


def _rows(session: Session, query: Any, whose: Any) -> Sequence[Any]:
    return session.execute(query.group_by(whose)).all()


def set_quota(services: Services, owner: str, quota: int | None) -> None:
    """Give an owner a quota of its own in bytes, 0 for none at all; None for everybody's."""
    with services.database.session() as session:
        member = session.get(Member, owner)
        if member is None:
            session.add(Member(id=owner, name="", quota_bytes=quota))
        else:
            member.quota_bytes = quota


def forget_owner(services: Services, owner: str) -> tuple[int, int, int]:
    """Delete every picture, result, study and job of an owner, and the copies in its studies.

    Returns:
        How many pictures, results and jobs there were.
    """
    with services.database.session() as session:
        pictures = list(session.scalars(select(Picture.id).where(Picture.owner == owner)))
        studies = list(session.scalars(select(Study.id).where(Study.owner == owner)))
        jobs = list(session.scalars(select(Job.id).where(Job.owner == owner, Job.state.in_(OPEN))))
        uploads = list(session.scalars(select(OpenUpload.id).where(OpenUpload.owner == owner)))
    for job_id in jobs:
        cancel(services, job_id)
    for study in studies:
        delete_study(services, study)
    for upload in uploads:
        forget_upload(services, upload)
    results = sum(delete_picture(services, identity) for identity in pictures)
    with services.database.session() as session:
        ended = list(session.scalars(select(Job).where(Job.owner == owner, Job.state.not_in(OPEN))))
        for job in ended:
            session.delete(job)
    return len(pictures), results, len(ended)
