"""The quick way: a picture stays open, and each prediction costs one run of the network."""

import io
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Annotated
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Query, Response
from PIL import Image

from tintype.colorizer.learned_restore import restored_map
from tintype.colorizer.restore import restore
from tintype.imaging.types import Plane8
from tintype.photo.photo import Photo
from tintype.photo.shrink import shrink
from tintype.server.capabilities import require
from tintype.server.colouring import check, predict, reference_of, taste_of
from tintype.server.extent import extent, extent_image
from tintype.server.identity import OwnerDep
from tintype.server.large import Head, weigh
from tintype.server.library import find_picture
from tintype.server.palette import colours_of
from tintype.server.problems import ProblemError, documented
from tintype.server.root import here
from tintype.server.schemas.common import ColourOptions, Id, RestoreStep
from tintype.server.schemas.hints import ExtentAsked, MatchPublic, Mood, Moods, SuggestionPublic
from tintype.server.services import Services
from tintype.server.stored import weight_of
from tintype.server.tables import Picture
from tintype.server.variants import THUMBNAIL_PIXELS

from .deps import ServicesDep
from .files import PICTURE, send_bytes
from .price import PAID

router = APIRouter(prefix="/api/pictures/{picture_id}", tags=["hints"])
_QUALITY = 85
_PART = (360, 240)  # pixels of the part that shows what mending does
_CELLS = 6  # of a grid over a photo that matches are taken from in turn
ModelQuery = Annotated[str | None, Query(max_length=100, description="A model's name; the default if left out.")]

NewestQuery = Annotated[
    bool, Query(description="Answer 409 instead, if the asker asks anew about this photo before the work begins.")
]
PixelsQuery = Annotated[
    int | None, Query(ge=64, le=8192, description="Long side of the answer, at most: a smaller one is there sooner.")
]
DraftQuery = Annotated[
    bool,
    Query(
        description="Spread the hints without asking the network what it makes of them: near its answer, and sooner."
    ),
]
SteerQuery = Annotated[
    bool,
    Query(description="Hints will follow: once this is answered, make ready what they need."),
]


@router.post(
    "/predict", operation_id="predictPicture", response_class=Response, dependencies=[PAID],
    responses=documented(404, 409, 429, 501, 503) | PICTURE,
)  # fmt: skip
def predict_picture(
    picture_id: Id,
    body: ColourOptions,
    services: ServicesDep,
    owner: OwnerDep,
    newest: NewestQuery = False,
    pixels: PixelsQuery = None,
    draft: DraftQuery = False,
    steer: SteerQuery = False,
) -> Response:
    """Colour a photo at screen size, as JPEG, without keeping the result: for hints, sliders and moods.

    The header Server-Timing says how long the prediction took. To keep what you see, ask for a result with the same
    options.
    """
    check(services, body)
    reference = reference_of(services, body, owner)
    picture = _photo(services, picture_id, owner, results=False)
    is_newest = services.newest.asked((owner, picture_id))
    with _admitted(services, picture, body):
        if newest and not is_newest():
            raise ProblemError(409, "a newer question about this photo came before this one was begun")
        started = time.perf_counter()
        opened = services.opened.get(picture, body.model)
        ready = time.perf_counter()
        asked = services.opened.reference(reference, body.model)
        data = predict(opened, body, asked, pixels, draft).encode("JPEG", _QUALITY)
        done = time.perf_counter()
    timing = f"open;dur={1000 * (ready - started):.1f}, predict;dur={1000 * (done - ready):.1f}"
    headers = {"Server-Timing": timing, "Cache-Control": "no-store"}
    response = send_bytes(data, "image/jpeg", "preview.jpg", headers=headers)
    if steer and not opened.restored(taste_of(body)).is_prepared(size=body.size):
        # Not a task of the response: the browser's next question comes by the same connection, and would wait for it.
        services.preparation.ask(picture.id, _weight(services, picture, body), lambda: _steps(services, picture, body))
    return response


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
    with _admitted(services, picture, ColourOptions(model=model)):
        found = len(services.opened.get(picture, model).propose(count))
    base = here(f"/api/pictures/{picture_id}/alternatives")
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
    picture_id: Id,
    number: int,
    services: ServicesDep,
    owner: OwnerDep,
    model: ModelQuery = None,
    small: Annotated[bool, Query(description="As a thumbnail.")] = False,
) -> Response:
    """Another mood at screen size, as JPEG."""
    if not 0 <= number <= 7:
        raise ProblemError(422, f"alternative is {number}, 0 to 7 are possible")
    shown = predict_picture(picture_id, ColourOptions(model=model, alternative=number), services, owner)
    if not small:
        return shown
    data = shrink(Photo.read(bytes(shown.body)), THUMBNAIL_PIXELS).encode("JPEG", _QUALITY)
    return send_bytes(data, "image/jpeg", "preview.jpg", headers={"Cache-Control": "no-store"})


