"""Small pictures for the screen, made once and stored beside the whole one."""

from tintype.photo.photo import Photo
from tintype.photo.shrink import QUALITY as _QUALITY
from tintype.photo.shrink import shrink

from .intake import FILM_SUFFIXES, suffix_of_key
from .problems import not_found
from .services import Services
from .stored import read_small, weight_of
from .tables import Picture, Result

THUMBNAIL_PIXELS = 320
FULL = 65_500  # the longest that a JPEG can be: with all pixels


def variant(services: Services, row: Picture | Result, side: int, grey: bool = False) -> str:
    """The key of a JPEG of that size; made now if it is not there. Raises ProblemError, 404, if the file has gone."""
    folder = row.key.rpartition("/")[0]
    key = f"{folder}/{side}{'-grey' if grey else ''}.jpg"
    if not services.storage.exists(key):
        if suffix_of_key(row.key) in FILM_SUFFIXES:
            raise not_found("preview")
        if side == services.settings.preview_pixels and (fresh := services.opened.kept(row.key)) is not None:
            store_variant(services, key, fresh, side, grey)
            return key
        with services.gate.pass_through(weight_of(services.storage, row.key, "convert" if side == FULL else "look")):
            photo = read_small(services.storage, row.key, side, services.settings.max_pixels)
            store_variant(services, key, photo, side, grey)
    return key


def store_variant(services: Services, key: str, photo: Photo, side: int, grey: bool = False) -> None:
    small = shrink(photo.grey() if grey else photo, side)
    services.storage.write(key, small.encode("JPEG", _QUALITY))
