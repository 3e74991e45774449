"""What there is, and how the server is."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from tintype.network.model_file import ModelFile
from tintype.server.capabilities import capabilities
from tintype.server.problems import documented, not_found
from tintype.server.schemas.system import Capabilities, Feature, Health, Limits, ModelPublic
from tintype.version import __version__

from .deps import ServicesDep

router = APIRouter(tags=["system"])
FORMATS = ["jpeg", "png", "webp", "tiff"]


def _features(model: ModelFile) -> dict[str, Feature]:
    return {name: Feature(available=one.available, why=one.why) for name, one in capabilities(model).items()}


@router.get("/api/models", operation_id="listModels")
def list_models(services: ServicesDep) -> list[ModelPublic]:
    """The models on offer, the default first."""
    offered = services.registry.offered()
    default = services.registry.default
    return [
        ModelPublic.of(name, file, name == default, _features(file), services.metrics.pace(name))
        for name, file in offered.items()
    ]


@router.get("/api/capabilities", operation_id="getCapabilities", responses=documented(422))
def get_capabilities(
    services: ServicesDep, model: Annotated[str | None, Query(max_length=100, description="For this model.")] = None
) -> Capabilities:
    """What this server can do with a model, and what it takes."""
    settings = services.settings
    limits = Limits.model_validate({name: getattr(settings, name) for name in Limits.model_fields})
    return Capabilities(
        version=__version__,
        default_model=services.registry.default,
        features=_features(services.registry.file(model)),
        models=list_models(services),
        formats=FORMATS,
        limits=limits,
        blends=services.registry.can_blend,
        studies=settings.studies == "anyone",
    )


@router.get("/health", operation_id="getHealth")
async def get_health() -> Health:
    """Answers while the process lives."""
    return Health(status="alive")


@router.get("/ready", operation_id="getReadiness", responses={503: {"model": Health, "description": "Not ready."}})
def get_readiness(services: ServicesDep, response: Response) -> Health:
    """Whether the database and the storage answer and the model is warm."""
    checks = {"model": "ok" if services.ready else "loading"}
    parts = [("database", services.database.check), ("storage", services.storage.check)]
    if services.registry.predictor is not None:
        parts.append(("predictor", services.registry.predictor.check))
    for name, check in parts:
        checks[name] = services.health.of(name, check)
    if services.stopping.is_set():
        checks["server"] = "stopping"
    is_ready = all(value == "ok" for value in checks.values())
    response.status_code = 200 if is_ready else 503
    return Health(status="ready" if is_ready else "not ready", checks=checks)


@router.get("/metrics", operation_id="getMetrics", response_class=PlainTextResponse, responses=documented(404))
def get_metrics(services: ServicesDep) -> Response:
    """What Prometheus reads."""
    if not services.settings.metrics:
        raise not_found("page")
    return Response(services.metrics.page(), media_type=CONTENT_TYPE_LATEST)
