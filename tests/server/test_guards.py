"""The guards one by one: time, streams, and faults that nobody foresaw."""

import asyncio
import json
from pathlib import Path
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from server.serving import serving
from server.test_jobs import frames
from tintype.server.guard.faults import ErrorMiddleware
from tintype.server.guard.request_limits import TimeoutMiddleware
from tintype.server.settings import Settings


def ask(app: Any, path: str = "/api/pictures", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """One request straight into an ASGI application: status, headers, body."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    asyncio.run(app(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:])


async def sleeper(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(30)


async def slow_stream(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(0.3)
    await send({"type": "http.response.body", "body": b"whole"})


async def stumbler(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("/srv/secret/place is broken")


def test_a_request_that_takes_too_long_is_answered(tmp_path: Path) -> None:
    patience = TimeoutMiddleware(sleeper, Settings(folder=tmp_path, request_seconds=0.1))
    status, headers, body = ask(patience)
    assert (status, headers["retry-after"]) == (503, "30")
    assert json.loads(body)["title"] == "Not ready"


def test_an_answer_that_has_begun_may_take_its_time(tmp_path: Path) -> None:
    assert ask(TimeoutMiddleware(slow_stream, Settings(folder=tmp_path, request_seconds=0.1)))[2] == b"whole"


def test_a_fault_tells_nothing() -> None:
    status, headers, body = ask(ErrorMiddleware(stumbler))
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    assert b"secret" not in body


def test_streams_are_limited(tmp_path: Path) -> None:
    with serving(tmp_path, model="tiny", workers=0, streams=1) as site, site.visitor() as visitor:
        (picture,) = visitor.upload(*frames(1))
        job = visitor.job(kind="colorize", pictures=[picture["id"]])  # nobody takes it: its stream stays open
        with visitor.stream("GET", job["events_url"]) as first:
            assert first.status_code == 200
            pieces = first.iter_bytes()  # held: a stream is closed with its last iterator
            next(pieces)
            refused = visitor.get(job["events_url"])
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
        visitor.post(f"/api/jobs/{job['id']}/cancel")
        assert visitor.get(f"/api/jobs/{job['id']}").json()["state"] == "cancelled"
