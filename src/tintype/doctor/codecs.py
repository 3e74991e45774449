"""Codecs for pictures and films, each tried by a round trip: coded, decoded, and compared with what went in."""

import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from .finding import Finding

_SIDE = 64
_FILM_SIDE = 256  # DNxHR takes no less
_FORMATS = {".mkv": "matroska", ".mp4": "mp4", ".mov": "mov", ".mxf": "mxf", ".webm": "webm", ".ts": "mpegts"}
_PROFILE = {"dnxhd": {"profile": "dnxhr_hq"}}
_NEAR = 12.0  # mean distance of 255 that a lossy codec may leave
_HEIF = "pip install 'tintype[heif]'"
_VIDEO = "pip install 'tintype[video]'"


def ramp(side: int = _SIDE) -> npt.NDArray[np.uint8]:
    """A smooth picture in colour, (side, side, 3), that every codec keeps nearly as it is."""
    y, x = np.mgrid[0:side, 0:side] * (255 / (side - 1))
    return np.stack([x, y, 255 - (x + y) / 2], axis=-1).astype(np.uint8)


def pictures(through: Callable[[str], float] | None = None) -> Iterator[Finding]:
    """Each format: what tintype writes, coded by tintype; what it only reads, coded by the decoder's own library.

    ``through`` codes and decodes in a format by name, and tells the error; by default `through_tintype`.
    """
    for name in ("JPEG", "PNG", "WEBP", "TIFF", "BMP"):
        yield _tried("pictures", f"{name}, read and written", partial(through or through_tintype, name))
    for name, extra in (("AVIF", ""), ("GIF", ""), ("HEIF", "pillow_heif"), ("JXL", "pillow_jxl")):
        yield _tried("pictures", f"{name}, read", partial(_through_pillow, name, extra), _HEIF)


def through_tintype(name: str) -> float:
    """How far a picture ends up from itself that tintype writes in this format and reads again; the mean of 255."""
    from tintype.photo.photo import Photo

    return _distance(
        Photo.read(Photo.read(ramp()).encode(name, quality=95 if name in ("JPEG", "WEBP") else None)).rgb()
    )


def _through_pillow(name: str, plugin: str) -> float:
    from importlib import import_module

    from tintype.photo.photo import Photo

    if plugin:
        module = import_module(plugin)
        if plugin == "pillow_heif":
            module.register_heif_opener()
    stream = io.BytesIO()
    Image.fromarray(ramp()).save(stream, name)
    return _distance(Photo.read(stream.getvalue()).rgb())


def films() -> Iterator[Finding]:
    """Each encoder that tintype can be asked for: eight frames into a container and out again."""
    from tintype.errors import MissingExtra
    from tintype.video.codecs import CODECS
    from tintype.video.need import need_av

    try:
        av = need_av()
    except MissingExtra:
        yield Finding("films", "codecs", "absent", "the extra video is not installed", _VIDEO)
        return

    for name, codec in CODECS.items():
        container = next(kind for suffix, kind in _FORMATS.items() if suffix in codec.containers)
        yield _tried("films", name, partial(_through_av, av, codec, container), _VIDEO)


def _through_av(av: Any, codec: Any, container: str) -> float:
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as out:
        track = out.add_stream(codec.encoder, rate=Fraction(25))
        track.width = track.height = _FILM_SIDE
        track.pix_fmt, track.options = codec.formats[0], _PROFILE.get(codec.encoder, {}) | codec.options
        for _ in range(8):
            frame = av.VideoFrame.from_ndarray(ramp(_FILM_SIDE), format="rgb24").reformat(format=codec.formats[0])
            for packet in track.encode(frame):
                out.mux(packet)
        for packet in track.encode(None):
            out.mux(packet)
    stream.seek(0)
    with av.open(stream) as back:
        frames = [frame.to_ndarray(format="rgb24") for frame in back.decode(video=0)]
    if len(frames) != 8:
        raise ValueError(f"{len(frames)} of 8 frames came back")
    return _distance(frames[-1])


def _distance(found: npt.NDArray[np.uint8]) -> float:
    """Mean distance to the ramp, of 255."""
    return float(np.abs(found.astype(float) - ramp(len(found))).mean())


def _tried(part: str, name: str, trip: Callable[[], float], fix: str = "") -> Finding:
    try:
        distance = trip()
    except ImportError:
        return Finding(part, name, "absent", "not installed", fix)
    except Exception as error:  # whatever a codec says, the doctor goes on
        return Finding(part, name, "wrong", " ".join(f"{type(error).__name__}: {error}".split())[:200])
    if distance > _NEAR:
        return Finding(part, name, "wrong", f"came back changed, by {distance:.1f} of 255 on average")
    return Finding(part, name, "ok", f"changed by {distance:.1f} of 255")
