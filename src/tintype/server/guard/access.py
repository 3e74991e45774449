"""Who may come in: known host names, no other sites, small headers, a rate for each client, a token if there is one."""

import ipaddress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.server.gate import CLIENT, Client
from tintype.server.identity import COOKIE, cookie_header, identify
from tintype.server.logins import Logins
from tintype.server.problems import respond
from tintype.server.settings import Settings

from .rate import Limiter

MOST_HEADERS = 100
MOST_HEADER_BYTES = 32_000
# What works without a token: the page itself, so that it can ask for one, and what machines ask.
_OPEN = ("/api/session", "/api/login", "/api/login/callback", "/api/logout", "/health", "/ready")
_UNCOUNTED = ("/health", "/ready", "/metrics")  # asked by machines, often by address instead of name
_HOW_TO_ENTER = {
    "none": "send Authorization: Bearer TOKEN, or give the token on the page",
    "oidc": "log in on the page, or send Authorization: Bearer TOKEN",
    "proxy": "log in where your organisation has its login; this server takes its word for who you are",
}
_SAFE = ("GET", "HEAD", "OPTIONS")


class AccessMiddleware:
    def __init__(self, app: ASGIApp, settings: Settings, rate: Limiter, logins: Logins) -> None:
        self._app = app
        self._settings, self._tokens = settings, settings.tokens
        self._logins = logins
        self._hosts = settings.hosts
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        caller = identify(headers, self._settings, self._logins.user(scope, headers))
        scope.setdefault("state", {})["caller"] = caller
        CLIENT.set(Client(client_address(scope), caller.owner))
        refusal = await self._refusal(scope, headers, caller.allowed)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if caller.new_session is None or not scope["path"].startswith("/api"):
            await self._app(scope, receive, send)
            return
        cookie = cookie_header(COOKIE, caller.new_session, scope.get("scheme") == "https")

        async def send_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                MutableHeaders(scope=message).append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_cookie)

    async def _refusal(self, scope: Scope, headers: Headers, allowed: bool) -> ASGIApp | None:
        path = scope["path"]
        raw = scope["headers"]
        if len(raw) > MOST_HEADERS or sum(len(name) + len(value) for name, value in raw) > MOST_HEADER_BYTES:
            return respond(431, f"a request may have {MOST_HEADERS} headers of {MOST_HEADER_BYTES:,} bytes in all")
        if path not in _UNCOUNTED and not self._is_known(headers.get("host", "")):
            return respond(403, "this host name is not served; the server's TINTYPE_ALLOWED_HOSTS lists those that are")
        if scope["method"] not in _SAFE and _is_from_elsewhere(headers):
            return respond(403, "another site may not change anything here")
        if path not in _UNCOUNTED and (seconds := await self._rate.seconds(client_address(scope))):
            wait = str(max(1, round(seconds)))
            return respond(429, f"too many requests; try again in {wait} s", headers={"Retry-After": wait})
        if path == "/metrics" and not self._tokens and not is_near(scope):
            return respond(404, "there is nothing at this address; the API is described at /docs")
        needs_token = path.startswith(("/api", "/metrics", "/openapi.json", "/docs")) and path not in _OPEN
        if needs_token and not allowed:
            challenge = {"WWW-Authenticate": "Bearer"}
            return respond(401, _HOW_TO_ENTER[self._logins.kind], headers=challenge)
        return None

    def _is_known(self, host: str) -> bool:
        if "*" in self._hosts:
            return True
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return name.lower() in self._hosts


def _is_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another site's page sent this."""
    fetched = headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host", "")


def is_near(scope: Scope) -> bool:
    """Whether the asker is of this machine or of a private network."""
    try:
        return ipaddress.ip_address((scope.get("client") or ("", 0))[0]).is_private
    except ValueError:
        return False


def client_address(scope: Scope) -> str:
    """The client's address; of IPv6 the network, since one client has as many addresses as it likes."""
    return network_of((scope.get("client") or ("unknown", 0))[0])


def network_of(host: str) -> str:
    """An IPv4 address as it is, of an IPv6 address the network of 64 bits."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