@router.get(
    "/confidence", operation_id="getConfidence", response_class=Response,
    responses=documented(404, 429, 501, 503) | PICTURE,
)  # fmt: skip
def get_confidence(picture_id: Id, services: ServicesDep, owner: OwnerDep, model: ModelQuery = None) -> Response:
    """How sure the model is of its colours, as a grey PNG: white is sure, black is a guess."""
    options = ColourOptions(model=model)
    require("confidence", check(services, options))
    picture = _photo(services, picture_id, owner)
    with _admitted(services, picture, options):
        plane = services.opened.get(picture, model).confidence()
        target = io.BytesIO()
        Image.fromarray(np.round(plane.clip(0, 1) * 255).astype(np.uint8)).save(target, "PNG")
    return send_bytes(target.getvalue(), "image/png", "confidence.png")


@router.post(
    "/extent", operation_id="findExtent", response_class=Response, responses=documented(404, 429, 501, 503) | PICTURE
)
def find_extent(picture_id: Id, body: ExtentAsked, services: ServicesDep, owner: OwnerDep) -> Response:
    """How far a hint would reach: a PNG whose opacity is the share of its colour that each place would take.

    Points with ``plus`` are on the thing, those without it beside it.
    """
    options = ColourOptions(model=body.model)
    require("hints", check(services, options))
    picture = _photo(services, picture_id, owner)
    with _admitted(services, picture, options):
        opened = services.opened.get(picture, body.model)
        target = io.BytesIO()
        extent_image(extent(opened, [(one.x, one.y, one.plus) for one in body.points])).save(target, "PNG")
    return send_bytes(target.getvalue(), "image/png", "extent.png", headers={"Cache-Control": "no-store"})


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
    with _admitted(services, picture, ColourOptions(model=model)):
        opened = services.opened.get(picture, model)
        found = opened.suggest(x * (opened.photo.width - 1), y * (opened.photo.height - 1), count)
    return [
        SuggestionPublic(color="#{:02x}{:02x}{:02x}".format(*one.color), probability=round(one.probability, 4))
        for one in found
    ]


@router.get("/matches", operation_id="matchReference", responses=documented(404, 429, 501, 503))
def match_reference(
    picture_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    reference: Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{22}$", description="A colour picture of the asker.")],
    model: ModelQuery = None,
    count: Annotated[int, Query(ge=1, le=60, description="How many at most.")] = 24,
) -> list[MatchPublic]:
    """Which places of a photo take which colours of a reference, the surest first, from all over the photo.

    To take some of them and refuse others, ask for hints at those places instead of the reference.
    """
    options = ColourOptions(model=model, reference=reference)
    check(services, options)
    row = reference_of(services, options, owner)
    picture = _photo(services, picture_id, owner)
    with _admitted(services, picture, options):
        opened, other = services.opened.get(picture, model), services.opened.reference(row, model)
        found = [] if other is None else opened.matches(other)
    width, height = opened.photo.width, opened.photo.height
    spread: dict[tuple[int, int], list[MatchPublic]] = {}
    for hint, (other_x, other_y) in found:
        x, y = min(1.0, (hint.x + 0.5) / width), min(1.0, (hint.y + 0.5) / height)
        spread.setdefault((int(x * _CELLS), int(y * _CELLS)), []).append(
            MatchPublic(
                x=round(x, 4), y=round(y, 4), other_x=round(other_x, 4), other_y=round(other_y, 4),
                color="#{:02x}{:02x}{:02x}".format(*hint.color), likeness=round(min(1.0, hint.confidence), 4),
                radius=round(min(0.5, (hint.radius or 1) / min(width, height)), 4),
            )
        )  # fmt: skip
    ranked = sorted((rank, -one.likeness, place) for place, ones in spread.items() for rank, one in enumerate(ones))
    return [spread[place][rank] for rank, _, place in ranked[:count]]


