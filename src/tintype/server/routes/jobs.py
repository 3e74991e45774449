"""Jobs: ask, follow, cancel."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterable
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from starlette.concurrency import run_in_threadpool

from tintype.server.capabilities import require
from tintype.server.colouring import check, reference_of
from tintype.server.guard.access import client_address
from tintype.server.identity import OwnerDep
from tintype.server.job_zip import files_of
from tintype.server.jobs.films import film_options
from tintype.server.jobs.job_store import OPEN, ahead, cancel, create, go_on, pause
from tintype.server.left import decide
from tintype.server.library import find_picture
from tintype.server.packing import packed
from tintype.server.paging import CursorDep, LimitQuery, after
from tintype.server.problems import ProblemError, busy, documented, not_found
from tintype.server.schemas.common import ColourOptions, Id, Page
from tintype.server.schemas.jobs import FilmJob, JobCreate, JobPicture, JobPublic, ScenesJob
from tintype.server.services import Services
from tintype.server.tables import Job, Result

from .deps import ServicesDep
from .files import FILE_HEADERS, disposition
from .takeaway import send_album

router = APIRouter(prefix="/api/jobs", tags=["jobs"])
_POLL_SECONDS = 0.25
_BRISK_SECONDS = 10  # after which a job is looked at less often


@router.post("", operation_id="createJob", status_code=202, responses=documented(404, 429, 501))
def create_job(body: JobCreate, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    """Have photos or a film coloured in the background."""
    model = check(services, ColourOptions() if isinstance(body, ScenesJob) else body.options)
    if isinstance(body, FilmJob):
        require("films", model)
        if body.options.hints or body.options.strokes or body.options.alternative is not None:
            raise ProblemError(422, "hints and alternatives are for photos; a film takes a model, a size and a mood")
        _own(services, [body.picture], owner, "film")
        _own(services, [*body.film.photos, *body.film.scene_photos], owner, "photo")
        film_options(body.options, body.film)  # says what cannot be
        payload = {
            "picture": body.picture, "options": body.options.model_dump(), "film": body.film.model_dump(),
        }  # fmt: skip
        film = create(services, "film", payload, 0, owner)
        return JobPublic.of(film, ahead(services, film))
    if isinstance(body, ScenesJob):
        require("films", model)
        _own(services, [body.picture], owner, "film")
        scenes = create(services, "scenes", {"picture": body.picture}, 0, owner)
        return JobPublic.of(scenes, ahead(services, scenes))
    reference_of(services, body.options, owner)
    pictures = list(dict.fromkeys(body.pictures))
    _own(services, pictures, owner, "photo")
    payload_many = {"pictures": pictures, "options": body.options.model_dump(), "skip_colour": body.skip_colour}
    job = create(services, "colorize", payload_many, len(pictures), owner)
    return JobPublic.of(job, ahead(services, job))


@router.get("", operation_id="listJobs")
def list_jobs(services: ServicesDep, owner: OwnerDep, cursor: CursorDep, limit: LimitQuery = 20) -> Page[JobPublic]:
    """The asker's jobs, newest first."""
    with services.database.session() as session:
        rows, following = after(session, select(Job).where(Job.owner == owner), Job.created, Job.id, limit, cursor)
    return Page(items=[JobPublic.of(row, ahead(services, row)) for row in rows], next=following)


