"""Jobs: ask, follow, cancel."""

import asyncio
import time
from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from tintype.server.capabilities import require
from tintype.server.colouring import check
from tintype.server.identity import OwnerDep
from tintype.server.jobs.ledger import OPEN, cancel, create
from tintype.server.library import find_picture
from tintype.server.paging import CursorDep, LimitQuery, after
from tintype.server.problems import ProblemError, busy, documented, not_found
from tintype.server.schemas.common import Id, Page
from tintype.server.schemas.jobs import FilmJob, JobCreate, JobPublic
from tintype.server.services import Services
from tintype.server.tables import Job

from .deps import ServicesDep

router = APIRouter(prefix="/api/jobs", tags=["jobs"])
_POLL_SECONDS = 0.25


@router.post("", operation_id="createJob", status_code=202, responses=documented(404, 429, 501))
def create_job(body: JobCreate, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    """Have photos or a film coloured in the background."""
    model = check(services, body.options)
    if isinstance(body, FilmJob):
        require("films", model)
        if body.options.hints or body.options.alternative is not None:
            raise ProblemError(422, "hints and alternatives are for photos; a film takes a model, a size and a mood")
        _own(services, [body.picture], owner, "film")
        payload = {"picture": body.picture, "options": body.options.model_dump()}
        return JobPublic.of(create(services, "film", payload, 0, owner))
    pictures = list(dict.fromkeys(body.pictures))
    _own(services, pictures, owner, "photo")
    payload_many = {"pictures": pictures, "options": body.options.model_dump()}
    return JobPublic.of(create(services, "colorize", payload_many, len(pictures), owner))


@router.get("", operation_id="listJobs")
def list_jobs(services: ServicesDep, owner: OwnerDep, cursor: CursorDep, limit: LimitQuery = 20) -> Page[JobPublic]:
    """The asker's jobs, newest first."""
    with services.database.session() as session:
        rows, following = after(session, select(Job).where(Job.owner == owner), Job.created, Job.id, limit, cursor)
    return Page(items=[JobPublic.of(row) for row in rows], next=following)


@router.get("/{job_id}", operation_id="getJob", responses=documented(404))
def get_job(job_id: Id, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    """One job and how far it is."""
    with services.database.session() as session:
        return JobPublic.of(_find(session, job_id, owner))


def _followed(job_id: Id, request: Request, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    if request.app.state.streams >= services.settings.streams:
        raise busy(10, f"{request.app.state.streams} streams of events are open, as many as may")
    return get_job(job_id, services, owner)


@router.get(
    "/{job_id}/events",
    operation_id="followJob",
    response_class=EventSourceResponse,
    responses=documented(404, 429),
)
async def follow_job(
    job: Annotated[JobPublic, Depends(_followed)], request: Request, services: ServicesDep, owner: OwnerDep
) -> AsyncIterable[ServerSentEvent]:
    """The job at every change, as events named after its state; the stream ends with the job."""
    request.app.state.streams += 1
    last = ""
    ends = time.monotonic() + 24 * 3600
    try:
        while time.monotonic() < ends:
            now = job.model_dump_json()
            if now != last:
                last = now
                yield ServerSentEvent(event=job.state, data=job)
            if job.state not in OPEN:
                return
            await asyncio.sleep(_POLL_SECONDS)
            try:
                job = await run_in_threadpool(get_job, job.id, services, owner)
            except ProblemError:  # deleted while it was followed
                return
    finally:
        request.app.state.streams -= 1


@router.post("/{job_id}/cancel", operation_id="cancelJob", status_code=202, responses=documented(404))
def cancel_job(job_id: Id, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    """Stop a job; what it has finished stays. A job that has ended stays as it is."""
    get_job(job_id, services, owner)
    cancel(services, job_id)
    return get_job(job_id, services, owner)


@router.delete("/{job_id}", operation_id="deleteJob", status_code=204, responses=documented(404, 409))
def delete_job(job_id: Id, services: ServicesDep, owner: OwnerDep) -> None:
    """Forget a job that has ended; its results stay."""
    with services.database.session() as session:
        job = _find(session, job_id, owner)
        if job.state in OPEN:
            raise ProblemError(409, f"the job is {job.state}; cancel it first")
        session.delete(job)


def _find(session: Session, job_id: str, owner: str) -> Job:
    job = session.get(Job, job_id)
    if job is None or job.owner != owner:
        raise not_found("job")
    return job


def _own(services: Services, pictures: list[str], owner: str, kind: str) -> None:
    with services.database.session() as session:
        for identity in pictures:
            if find_picture(session, identity, owner, to_change=True).kind != kind:
                raise ProblemError(422, f"the picture {identity} is not a {kind}")
