"""What trusted proxies say of a client is believed, and only what they say."""

from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tintype.server.logins import TRUSTED


class Proxies:
    """Takes the client's address and scheme from the headers of the proxies in ``trusted`` (addresses and networks with
    commas), and remembers whether such a proxy sent the request."""

    def __init__(self, app: ASGIApp, trusted: str) -> None:
        self._app = app
        self._believing: Any = ProxyHeadersMiddleware(cast("Any", app), trusted) if trusted else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._believing is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        peer = (scope.get("client") or ("", 0))[0]
        scope.setdefault("state", {})[TRUSTED] = peer in self._believing.trusted_hosts
        await self._believing(scope, receive, send)
