"""The quick way: a picture stays open, and each prediction costs one run of the network."""

import io
import time
from typing import Annotated
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Query, Response
from PIL import Image

from tintype.server.capabilities import require
from tintype.server.colouring import check, predict
from tintype.server.identity import OwnerDep
from tintype.server.library import find_picture
from tintype.server.problems import ProblemError, documented
from tintype.server.schemas.common import ColourOptions, Id
from tintype.server.schemas.hints import Mood, Moods, SuggestionPublic
from tintype.server.services import Services
from tintype.server.tables import Picture

from .deps import ServicesDep
from .files import PICTURE, send_bytes

router = APIRouter(prefix="/api/pictures/{picture_id}", tags=["hints"])
_QUALITY = 85
ModelQuery = Annotated[str | None, Query(max_length=100, description="A model's name; the default if left out.")]


@router.post(
    "/predict", operation_id="predictPicture", response_class=Response,
    responses=documented(404, 429, 501, 503) | PICTURE,
)  # fmt: skip
def predict_picture(picture_id: Id, body: ColourOptions, services: ServicesDep, owner: OwnerDep) -> Response:
    """Colour a photo at screen size, as JPEG, without keeping the result: for hints, sliders and moods.

    The header Server-Timing says how long the prediction took. To keep what you see, ask for a result with the same
    options.
    """
    check(services, body)
    picture = _photo(services, picture_id, owner)
    with services.gate.pass_through():
        started = time.perf_counter()
        opened = services.opened.get(picture, body.model)
        ready = time.perf_counter()
        data = predict(opened, body).encode("JPEG", _QUALITY)
        done = time.perf_counter()
    timing = f"open;dur={1000 * (ready - started):.1f}, predict;dur={1000 * (done - ready):.1f}"
    return send_bytes(data, "image/jpeg", "preview.jpg", headers={"Server-Timing": timing, "Cache-Control": "no-store"})


@router.get("/alternatives", operation_id="listAlternatives", responses=documented(404, 429, 501, 503))
def list_alternatives(
    picture_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    model: ModelQuery = None,
    count: Annotated[int, Query(ge=1, le=8, description="How many.")] = 4,
) -> Moods:
    """Other moods for a photo, as many as the model sees; ask `predict` or `results` with `alternative` for one."""
    file = check(services, ColourOptions(model=model))
    require("alternatives", file)
    picture = _photo(services, picture_id, owner)
    with services.gate.pass_through():
        found = len(services.opened.get(picture, model).propose(count))
    base = f"/api/pictures/{picture_id}/alternatives"
    chosen = "" if model is None else f"?{urlencode({'model': model})}"  # by the name that was asked for
    return Moods(
        items=[
            Mood(number=number, options={"alternative": number}, preview_url=f"{base}/{number}{chosen}")
            for number in range(found)
        ]
    )


@router.get(
    "/alternatives/{number}", operation_id="getAlternative", response_class=Response,
    responses=documented(404, 429, 501, 503) | PICTURE,
)  # fmt: skip
def get_alternative(
    picture_id: Id, number: int, services: ServicesDep, owner: OwnerDep, model: ModelQuery = None
) -> Response:
    """Another mood at screen size, as JPEG."""
    if not 0 <= number <= 7:
        raise ProblemError(422, f"alternative is {number}, 0 to 7 are possible")
    return predict_picture(picture_id, ColourOptions(model=model, alternative=number), services, owner)


@router.get(
    "/confidence", operation_id="getConfidence", response_class=Response,
    responses=documented(404, 429, 501, 503) | PICTURE,
)  # fmt: skip
def get_confidence(picture_id: Id, services: ServicesDep, owner: OwnerDep, model: ModelQuery = None) -> Response:
    """How sure the model is of its colours, as a grey PNG: white is sure, black is a guess."""
    options = ColourOptions(model=model)
    require("confidence", check(services, options))
    picture = _photo(services, picture_id, owner)
    with services.gate.pass_through():
        plane = services.opened.get(picture, model).confidence()
        target = io.BytesIO()
        Image.fromarray(np.round(plane.clip(0, 1) * 255).astype(np.uint8)).save(target, "PNG")
    return send_bytes(target.getvalue(), "image/png", "confidence.png")


@router.get("/suggestions", operation_id="suggestColors", responses=documented(404, 429, 501, 503))
def suggest_colors(
    picture_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    x: Annotated[float, Query(ge=0, le=1, description="From the left edge (0) to the right (1).")],
    y: Annotated[float, Query(ge=0, le=1, description="From the top edge (0) to the bottom (1).")],
    model: ModelQuery = None,
    count: Annotated[int, Query(ge=1, le=12, description="How many at most.")] = 5,
) -> list[SuggestionPublic]:
    """Colours that the thing at a point may have, the likeliest first: a palette for a hint there."""
    require("suggestions", check(services, ColourOptions(model=model)))
    picture = _photo(services, picture_id, owner)
    with services.gate.pass_through():
        opened = services.opened.get(picture, model)
        found = opened.suggest(x * (opened.photo.width - 1), y * (opened.photo.height - 1), count)
    return [
        SuggestionPublic(color="#{:02x}{:02x}{:02x}".format(*one.color), probability=round(one.probability, 4))
        for one in found
    ]


def _photo(services: Services, picture_id: str, owner: str) -> Picture:
    with services.database.session() as session:
        picture = find_picture(session, picture_id, owner)
    if picture.kind != "photo":
        raise ProblemError(422, "this is a film; hints are for photos")
    return picture
