"""Films coming in: checked by their content, stored, and shown by their first frame.

Needs the extra video; whoever calls this has asked `capabilities` first.
"""

import hashlib
import itertools
import tempfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tintype.errors import InputError
from tintype.photo.photo import Photo
from tintype.photo.shrink import QUALITY as _QUALITY
from tintype.photo.shrink import shrink

from .intake import FILM_KINDS, HEAD, display_name, film_format, suffix_of
from .library import expiry, insert_or_forget
from .problems import ProblemError, public_text
from .quota import check_quota
from .services import Services
from .tables import Picture, new_id
from .variants import THUMBNAIL_PIXELS, store_variant


def add_film(
    services: Services, source: BinaryIO, size: int, given_name: str | None, owner: str, identity: str | None = None
) -> Picture:
    """Check an uploaded film and store it with a poster. ``identity``: of the upload that kept room for it.

    Raises:
        ProblemError: too large, not a film, damaged, the owner's quota is used up, or the server is busy.
    """
    name = display_name(given_name)
    check_film_bytes(services, size)
    format = film_format(source.read(HEAD))
    if format is None:
        raise ProblemError(415, f"{name} is not a film: it must be {FILM_KINDS}")
    if identity is None:
        check_quota(services, owner, size)
        identity = new_id()
    key = f"pictures/{identity}/file{suffix_of(format)}"
    digest = hashlib.sha256()
    with services.gate.pass_through(), tempfile.TemporaryDirectory(prefix="tintype-film-") as folder:
        path = Path(folder) / f"film{suffix_of(format)}"
        source.seek(0)
        with path.open("wb") as target:
            while piece := source.read(1 << 20):
                digest.update(piece)
                target.write(piece)
        width, height, poster = first_frame(services, path, name)
        with path.open("rb") as whole:
            services.storage.write(key, whole)
    for side in (THUMBNAIL_PIXELS, services.settings.preview_pixels):
        store_variant(services, f"pictures/{identity}/{side}.jpg", poster, side)
    row = Picture(
        id=identity, owner=owner, kind="film", name=name, format=format, width=width, height=height, bytes=size,
        sha256=digest.hexdigest(), key=key, expires=expiry(services), results=[],
    )  # fmt: skip
    insert_or_forget(services, row)
    return row


def check_film_bytes(services: Services, size: int) -> None:
    """Raises ProblemError, 413: a film may not have so many bytes."""
    limit = services.settings.max_film_bytes
    if size > limit:
        raise ProblemError(
            413, f"the film has {size / 1e6:,.0f} MB, the limit is {limit / 1e6:,.0f} MB; cut it in parts"
        )


def frame_jpeg(services: Services, film: Picture, seconds: float) -> bytes | None:
    """The grey frame that a film shows at that moment, at screen size; None behind its end.

    Raises:
        ProblemError: the server is busy.
    """
    from tintype.video.reader import FilmReader
    from tintype.video.scenes import frame_at

    with services.gate.pass_through(), tempfile.TemporaryDirectory(prefix="tintype-frame-") as folder:
        path = services.storage.local_path(film.key)
        if path is None:
            path = Path(folder) / Path(film.key).name
            services.storage.fetch(film.key, path)
        picture = frame_at(FilmReader(str(path)), seconds)
        if picture is None:
            return None
        return shrink(Photo.read(picture), services.settings.preview_pixels).encode("JPEG", _QUALITY)


def _frames(path: Path, most: int) -> int:
    """How many pictures the film has, counted without decoding one; it ends at one more than ``most``."""
    from tintype.video.container import open_container

    with open_container(path) as container:
        pieces = (packet for packet in container.demux(container.streams.video[0]) if packet.size)
        return sum(1 for _ in itertools.islice(pieces, most + 1))


def first_frame(services: Services, path: Path, name: str) -> tuple[int, int, Photo]:
    """Width, height and first frame in the film's colours, upright. Raises ProblemError: 413, too many pixels or
    frames; 415, no film."""
    settings = services.settings
    from tintype.video.reader import FilmReader
    from tintype.video.untouched import pixels_of

    try:
        reader = FilmReader(str(path), keep_pictures=True)
        info = reader.info
        if info.width * info.height > settings.max_film_pixels:
            raise ProblemError(
                413,
                f"{name} is {info.width}x{info.height}, the limit is {settings.max_film_pixels / 1e6:,.1f} megapixels; "
                "make it smaller",
            )
        if _frames(path, settings.max_film_frames) > settings.max_film_frames:
            raise ProblemError(
                413, f"{name} has more than the {settings.max_film_frames:,} frames of the limit; cut it in parts"
            )
        frame = next(iter(reader.frames()))
    except (InputError, StopIteration) as error:
        text = public_text(str(error) or "it holds no frame").replace(path.name, name)
        raise ProblemError(415, f"{name} cannot be read as a film: {text}") from None
    pixels = pixels_of(frame.picture, info, min(info.width, info.height))
    upright = np.rot90(pixels, info.rotation // 90)
    return int(info.width), int(info.height), Photo.read(np.ascontiguousarray(upright))
