"""Who asks: a user of a login, an unguessable session cookie, or a token. The database only ever sees a hash."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers

from .problems import ProblemError
from .root import here
from .settings import Settings

COOKIE = "tintype_session"
TOKEN_COOKIE = "tintype_token"
LOGIN_COOKIE = "tintype_login"
_SESSION = re.compile(r"[A-Za-z0-9_-]{43}")
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class User:
    """Somebody whom a login names: ``identity`` is what the login knows them by, ``name`` is for people to read."""

    identity: str
    name: str

    @property
    def owner(self) -> str:
        return _hash(f"user {self.identity}")


@dataclass(frozen=True)
class Caller:
    """One client: ``owner`` stands for it in the database, ``new_session`` is a cookie it has yet to be given."""

    owner: str
    allowed: bool
    session: str
    new_session: str | None = None
    user: User | None = None
    is_admin: bool = False


def identify(headers: Headers, settings: Settings, user: User | None = None) -> Caller:
    """The client behind these headers, and ``user`` if a login named one. Without a login and without tokens in the
    settings everybody is allowed."""
    tokens, keys = settings.tokens, settings.admin_tokens
    bearer = _bearer(headers)
    by_token = next((token for token in (*keys, *tokens) if bearer and _same(bearer, token)), None)
    if user is not None:
        is_admin = user.identity in settings.admin_names or by_token in keys
        return Caller(user.owner, True, "", user=user, is_admin=is_admin)
    session = cookie_of(headers, COOKIE)
    has_login, is_open = settings.login != "none", settings.login == "none" and not tokens
    if _SESSION.fullmatch(session):
        shown = "" if has_login else cookie_of(headers, TOKEN_COOKIE)
        passed = [token for token in (*keys, *tokens) if shown and _same(shown, pass_for(token, session))]
        if by_token is not None:
            passed.append(by_token)
        is_admin = any(token in keys for token in passed)
        return Caller(_hash(f"session {session}"), is_open or bool(passed), session, is_admin=is_admin)
    if by_token is not None:  # a program that keeps no cookies: what it uploads belongs to the token
        return Caller(_hash(f"token {by_token}"), True, "", is_admin=by_token in keys)
    fresh = secrets.token_urlsafe(32)
    return Caller(_hash(f"session {fresh}"), is_open, fresh, fresh)


def pass_for(token: str, session: str) -> str:
    """What a session that has shown a token carries from then on; worthless with any other session."""
    return hmac.new(token.encode(), f"tintype {session}".encode(), hashlib.sha256).hexdigest()


def token_for(given: str, tokens: tuple[str, ...]) -> str | None:
    """The token that was given, if it is one of those in the settings."""
    return next((token for token in tokens if _same(given, token)), None)


def cookie_header(name: str, value: str, secure: bool, seconds: int = _YEAR) -> str:
    """A Set-Cookie header that scripts cannot read and other sites cannot make a browser send."""
    flags = "; Secure" if secure else ""
    return f"{name}={value}; Path={here('/')}; Max-Age={seconds}; HttpOnly; SameSite=Strict{flags}"


def current(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


# Dependencies are async: FastAPI sends each plain function to a thread of its pool, and a request waits for each.
async def _caller(request: Request) -> Caller:
    return current(request)


async def _owner(request: Request) -> str:
    return current(request).owner


async def _admin(request: Request) -> Caller:
    caller = current(request)
    if not caller.is_admin:
        raise ProblemError(
            403, "this is for administrators; the server's TINTYPE_ADMINS or TINTYPE_ADMIN_TOKEN says who"
        )
    return caller


OwnerDep = Annotated[str, Depends(_owner)]
CallerDep = Annotated[Caller, Depends(_caller)]
AdminDep = Annotated[Caller, Depends(_admin)]


def cookie_of(headers: Headers, name: str) -> str:
    """The value of a request's cookie; empty if there is none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", "")[:8192])
    except CookieError:
        return ""
    morsel = jar.get(name)
    return morsel.value if morsel is not None else ""


def _bearer(headers: Headers) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
