"""Who asks: an unguessable session cookie, or a token. The database only ever sees a hash."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers

COOKIE = "tintype_session"
TOKEN_COOKIE = "tintype_token"
_SESSION = re.compile(r"[A-Za-z0-9_-]{43}")
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Caller:
    """One client: ``owner`` stands for it in the database, ``new_session`` is a cookie it has yet to be given."""

    owner: str
    allowed: bool
    session: str
    new_session: str | None = None


def identify(headers: Headers, tokens: tuple[str, ...]) -> Caller:
    """The client behind these headers; without tokens in the settings everybody is allowed."""
    cookies = _cookies(headers)
    session = cookies.get(COOKIE, "")
    bearer = _bearer(headers)
    by_token = next((token for token in tokens if bearer and _same(bearer, token)), None)
    if _SESSION.fullmatch(session):
        shown = cookies.get(TOKEN_COOKIE, "")
        allowed = not tokens or by_token is not None or any(_same(shown, pass_for(t, session)) for t in tokens)
        return Caller(_hash(f"session {session}"), allowed, session)
    if by_token is not None:  # a program that keeps no cookies: what it uploads belongs to the token
        return Caller(_hash(f"token {by_token}"), True, "")
    fresh = secrets.token_urlsafe(32)
    return Caller(_hash(f"session {fresh}"), not tokens, fresh, fresh)


def pass_for(token: str, session: str) -> str:
    """What a session that has shown a token carries from then on; worthless with any other session."""
    return hmac.new(token.encode(), f"tintype {session}".encode(), hashlib.sha256).hexdigest()


def token_for(given: str, tokens: tuple[str, ...]) -> str | None:
    """The token that was given, if it is one of those in the settings."""
    return next((token for token in tokens if _same(given, token)), None)


def cookie_header(name: str, value: str, secure: bool) -> str:
    """A Set-Cookie header that scripts cannot read and other sites cannot make a browser send."""
    flags = "; Secure" if secure else ""
    return f"{name}={value}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Strict{flags}"


def current(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


def _owner(request: Request) -> str:
    return current(request).owner


OwnerDep = Annotated[str, Depends(_owner)]
CallerDep = Annotated[Caller, Depends(current)]


def _cookies(headers: Headers) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", "")[:4096])
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _bearer(headers: Headers) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
