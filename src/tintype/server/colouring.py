"""From a stored picture and options to a coloured one; the only place that calls the colorizer for a picture."""

import hashlib
import json
import time
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tintype.colorizer.open_photo import OpenPhoto
from tintype.colorizer.provenance import read_record, recorded
from tintype.colorizer.taste import Taste
from tintype.hints.hint import Hint, parse_color
from tintype.network.model_file import ModelFile
from tintype.photo.metadata import Metadata
from tintype.photo.photo import Photo

from .capabilities import require_options
from .intake import suffix_of
from .problems import ProblemError, not_found
from .schemas.common import ColourOptions
from .services import Services
from .stored import read_file
from .tables import Picture, Result, new_id


def options_key(model: ModelFile, options: ColourOptions) -> str:
    """The same for the same model file asked the same: a hash of both."""
    asked = json.dumps(options.asked(), sort_keys=True)
    return hashlib.sha256(f"{model.sha256} {asked}".encode()).hexdigest()


def check(services: Services, options: ColourOptions) -> ModelFile:
    """The model that the options ask for.

    Raises:
        ProblemError: 422, no such model, or the size is beyond the server's limit; 501, a part is missing.
    """
    model = services.shelf.file(options.model)
    limit = services.settings.max_size
    if options.size is not None and options.size > limit:
        raise ProblemError(422, f"size is {options.size} pixels, this server allows {limit}")
    require_options(options, model)
    return model


def predict(opened: OpenPhoto, options: ColourOptions) -> Photo:
    """Colour an open picture as asked; the options have been checked.

    Raises:
        ProblemError: 422, the picture has fewer alternatives.
    """
    hints = library_hints(options, opened.photo)
    if options.alternative is not None:
        moods = opened.propose(options.alternative + 1, size=options.size)
        if options.alternative >= len(moods):
            raise ProblemError(
                422, f"this picture has {len(moods)} alternatives, number {options.alternative} is beyond them"
            )
        hints = [*moods[options.alternative], *hints]
    return opened.predict(size=options.size, hints=hints, taste=taste_of(options))


def taste_of(options: ColourOptions) -> Taste:
    """The options' mood in the library's own terms."""
    return Taste(saturation=options.saturation, temperature=options.temperature, strength=options.strength)


def library_hints(options: ColourOptions, photo: Photo) -> list[Hint]:
    """The options' hints in the library's own terms: pixels of this photo."""
    short = min(photo.width, photo.height)
    return [
        Hint(
            x=hint.x * (photo.width - 1),
            y=hint.y * (photo.height - 1),
            color=parse_color(hint.color),
            radius=None if hint.radius is None else hint.radius * short,
        )
        for hint in options.hints
    ]


def colour(services: Services, picture_id: str, options: ColourOptions) -> tuple[Result, bool]:
    """The result of a stored photo with these options, and whether it is new: the same question gives the same row.

    Raises:
        ProblemError: 404, the picture has gone; else as `check`.
    """
    model = check(services, options)
    key = options_key(model, options)
    with services.database.session() as session:
        if found := _find(session, picture_id, key):
            return found, False
        picture = session.get(Picture, picture_id)
    if picture is None:
        raise not_found("picture")
    data = read_file(services.storage, picture.key)
    started = time.perf_counter()
    colorizer = services.shelf.get(options.model)
    photo = predict(OpenPhoto(colorizer.network, Photo.read(data, max_pixels=services.settings.max_pixels)), options)
    encoded = photo.encode()
    seconds = time.perf_counter() - started
    services.metrics.coloured(services.shelf.name(model), seconds, photo.width * photo.height)
    identity = new_id()
    row = Result(
        id=identity,
        picture_id=picture_id,
        model=services.shelf.name(model),
        model_version=str(model.info.version),
        model_sha256=model.sha256,
        options=options.asked(),
        options_key=key,
        format=photo.format,
        width=photo.width,
        height=photo.height,
        bytes=len(encoded),
        key=f"results/{identity}/file{suffix_of(photo.format)}",
        seconds=round(seconds, 4),
    )
    return keep(services, row, encoded)


def keep(services: Services, row: Result, encoded: bytes) -> tuple[Result, bool]:
    """Store a new result; if another request or worker was faster, theirs stands."""
    services.storage.write(row.key, encoded)
    return keep_row(services, row)


def keep_row(services: Services, row: Result) -> tuple[Result, bool]:
    """As `keep`, for a file that is stored already."""
    try:
        with services.database.session() as session:
            session.add(row)
        return row, True
    except IntegrityError:
        services.storage.delete_folder(f"results/{row.id}")
        with services.database.session() as session:
            if found := _find(session, row.picture_id, row.options_key):
                return found, False
        raise not_found("picture") from None  # deleted while it was being coloured


def anonymous(photo: Photo, model: ModelFile | None) -> Photo:
    """The photo without what its file told beside the picture: place, camera, comments.

    That its colours are estimated, and by which model, stays, if the model is at hand.
    """
    meta = photo.meta
    kept = Metadata(meta.format, meta.mode, icc=meta.icc, quality=meta.quality, subsampling=meta.subsampling)
    record = read_record(meta)
    if record is not None and model is not None:
        kept = recorded(kept, model, record["options"])
    return Photo(photo.luma, photo.chroma, photo.alpha, kept)


def _find(session: Any, picture_id: str, key: str) -> Result | None:
    found: Result | None = session.scalar(
        select(Result).where(Result.picture_id == picture_id, Result.options_key == key)
    )
    return found
