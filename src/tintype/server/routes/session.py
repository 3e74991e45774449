"""The asker's own session: show the token, and forget everything."""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select

from tintype.server.identity import TOKEN_COOKIE, CallerDep, OwnerDep, cookie_header, pass_for, token_for
from tintype.server.jobs.ledger import OPEN, cancel
from tintype.server.library import delete_picture, delete_study
from tintype.server.problems import ProblemError, documented
from tintype.server.quota import kept_bytes
from tintype.server.schemas.pictures import Deleted, Kept
from tintype.server.schemas.system import Login, SessionPublic
from tintype.server.tables import Base, Job, Picture, Result, ShareLink, Study

from .deps import ServicesDep

router = APIRouter(prefix="/api/session", tags=["session"])


@router.get("", operation_id="getSession")
def get_session(services: ServicesDep, caller: CallerDep) -> SessionPublic:
    """Whether a token is needed, and whether the asker has shown it."""
    return SessionPublic(token_needed=bool(services.settings.tokens), allowed=caller.allowed)


@router.post("", operation_id="login", responses=documented(401))
def login(body: Login, request: Request, response: Response, services: ServicesDep, caller: CallerDep) -> SessionPublic:
    """Show the token once; the session's cookies remember it."""
    tokens = services.settings.tokens
    token = token_for(body.token, tokens)
    if tokens and token is None:
        raise ProblemError(401, "this is not the server's token")
    if token is not None and caller.session:
        secure = request.url.scheme == "https"
        response.headers.append("Set-Cookie", cookie_header(TOKEN_COOKIE, pass_for(token, caller.session), secure))
    return SessionPublic(token_needed=bool(tokens), allowed=True)


@router.get("/data", operation_id="getKept")
def get_kept(services: ServicesDep, owner: OwnerDep) -> Kept:
    """What the server keeps of the asker, and until when."""
    with services.database.session() as session:

        def count(table: type[Base], *conditions: Any) -> int:
            return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

        return Kept(
            pictures=count(Picture, Picture.owner == owner),
            results=count(Result, Result.picture_id.in_(select(Picture.id).where(Picture.owner == owner))),
            studies=count(Study, Study.owner == owner),
            jobs=count(Job, Job.owner == owner),
            links=count(ShareLink, ShareLink.owner == owner),
            bytes=kept_bytes(session, owner),
            quota_bytes=services.settings.quota_bytes,
            first_expires=session.scalar(select(func.min(Picture.expires)).where(Picture.owner == owner)),
        )


@router.delete("/data", operation_id="deleteEverything")
def delete_everything(services: ServicesDep, owner: OwnerDep) -> Deleted:
    """Delete every picture, result, study and job of the asker, and the copies that studies have of the pictures."""
    with services.database.session() as session:
        pictures = list(session.scalars(select(Picture.id).where(Picture.owner == owner)))
        studies = list(session.scalars(select(Study.id).where(Study.owner == owner)))
        jobs = list(session.scalars(select(Job.id).where(Job.owner == owner, Job.state.in_(OPEN))))
    for job_id in jobs:
        cancel(services, job_id)
    for study in studies:
        delete_study(services, study)
    results = sum(delete_picture(services, identity) for identity in pictures)
    with services.database.session() as session:
        ended = list(session.scalars(select(Job).where(Job.owner == owner, Job.state.not_in(OPEN))))
        for job in ended:
            session.delete(job)
    return Deleted(pictures=len(pictures), results=results, jobs=len(ended))
