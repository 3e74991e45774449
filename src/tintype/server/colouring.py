"""From a stored picture and options to a coloured one; the only place that calls the colorizer for a picture."""

import hashlib
import io
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from PIL import Image
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.open_photo import OpenPhoto
from tintype.colorizer.options import ColorizeOptions
from tintype.colorizer.provenance import read_record, recorded
from tintype.colorizer.streaming import Answer
from tintype.colorizer.taste import Taste
from tintype.hints.hint import Hint, parse_color
from tintype.imaging.types import Plane
from tintype.network.model_file import ModelFile
from tintype.photo.metadata import Metadata
from tintype.photo.photo import Photo
from tintype.photo.pillow import read_metadata

from .capabilities import require_options
from .intake import suffix_of
from .large import Head, colour_large, convert, head_of, scratch
from .problems import ProblemError, not_found
from .quota import check_quota
from .schemas.common import ColourOptions
from .services import Services
from .stored import read_file, weight_of
from .strokes import stroke_hints
from .tables import Picture, Result, new_id
from .variants import THUMBNAIL_PIXELS, store_variant

Admit = Callable[[int], AbstractContextManager[None]]


def options_key(model: ModelFile, options: ColourOptions, further: dict[str, Any] | None = None) -> str:
    """The same for the same model file asked the same, ``further`` included: a hash of both."""
    asked = json.dumps(options.asked() | (further or {}), sort_keys=True)
    return hashlib.sha256(f"{model.sha256} {asked}".encode()).hexdigest()


def check(services: Services, options: ColourOptions) -> ModelFile:
    """The model that the options ask for.

    Raises:
        ProblemError: 422, no such model, or the size is beyond the server's limit; 501, a part is missing.
    """
    model = services.registry.file(options.model)
    limit = services.settings.max_size
    if options.size is not None and options.size > limit:
        raise ProblemError(422, f"size is {options.size} pixels, this server allows {limit}")
    require_options(options, model)
    return model


def reference_of(services: Services, options: ColourOptions, owner: str) -> Picture | None:
    """The picture that the options take colours from. Raises ProblemError, 404, if the owner may not see it."""
    if options.reference is None:
        return None
    with services.database.session() as session:
        picture = session.get(Picture, options.reference, options=[selectinload(Picture.results)])
    if picture is None or picture.study_id or not (picture.owner == owner or picture.shared):
        raise not_found("reference")
    return picture


def predict(
    opened: OpenPhoto,
    options: ColourOptions,
    reference: OpenPhoto | None = None,
    pixels: int | None = None,
    draft: bool = False,
) -> Photo:
    """Colour an open picture as asked, at most ``pixels`` long; the options have been checked, the reference is opened.
    ``draft``: as for `OpenPhoto.predict`.

    Raises:
        ProblemError: 422, the picture has fewer alternatives.
    """
    asked = ColorizeOptions(options.size, tuple(told(opened, options)), taste=taste_of(options))
    return asked.predict(opened, reference, pixels, draft=draft)


def told(opened: OpenPhoto, options: ColourOptions) -> list[Hint]:
    """Every hint that the options mean: those of the alternative, and a person's own.

    Raises:
        ProblemError: 422, the picture has fewer alternatives.
    """
    hints = [*library_hints(options, opened.photo), *stroke_hints(opened, options.strokes, options.size)]
    if options.alternative is None:
        return hints
    moods = opened.propose(options.alternative + 1, size=options.size)
    if options.alternative >= len(moods):
        raise ProblemError(
            422, f"this picture has {len(moods)} alternatives, number {options.alternative} is beyond them"
        )
    return [*moods[options.alternative], *hints]


def taste_of(options: ColourOptions) -> Taste:
    """The options' mood in the library's own terms."""
    palette = tuple(parse_color(color) for color in options.palette)
    return Taste(
        saturation=options.saturation, temperature=options.temperature, strength=options.strength,
        keep_sepia=options.keep_sepia, restore=tuple(options.restore), mark=options.mark, palette=palette,
    )  # fmt: skip


def library_hints(options: ColourOptions, photo: Photo) -> list[Hint]:
    """The options' hints in the library's own terms: pixels of this photo."""
    short = min(photo.width, photo.height)
    return [
        Hint(
            x=hint.x * (photo.width - 1),
            y=hint.y * (photo.height - 1),
            color=parse_color(hint.color),
            radius=None if hint.radius is None else hint.radius * short,
            confidence=hint.strength,
        )
        for hint in options.hints
    ]


