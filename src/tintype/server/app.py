"""The application: routes inside, guards around them, services made when it starts."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import structlog
from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from tintype.version import __version__

from . import page, problems
from .guard.access import AccessMiddleware
from .guard.access_log import AccessLogMiddleware
from .guard.faults import ErrorMiddleware
from .guard.proxies import Proxies
from .guard.rate import limiter
from .guard.request_limits import TimeoutMiddleware
from .guard.subpath import SubPath
from .jobs.worker import Housekeeper, Worker
from .logins import Logins
from .metrics import Metrics
from .routes import ROUTERS
from .routes.login import remember_steps
from .services import Services
from .settings import Settings
from .telemetry import Telemetry
from .users import remember

DESCRIPTION = """Colours black-and-white photographs and film.

Send photos to `/api/pictures`, ask for a result at `/api/pictures/{id}/results`, fetch it from its `file_url`. What you
send is yours: it is tied to the session cookie that the first answer sets, or to your token. `/api/capabilities` says
what this server can do; a part that is missing answers 501.
"""


def create_app(settings: Settings, services: Services | None = None) -> FastAPI:
    """The server with these settings. Nothing is opened, made or loaded before it starts, but ``services`` that are
    given are used, and closed at its end."""
    app = FastAPI(
        title="tintype",
        version=__version__,
        description=DESCRIPTION,
        lifespan=_life,
        docs_url=None,
        servers=[{"url": settings.root_path}] if settings.root_path else None,
        redoc_url=None,
        responses=problems.documented(401, 403, 422, 429),
    )
    app.state.settings = settings
    app.state.services = services
    app.state.metrics = services.metrics if services else Metrics(Telemetry.start(settings))
    app.state.streams = Counter()
    app.state.rate = limiter(settings)
    app.state.logins = Logins(settings)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(remember)])
    problems.install(app)
    page.install(app)
    # The last one added is the outermost.
    if settings.login == "oidc":
        remember_steps(app, settings)
    app.add_middleware(ErrorMiddleware)
    app.add_middleware(TimeoutMiddleware, settings=settings)
    app.add_middleware(AccessMiddleware, settings=settings, rate=app.state.rate, logins=app.state.logins)
    app.add_middleware(AccessLogMiddleware, metrics=app.state.metrics)
    app.add_middleware(SubPath, root=settings.root_path)
    app.add_middleware(Proxies, trusted=settings.trusted_proxies)
    _describe(app)
    return app


@contextlib.asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    services: Services = app.state.services or await run_in_threadpool(Services.start, settings, app.state.metrics)
    app.state.services = services
    housekeeper = Housekeeper(services)
    worker = Worker(services, settings.workers, settings.film_workers) if settings.workers else None
    try:
        if not services.ready:
            await run_in_threadpool(services.settle)
        housekeeper.start()
        if worker is not None:
            worker.start()
        structlog.get_logger("tintype.server").info("ready", models=list(services.registry.offered()))
        yield
    finally:
        housekeeper.stop()
        if worker is not None:
            await run_in_threadpool(worker.stop)
        await app.state.rate.close()
        services.close()


def _describe(app: FastAPI) -> None:
    """Name the media type of problems rightly in the schema, which FastAPI takes for plain JSON."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        schema = plain()
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status, answer in operation["responses"].items():
                    for content in list(answer.get("content", {}).values()):
                        if status[0] in "45" and content.get("schema", {}).get("$ref", "").endswith("/Problem"):
                            answer["content"] = {problems.MEDIA_TYPE: content}
        return schema

    app.openapi = described  # type: ignore[method-assign]
