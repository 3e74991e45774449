"""Request limits: body size, minimum upload rate, response timeout."""

import asyncio
import time

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.server.problems import respond
from tintype.server.settings import Settings

_JSON_BYTES = 1_000_000
_FORM_BYTES = 100_000


class TimeoutMiddleware:
    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit(scope["method"], scope["path"])
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            await respond(413, _too_large(limit))(scope, receive, send)
            return
        is_upload = limit > _JSON_BYTES
        started = False

        async def send_watched(message: Message) -> None:
            nonlocal started
            started = True
            timer.reschedule(None)  # how long the client takes to receive is its own affair
            await send(message)

        seconds = self._settings.request_seconds + (self._settings.upload_seconds if is_upload else 0)
        try:
            async with asyncio.timeout(seconds) as timer:
                await self._app(scope, self._measured(receive, limit, is_upload), send_watched)
        except TimeoutError:
            if started:
                raise
            refusal = respond(503, f"no answer within {seconds:g} s", headers={"Retry-After": "30"})
            await refusal(scope, receive, send)

    def _limit(self, method: str, path: str) -> int:
        if method == "POST" and path == "/api/pictures":
            return self._settings.max_bytes * self._settings.max_files + _FORM_BYTES
        if method == "POST" and path == "/api/films":
            return self._settings.max_film_bytes + _FORM_BYTES
        if method == "PATCH" and path.startswith("/api/uploads/"):
            return max(self._settings.max_bytes, self._settings.max_film_bytes)
        return _JSON_BYTES

    def _measured(self, receive: Receive, limit: int, is_upload: bool) -> Receive:
        """``receive`` that ends what is too large or too slow."""
        received = 0
        complete = False
        idle = self._settings.idle_seconds
        deadline = time.monotonic() + (self._settings.upload_seconds if is_upload else idle)

        async def measured() -> Message:
            nonlocal received, complete
            if complete:  # whoever asks now waits for the client to leave
                return await receive()
            left = min(idle, deadline - time.monotonic())
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.01))
            except TimeoutError:
                raise HTTPException(
                    408, f"nothing came for {idle:g} s, or the whole took too long; send faster"
                ) from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > limit:
                raise HTTPException(413, _too_large(limit))
            return message

        return measured


def _too_large(limit: int) -> str:
    return f"a request to this address may have {limit:,} bytes; send less at a time"