@router.get("/{job_id}", operation_id="getJob", responses=documented(404))
def get_job(job_id: Id, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    """One job and how far it is."""
    with services.database.session() as session:
        job = _find(session, job_id, owner)
    return JobPublic.of(job, ahead(services, job))


def _followed(job_id: Id, request: Request, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    streams, settings = request.app.state.streams, services.settings
    address = client_address(request.scope)
    for key, most in (("", settings.streams), (owner, settings.client_streams), (address, 3 * settings.client_streams)):
        if streams[key] >= most:
            raise busy(10, f"{streams[key]} streams of events are open, as many as may; ask for the job itself instead")
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
    streams: Counter[str] = request.app.state.streams
    keys = ("", owner, client_address(request.scope))
    streams.update(keys)
    last = ""
    begun = time.monotonic()
    ends = begun + 24 * 3600
    try:
        while time.monotonic() < ends:
            now = job.model_dump_json()
            if now != last:
                last = now
                yield ServerSentEvent(event=job.state, data=job)
            if job.state not in OPEN:
                return
            if services.stopping.is_set():  # the page comes back, to whichever server is there then
                return
            await asyncio.sleep(_POLL_SECONDS if time.monotonic() - begun < _BRISK_SECONDS else 4 * _POLL_SECONDS)
            try:
                job = await run_in_threadpool(get_job, job.id, services, owner)
            except ProblemError:  # deleted while it was followed
                return
    finally:
        streams.subtract(keys)
        for key in keys:
            if streams[key] <= 0:
                del streams[key]


@router.get(
    "/{job_id}/zip", operation_id="getJobZip", response_class=Response,
    responses=documented(404) | {200: {"description": "The file.", "content": {"application/zip": {}}}},
)  # fmt: skip
def get_zip(job_id: Id, services: ServicesDep, owner: OwnerDep) -> Response:
    """Every photo of a job in one ZIP, in their order, coloured or left as it was sent.

    tintype-record.csv in it says which is which. It is made while it is sent.
    """
    with services.database.session() as session:
        files = files_of(session, _find(session, job_id, owner))
    if not files:
        raise not_found("result")
    headers = FILE_HEADERS | {"Content-Disposition": disposition("tintype.zip", True)}
    return StreamingResponse(packed(services.storage, files), media_type="application/zip", headers=headers)


@router.get(
    "/{job_id}/album", operation_id="getJobAlbum", response_class=Response,
    responses=documented(404) | {200: {"description": "The page.", "content": {"text/html": {}}}},
)  # fmt: skip
def get_job_album(job_id: Id, services: ServicesDep, owner: OwnerDep) -> Response:
    """Every photo of a job on one HTML page that needs nothing else."""
    return send_album(services, [row for row in _results(job_id, services, owner) if row.format != "MP4"], "Album")


def _results(job_id: str, services: Services, owner: str) -> list[Result]:
    with services.database.session() as session:
        job = _find(session, job_id, owner)
        wanted = [one["result_id"] for one in job.outcomes if one["result_id"]]
        query = select(Result).where(Result.id.in_(wanted)).options(selectinload(Result.picture))
        found = {row.id: row for row in session.scalars(query)}
    rows = [found[one] for one in wanted if one in found]
    if not rows:
        raise not_found("result")
    return rows


@router.post("/{job_id}/cancel", operation_id="cancelJob", status_code=202, responses=documented(404))
def cancel_job(job_id: Id, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    """Stop a job; what it has finished stays. A job that has ended stays as it is."""
    get_job(job_id, services, owner)
    cancel(services, job_id)
    return get_job(job_id, services, owner)


@router.post("/{job_id}/pause", operation_id="pauseJob", status_code=202, responses=documented(404))
def pause_job(job_id: Id, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    """Let a job wait after its step, until it is told to go on; what it has finished stays."""
    get_job(job_id, services, owner)
    pause(services, job_id)
    return get_job(job_id, services, owner)


@router.post("/{job_id}/resume", operation_id="resumeJob", status_code=202, responses=documented(404))
def resume_job(job_id: Id, services: ServicesDep, owner: OwnerDep) -> JobPublic:
    """Put a job that waits for its owner back in line; it goes on where it was."""
    get_job(job_id, services, owner)
    go_on(services, job_id)
    return get_job(job_id, services, owner)


@router.put(
    "/{job_id}/pictures/{picture_id}", operation_id="decideJobPicture", responses=documented(404, 409, 429, 501, 503)
)
def decide_job_picture(
    job_id: Id, picture_id: Id, body: JobPicture, services: ServicesDep, owner: OwnerDep
) -> JobPublic:
    """Turn round what a job that has ended did with one photo: leave it as it was, or colour it all the same."""
    return JobPublic.of(decide(services, job_id, owner, picture_id, body.left))


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
