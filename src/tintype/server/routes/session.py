"""The asker's own session: show the token, and forget everything."""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select

from tintype.server.identity import TOKEN_COOKIE, Caller, CallerDep, OwnerDep, cookie_header, pass_for, token_for
from tintype.server.problems import ProblemError, documented
from tintype.server.quota import kept_bytes, quota_of
from tintype.server.root import here
from tintype.server.schemas.pictures import Deleted, Kept
from tintype.server.schemas.system import Login, SessionPublic
from tintype.server.services import Services
from tintype.server.tables import Base, Job, Picture, Result, ShareLink, Study
from tintype.server.users import forget_owner

from .deps import ServicesDep

router = APIRouter(prefix="/api/session", tags=["session"])


@router.get("", operation_id="getSession")
def get_session(services: ServicesDep, caller: CallerDep) -> SessionPublic:
    """Whether a token is needed, and whether the asker has shown it."""
    return _told(services, caller, caller.allowed, caller.is_admin)


@router.post("", operation_id="login", responses=documented(401))
def login(body: Login, request: Request, response: Response, services: ServicesDep, caller: CallerDep) -> SessionPublic:
    """Show the token once; the session's cookies remember it."""
    settings = services.settings
    if settings.login != "none":
        raise ProblemError(401, "people log in here by name; a token is for programs, as Authorization: Bearer TOKEN")
    tokens = (*settings.admin_tokens, *settings.tokens)
    token = token_for(body.token, tokens)
    if tokens and token is None:
        raise ProblemError(401, "this is not the server's token")
    if token is not None and caller.session:
        secure = request.url.scheme == "https"
        response.headers.append("Set-Cookie", cookie_header(TOKEN_COOKIE, pass_for(token, caller.session), secure))
    return _told(services, caller, True, caller.is_admin or token in settings.admin_tokens)


def _told(services: Services, caller: Caller, allowed: bool, is_admin: bool) -> SessionPublic:
    login = services.settings.login
    return SessionPublic(
        token_needed=bool(services.settings.tokens) and login == "none", allowed=allowed, login=login,
        login_url=here("/api/login") if login == "oidc" else None, user=caller.user.name if caller.user else None,
        admin=is_admin,
    )  # fmt: skip


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
            quota_bytes=quota_of(services, session, owner),
            first_expires=session.scalar(select(func.min(Picture.expires)).where(Picture.owner == owner)),
        )


@router.delete("/data", operation_id="deleteEverything")
def delete_everything(services: ServicesDep, owner: OwnerDep) -> Deleted:
    """Delete every picture, result, study and job of the asker, and the copies that studies have of the pictures."""
    pictures, results, jobs = forget_owner(services, owner)
    return Deleted(pictures=pictures, results=results, jobs=jobs)