def colour(
    services: Services, picture_id: str, options: ColourOptions, admit: Admit | None = None
) -> tuple[Result, bool]:
    """The result of a stored photo with these options, and whether it is new: the same question gives the same row.

    ``admit``: the gate's way in, given the bytes that the work takes; that of jobs when None.

    Raises:
        ProblemError: 404, the picture has gone; 429, the server is busy; else as `check`.
    """
    model = check(services, options)
    key = options_key(model, options)
    with services.database.session() as session:
        if found := _find(session, picture_id, key):
            return found, False
        picture = session.get(Picture, picture_id)
    if picture is None:
        raise not_found("picture")
    reference = reference_of(services, options, picture.owner)
    if picture.owner:  # copies in studies were counted when the study was made
        check_quota(services, picture.owner, 0)
    colorizer = services.registry.get(options.model)
    weight = weight_of(services.storage, picture.key, "colour", options.size or model.info.size)
    with (admit or services.gate.hold)(weight):
        data = read_file(services.storage, picture.key)
        head = head_of(data)
        is_streamed = head is not None and head.is_streamed and not head.is_jpeg and not colorizer.paints
        is_streamed = is_streamed and not (options.restore or options.mark or options.keep_sepia or options.reference)
        started = time.perf_counter()
        if head is not None and is_streamed:
            with scratch(".png" if head.format not in ("PNG", "TIFF") else suffix_of(head.format)) as path:
                sides = colour_large(data, head, *_streaming(colorizer, options), path)
                row = _row(services, picture_id, model, options, "TIFF" if path.suffix == ".tif" else "PNG", sides)
                row.seconds = round(time.perf_counter() - started, 4)
                with path.open("rb") as whole:
                    return keep(services, row, whole)
        read = Photo.read(data, max_pixels=services.settings.max_pixels)
        colours = services.opened.reference(reference, options.model)
        photo = predict(OpenPhoto(colorizer.network, read), options, colours)
        encoded = photo.encode()
        row = _row(services, picture_id, model, options, photo.format, (photo.width, photo.height))
        row.seconds = round(time.perf_counter() - started, 4)
        return keep(services, row, encoded, photo)


def _streaming(colorizer: Colorizer, options: ColourOptions) -> tuple[Answer, Callable[[Metadata], Metadata]]:
    """What a streamed picture is coloured by: the answer to a small copy, and its metadata with the record."""
    taste = taste_of(options)

    def answer(small: Photo) -> Plane:
        opened = OpenPhoto(colorizer.network, small)
        return taste.apply(opened.predict_ab(size=options.size, hints=told(opened, options)), small)

    def describe(meta: Metadata) -> Metadata:
        asked = taste.as_dict() | ({} if options.size is None else {"size": options.size})
        return recorded(meta, colorizer.model, asked | ({"hints": len(options.hints)} if options.hints else {}))

    return answer, describe


def _row(
    services: Services, picture_id: str, model: ModelFile, options: ColourOptions, format: str, sides: tuple[int, int]
) -> Result:
    identity = new_id()
    return Result(
        id=identity,
        picture_id=picture_id,
        model=services.registry.name(model),
        model_version=str(model.info.version),
        model_sha256=model.sha256,
        options=options.asked(),
        options_key=options_key(model, options),
        format=format,
        width=sides[0],
        height=sides[1],
        key=f"results/{identity}/file{suffix_of(format)}",
    )


def keep(services: Services, row: Result, encoded: bytes | BinaryIO, photo: Photo | None = None) -> tuple[Result, bool]:
    """Store a new result, and its thumbnail if its picture is at hand; if another request or worker was faster, theirs
    stands."""
    is_one = row.model in services.registry.offered()  # mixtures are too many to count each
    services.metrics.coloured(row.model if is_one else "mixed", row.seconds, row.width * row.height)
    try:
        row.bytes = services.storage.write(row.key, encoded)
        if photo is not None:  # every list of photos asks for it: made later, the whole result would be decoded
            store_variant(services, f"results/{row.id}/{THUMBNAIL_PIXELS}.jpg", photo, THUMBNAIL_PIXELS)
    except BaseException:
        services.storage.delete_folder(f"results/{row.id}")
        raise
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
    return photo.with_meta(_bare(photo.meta, model))


def without_metadata(data: bytes, head: Head | None, format: str) -> bytes:
    """A stored picture without what its file told beside the pixels, in its own format where that is written, else as
    PNG."""
    kind = format if format in ("JPEG", "PNG", "WEBP", "TIFF") else "PNG"
    if head is not None and head.is_streamed:
        with scratch(suffix_of(kind)) as path:
            convert(data, path, kind, None, Metadata(kind))
            return path.read_bytes()
    return anonymous(Photo.read(data), None).encode(kind)


def nameless(data: bytes, model: ModelFile | None) -> Metadata:
    """What `anonymous` leaves of a file's metadata, read without decoding the picture."""
    with Image.open(io.BytesIO(data)) as image:
        return _bare(read_metadata(image), model)


def _bare(meta: Metadata, model: ModelFile | None) -> Metadata:
    kept = Metadata(meta.format, meta.mode, icc=meta.icc, quality=meta.quality, subsampling=meta.subsampling)
    record = read_record(meta)
    return kept if record is None or model is None else recorded(kept, model, record["options"])


def _find(session: Any, picture_id: str, key: str) -> Result | None:
    found: Result | None = session.scalar(
        select(Result).where(Result.picture_id == picture_id, Result.options_key == key)
    )
    return found
