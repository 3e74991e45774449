"""What may come in: a file is what its content says it is, and one that is two things at once is refused."""

import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from tintype.errors import InputError, TooLargeError
from tintype.photo.photo import Photo
from tintype.video.sniff import demuxer_of

from .large import check_shape, head_of, small_photo
from .problems import ProblemError, public_text
from .schemas.common import clean

HEAD = 512  # bytes that tell what a file is
# FFmpeg's name for a container, and ours. What a camera or an archive writes, not all that FFmpeg knows.
_FILMS = {
    "mov": "MP4", "matroska": "MATROSKA", "avi": "AVI", "ogg": "OGG", "mpeg": "MPEG", "mpegvideo": "MPEG",
    "mpegts": "MPEGTS", "asf": "ASF", "mxf": "MXF", "flv": "FLV", "dv": "DV",
}  # fmt: skip
_SUFFIX = {
    "JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "DIB": ".bmp",
    "GIF": ".gif", "MP4": ".mp4", "MATROSKA": ".mkv", "AVI": ".avi", "OGG": ".ogv", "MPEG": ".mpg", "MPEGTS": ".ts",
    "ASF": ".asf", "MXF": ".mxf", "FLV": ".flv", "DV": ".dv",
}  # fmt: skip
_MEDIA = {
    ".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff", ".bmp": "image/bmp",
    ".gif": "image/gif", ".mp4": "video/mp4", ".mkv": "video/x-matroska", ".avi": "video/x-msvideo",
    ".ogv": "video/ogg", ".mpg": "video/mpeg", ".ts": "video/mp2t", ".asf": "video/x-ms-asf", ".mxf": "application/mxf",
    ".flv": "video/x-flv", ".dv": "video/dv",
}  # fmt: skip
FILM_KINDS = "MP4, MOV, Matroska, WebM, AVI, Ogg, MPEG, transport stream, WMV, MXF, FLV or DV"
FILM_SUFFIXES = frozenset(_SUFFIX[format] for format in _FILMS.values())
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
    if film_format(data[:HEAD]):
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
    """The container of a film by its first 512 bytes, or None."""
    return _FILMS.get(demuxer_of(head) or "")