@router.get("/mended", operation_id="getMended", response_class=Response, responses=documented(404, 429) | PICTURE)
def get_mended(
    picture_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    step: Annotated[RestoreStep, Query(description="What is mended.")],
    applied: Annotated[bool, Query(description="After the step; else the same part before it.")] = True,
    changes: Annotated[
        bool, Query(description="Instead what changed, four times as strong; mid-grey is nothing.")
    ] = False,
) -> Response:
    """The middle of a photo in grey before or after one step of mending, or what changed, as JPEG."""
    picture = _photo(services, picture_id, owner)
    with services.gate.pass_through(weight_of(services.storage, picture.key, "look")):
        photo = services.opened.small(picture).grey()
        mended = restore(photo, [step] if applied or changes else [])
        luma = _stronger(restored_map(photo, mended)) if changes else mended.luma
        left, top = max(0, (photo.width - _PART[0]) // 2), max(0, (photo.height - _PART[1]) // 2)
        target = io.BytesIO()
        Image.fromarray(luma[top : top + _PART[1], left : left + _PART[0]]).save(target, "JPEG", quality=_QUALITY)
    return send_bytes(target.getvalue(), "image/jpeg", "mended.jpg")


def _stronger(changed: Plane8) -> Plane8:
    """A map of changes around 128, four times as strong: most are of a few levels, which nobody sees."""
    return np.asarray(((changed.astype(np.int16) - 128) * 4 + 128).clip(0, 255), np.uint8)


@router.get("/palette", operation_id="getPalette", responses=documented(404, 429))
def get_palette(
    picture_id: Id,
    services: ServicesDep,
    owner: OwnerDep,
    count: Annotated[int, Query(ge=1, le=16, description="How many colours.")] = 6,
) -> list[str]:
    """The colours that a colour picture is made of, the largest part first, as #rrggbb: a palette for others."""
    picture = _photo(services, picture_id, owner)
    with services.gate.pass_through(weight_of(services.storage, picture.key, "look")):
        return colours_of(services.opened.coloured(picture).rgb(), count)


def _steps(services: Services, picture: Picture, options: ColourOptions) -> Iterator[None]:
    """Make a picture ready for hints a step at a time, if it is still open."""
    if services.opened.has(picture, services.registry.file(options.model).sha256):
        opened = services.opened.get(picture, options.model).restored(taste_of(options))
        yield from opened.preparing(size=options.size)


def _admitted(services: Services, picture: Picture, options: ColourOptions) -> AbstractContextManager[None]:
    """A slot for a prediction at screen size."""
    return services.gate.pass_through(_weight(services, picture, options))


def _weight(services: Services, picture: Picture, options: ColourOptions) -> int:
    """Bytes that a prediction at screen size takes, with the opening of the picture if it is not open."""
    model = services.registry.file(options.model)
    size = options.size or model.info.size
    if services.opened.has(picture, model.sha256):
        return weigh(Head("JPEG", size, size, "RGB", False), "look", size)
    return weight_of(services.storage, picture.key, "look", size)


def _photo(services: Services, picture_id: str, owner: str, *, results: bool = True) -> Picture:
    with services.database.session() as session:
        picture = find_picture(session, picture_id, owner, results=results)
    if picture.kind != "photo":
        raise ProblemError(422, "this is a film; hints are for photos")
    return picture
