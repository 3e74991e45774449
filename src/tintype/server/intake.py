"""What may come in: a file is what its content says it is, and one that is two things at once is refused."""

import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from tintype.errors import InputError, TooLargeError
from tintype.files.brands import is_still
from tintype.photo.photo import Photo

from .large import check_shape, head_of, small_photo
from .problems import ProblemError, public_text
from .schemas.common import clean

_SUFFIX = {
    "JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "DIB": ".bmp",
    "GIF": ".gif", "MP4": ".mp4", "MATROSKA": ".mkv", "AVI": ".avi", "OGG": ".ogv", "MPEG": ".mpg",
}  # fmt: skip
_MEDIA = {
    ".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff", ".bmp": "image/bmp",
    ".gif": "image/gif", ".mp4": "video/mp4", ".mkv": "video/x-matroska", ".avi": "video/x-msvideo",
    ".ogv": "video/ogg", ".mpg": "video/mpeg",
}  # fmt: skip
FILM_SUFFIXES = (".mp4", ".mkv", ".avi", ".ogv", ".mpg")
# What a browser or an interpreter would run, had it been talked into reading the file as text.
_SCRIPT = re.compile(rb"<script|<\?php", re.IGNORECASE)
_NAME_LENGTH = 120
_SMALL_SIDE = 1280  # of the copy of a large photo that its thumbnail is made of, if nobody asks for another


@dataclass(frozen=True)
class Checked:
    """A photo that may come in: its display name, format and size, and the decoded picture, of a large one a small
    copy."""

    name: str
    format: str
    photo: Photo
    width: int
    height: int

    @property
    def suffix(self) -> str:
        return suffix_of(self.format)


def suffix_of_key(key: str) -> str:
    return PurePosixPath(key).suffix


def suffix_of(format: str) -> str:
    return _SUFFIX.get(format, ".bin")


def media_type_of(suffix: str) -> str:
    return _MEDIA.get(suffix, "application/octet-stream")


def display_name(given: str | None) -> str:
    """A name to show: the last part of a path, without what could mislead a terminal, a page or a file system."""
    last = PurePosixPath((given or "").replace("\\", "/")).name
    visible = "".join(letter for letter in last if unicodedata.category(letter) not in ("Cf", "Co", "Cn"))
    kept = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", clean(visible)).strip(" .")
    return kept[:_NAME_LENGTH] or "picture"


def check_photo(data: bytes, given_name: str | None, max_pixels: int, side: int = _SMALL_SIDE) -> Checked:
    """Decode a photo, whole; of a large one a copy at most ``side`` pixels long is kept.

    Raises:
        ProblemError: 413, too many pixels; 415, not a picture, damaged, or a picture that is also something else.
    """
    name = display_name(given_name)
    if film_format(data[:64]):
        raise ProblemError(415, f"{name} is a film; send films to /api/films")
    if _SCRIPT.search(data) or b"%PDF-" in data[:1024] or zipfile.is_zipfile(io.BytesIO(data)):
        raise ProblemError(415, f"{name} is a picture and something else at once; save it anew as a picture alone")
    head = head_of(data)
    check_shape(head, name, max_pixels)
    try:
        if head is not None and head.is_streamed:
            photo = small_photo(data, head, side)
            is_turned = (photo.width > photo.height) != (head.width > head.height)
            sides = (head.height, head.width) if is_turned else (head.width, head.height)
        else:
            photo = Photo.read(data, max_pixels=max_pixels)
            sides = (photo.width, photo.height)
    except InputError as error:
        text = (
            public_text(str(error))
            .replace("the given bytes", name)
            .replace("the picture is", f"{name} is")
            .replace(", or raise max_pixels if you trust it", "")
        )
        raise ProblemError(413 if isinstance(error, TooLargeError) else 415, text) from None
    return Checked(name, {"MPO": "JPEG"}.get(photo.meta.format, photo.meta.format), photo, *sides)


def film_format(head: bytes) -> str | None:
    """The container of a film by its first 64 bytes, or None."""
    if head[4:8] == b"ftyp" and not is_still(head):
        size = int.from_bytes(head[:4], "big")  # of the first box: text that reads like one says gigabytes
        return "MP4" if 16 <= size <= 4096 and head[8:12].isascii() else None
    if head[:4] == b"\x1aE\xdf\xa3":
        return "MATROSKA"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "AVI"
    if head[:4] == b"OggS":
        return "OGG"
    if head[:4] == b"\x00\x00\x01\xba":
        return "MPEG"
    return None
