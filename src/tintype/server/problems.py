"""Every refusal is an RFC 9457 problem: what is wrong, the limit, and what to do; never a path or a traceback."""

import re
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from tintype.errors import InputError, MissingExtra, OutputError, StorageFullError, TintypeError, WeightsError

from .misfits import in_words
from .predictor.address import RETRY_SECONDS, PredictorAwayError

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "Bad request",
    401: "A token is needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "The sender was too slow",
    409: "Not in this state",
    412: "Another version is needed",
    413: "Too large",
    415: "Not a picture that can be read",
    422: "The request does not fit",
    429: "Too many requests",
    431: "Headers too large",
    500: "A fault of the server",
    501: "Not available here",
    503: "Not ready",
    507: "No room left",
}
# Two names after a slash: what a path of a server looks like in a library's message.
_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[/\\]+[\w.@+\- ]+){2,}")


class Problem(BaseModel):
    """What went wrong, after RFC 9457."""

    type: str = Field("about:blank", description="A name for this kind of problem; about:blank for the status itself.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong here: the value, the limit, what to do.")
    missing: str | None = Field(None, description="With 501: the part that this server lacks; see /api/capabilities.")
    errors: list[dict[str, Any]] | None = Field(None, description="With 422: each field that does not fit.")


class ProblemError(Exception):
    """Raised anywhere below a route; becomes the answer."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, missing: str | None = None):
        super().__init__(detail)
        self.status, self.detail, self.headers, self.missing = status, detail, headers or {}, missing


def not_found(what: str) -> ProblemError:
    """The answer for what is not there and for what is somebody else's: the two look alike."""
    return ProblemError(404, f"there is no such {what}, or it is not yours")


def busy(seconds: int, why: str) -> ProblemError:
    return ProblemError(429, f"{why}; try again in {seconds} s", headers={"Retry-After": str(seconds)})


def respond(
    status: int,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    missing: str | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> JSONResponse:
    """The problem as an answer."""
    title = _TITLES.get(status, "The request cannot be served")
    problem = Problem(type="about:blank", title=title, status=status, detail=detail, missing=missing, errors=errors)
    body = problem.model_dump(exclude_none=True)
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def public_text(text: str) -> str:
    """A library's message without the server's paths: of each only the last name stays."""
    return _PATH.sub(lambda path: re.split(r"[/\\]", path[0])[-1], " ".join(text.split()))


def from_library(error: TintypeError) -> tuple[int, str]:
    """Status and text for an error that tintype raised on purpose."""
    text = public_text(str(error))
    if isinstance(error, InputError):
        return 415, text
    if isinstance(error, MissingExtra):
        return 501, text
    if isinstance(error, StorageFullError):
        return 507, text
    if isinstance(error, OutputError):
        return 422, text
    if isinstance(error, (WeightsError, PredictorAwayError)):
        return 503, text
    return 422, text


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route's ``responses`` say about its refusals."""
    return {status: {"model": Problem, "description": _TITLES[status]} for status in statuses}


def install(app: FastAPI) -> None:
    """Turn every exception of ``app`` into a problem."""
    log = structlog.get_logger("tintype.server")

    @app.exception_handler(ProblemError)
    async def _own(request: Request, error: ProblemError) -> JSONResponse:
        return respond(error.status, error.detail, headers=error.headers, missing=error.missing)

    @app.exception_handler(TintypeError)
    async def _library(request: Request, error: TintypeError) -> JSONResponse:
        status, text = from_library(error)
        log.info("refused", path=request.url.path, status=status, why=str(error))
        again = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, PredictorAwayError) else None
        return respond(status, text, headers=again)

    @app.exception_handler(RequestValidationError)
    async def _validation(request: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        errors = [
            {"where": ".".join(str(part) for part in one["loc"]), "what": in_words(one), "kind": one["type"]}
            for one in found
        ]
        return respond(422, in_words(found[0]) if found else "the request does not fit", errors=errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        detail = str(error.detail)
        if error.status_code == 404:
            detail = "there is nothing at this address; the API is described at /docs"
        return respond(error.status_code, detail, headers=dict(error.headers or {}))


def outcome_of(error: Exception) -> tuple[int, str]:
    """Status and text for an error inside a request that goes on. Anything unforeseen is raised again."""
    if isinstance(error, ProblemError):
        return error.status, error.detail
    if isinstance(error, TintypeError):
        return from_library(error)
    raise error
