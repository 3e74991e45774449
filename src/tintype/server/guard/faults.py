"""What nobody foresaw becomes a problem without a traceback; the log has the traceback."""

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.server.problems import respond


class ErrorMiddleware:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._log = structlog.get_logger("tintype.server")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        except (OperationalError, PoolTimeout) as error:
            self._log.error("database", path=scope.get("path"), why=str(error.args)[:300])
            if started or scope["type"] != "http":
                raise
            answer = respond(503, "the database does not answer; try again soon", headers={"Retry-After": "5"})
            await answer(scope, receive, send)
        except Exception:
            self._log.exception("fault", path=scope.get("path"))
            if started or scope["type"] != "http":
                raise
            await respond(500, "something unforeseen happened; the server's log says what")(scope, receive, send)
