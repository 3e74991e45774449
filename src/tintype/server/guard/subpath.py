"""A site below a path of its own: the path is taken off before anything else looks at an address."""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tintype.server.root import ROOT


class SubPath:
    """Serves below ``root`` ("" or "/some/path"), whether the proxy in front takes the path off or passes it on."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app, self._root = app, root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._root:
            ROOT.set(self._root)
            path = scope["path"]
            if path == self._root:  # what lies below it would be sought beside it
                await RedirectResponse(f"{self._root}/", 308)(scope, receive, send)
                return
            if path.startswith(f"{self._root}/"):
                scope = dict(scope, path=path.removeprefix(self._root))
        await self._app(scope, receive, send)
