"""Large pictures: weighed by their header before anything is decoded, and then led through in strips by libvips.

A JPEG is coloured in the storage of its blocks, and needs little. Every other kind is whole in memory several times
over, up to 60 bytes a pixel; from `STREAMED_PIXELS` on it goes from file to file instead.
"""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np
from PIL import Image

from tintype.colorizer.streaming import Answer, colour_file
from tintype.errors import InputError, MissingExtra, OutputError
from tintype.photo.decode import READ_FORMATS, further_formats
from tintype.photo.metadata import Metadata
from tintype.photo.photo import Photo
from tintype.photo.pillow import own_pixel_limit
from tintype.photo.sixteen_bit import is_deep

from .problems import ProblemError

if TYPE_CHECKING:
    import pyvips

STREAMED_PIXELS = 8_000_000
MOST_ASPECT = 250  # long side to short: beyond it nothing can be seen, and strips are no longer strips
ASPECT_FROM = 1_000_000  # pixels from which the aspect is looked at
LARGE_QUALITY = 90  # of a large WebP: without a quality it would be lossless, which takes 45 bytes a pixel
_STRIPS = 160 << 20  # what libvips and its codecs hold, whatever the size

Work = Literal["look", "colour", "convert"]
# Bytes a pixel that a picture takes at the most, measured on 24 megapixels: (JPEG, 8 bits, more than 8 bits).
_WHOLE: dict[Work, tuple[float, float, float]] = {
    "look": (13, 26, 46), "colour": (14, 48, 64), "convert": (60, 60, 64),
}  # fmt: skip
_STREAMED: dict[Work, float] = {"look": 2, "colour": 4, "convert": 8}
# Of formats whose decoders hold the whole picture: WebP, AVIF, HEIC, JPEG XL, and whatever Pillow reads.
_FRAMES: float = 16
_BY_PILLOW = ("HEIF", "JXL")
_BY_STRIPS = ("PNG", "TIFF", "JPEG", "MPO")
# What a network holds for each pixel of its working size.
_NETWORK = 600


@dataclass(frozen=True)
class Head:
    """What a picture's header says."""

    format: str
    width: int
    height: int
    mode: str
    is_deep: bool

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def is_jpeg(self) -> bool:
        return self.format in ("JPEG", "MPO")

    @property
    def is_streamed(self) -> bool:
        """Whether it is led through in strips."""
        return self.pixels > STREAMED_PIXELS and self.mode not in ("CMYK", "LAB", "F", "I;32", "YCbCr")


def head_of(source: BinaryIO | bytes) -> Head | None:
    """The header of a file, read from its beginning and left there; None if it is no picture, which whoever reads it
    will say."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        return _head(file)
    finally:
        file.seek(0)


def _head(file: BinaryIO) -> Head | None:
    start = file.read(16)
    file.seek(0)
    formats: tuple[str, ...] = READ_FORMATS  # an MPO is opened as JPEG and then calls itself MPO
    with contextlib.suppress(MissingExtra):  # without it HEIC and JPEG XL are refused anyway
        formats += further_formats(start, "")
    try:
        with own_pixel_limit():
            picture = Image.open(file, formats=formats)  # not closed: the file is the caller's
            return Head(picture.format or "", picture.width, picture.height, picture.mode, is_deep(picture))
    except Exception:  # decoders raise what they like on a malformed header; some TIFF only libvips reads
        pass
    if start[:2] not in (b"II", b"MM"):
        return None
    with contextlib.suppress(Exception):
        import pyvips

        file.seek(0)
        image = pyvips.Image.new_from_buffer(file.read(), "")
        mode = "F" if image.format in ("float", "double", "complex") else {1: "L", 2: "LA", 3: "RGB"}.get(image.bands)
        return Head("TIFF", image.width, image.height, mode or "RGBA", image.format != "uchar")
    return None


def weigh(head: Head | None, work: Work, size: int = 0) -> int:
    """Bytes that the work takes at the most; ``size``: the short side that the network works at."""
    if head is None:
        return 0
    aspect = min(4.0, max(head.width, head.height) / max(1, min(head.width, head.height)))
    network = int(_NETWORK * size * size * aspect)
    if head.is_streamed and not (head.is_jpeg and work == "colour"):
        frame = 0 if head.format in _BY_STRIPS or work == "convert" else _FRAMES
        return int(head.pixels * (_STREAMED[work] + frame)) + _STRIPS + network
    jpeg, plain, deep = _WHOLE[work]
    each = deep if head.is_deep else jpeg if head.is_jpeg and head.mode != "CMYK" else plain
    return int(head.pixels * each) + network


def check_shape(head: Head | None, name: str, max_pixels: int) -> None:
    """Refuse by the header alone. Raises ProblemError, 413: too many pixels, or a line rather than a picture."""
    if head is None:
        return
    if head.pixels > max_pixels:
        raise ProblemError(
            413,
            f"{name} is {head.width}x{head.height}, {head.pixels / 1e6:,.0f} megapixels; the limit is "
            f"{max_pixels / 1e6:,.0f}: make it smaller",
        )
    longer, shorter = max(head.width, head.height), max(1, min(head.width, head.height))
    if head.pixels > ASPECT_FROM and longer > MOST_ASPECT * shorter:
        raise ProblemError(413, f"{name} is {head.width}x{head.height}: the limit is {MOST_ASPECT} to 1; cut it")


def small_photo(data: bytes, head: Head, side: int) -> Photo:
    """The picture at most ``side`` pixels long, upright, read to its end in strips; 8 bits, its profile kept.

    Raises:
        InputError: it is damaged or cut short.
    """
    import pyvips

    try:
        image = _opened(data, head)
        profile = image.get("icc-profile-data") if image.get_typeof("icc-profile-data") else None
        factor = max(1.0, max(image.width, image.height) / side)
        # A box keeps every pixel in the mean; what is transparent must not bleed into it.
        image = image.premultiply() if image.hasalpha() else image
        image = image.reduce(factor, factor, kernel="linear") if factor > 1 else image
        image = image.unpremultiply() if image.hasalpha() else image
        image = _of_8_bits(image, head).autorot()
        pixels = image.numpy()
    except pyvips.Error as error:
        raise InputError(f"the picture is damaged or cut short: {' '.join(str(error).split())[:200]}") from error
    pixels = pixels.reshape(image.height, image.width, image.bands)
    if pixels.shape[2] == 2:
        pixels = np.dstack([pixels[..., :1]] * 3 + [pixels[..., 1:]])
    photo = Photo.read(np.ascontiguousarray(pixels))
    return photo.with_meta(Metadata(head.format, head.mode, icc=profile))


def colour_large(data: bytes, head: Head, answer: Answer, describe: Any, target: Path) -> tuple[int, int]:
    """Colour the file's bytes into a PNG or TIFF at ``target``; width and height.

    Raises:
        InputError: it is damaged, or of a kind that cannot be led through in strips.
    """
    import pyvips

    with tempfile.TemporaryDirectory(prefix="tintype-large-") as folder:
        suffix = ".png" if head.format == "PNG" else ".tif"
        source = Path(folder) / f"source{suffix}"
        source.write_bytes(data)
        try:
            if head.format not in ("PNG", "TIFF") or _needs_turning(source):
                source = Path(folder) / "upright.tif"
                _opened(data, head).autorot().tiffsave(str(source), compression="none")
        except pyvips.Error as error:
            raise InputError(f"the picture is damaged or cut short: {' '.join(str(error).split())[:200]}") from error
        return colour_file(str(source), str(target), answer, describe)


def convert(data: bytes, target: Path, kind: str, quality: int | None, metadata: Metadata | None = None) -> None:
    """Write a stored picture in another format, in strips; ``metadata``: what it carries instead of its own.

    Raises:
        OutputError: the format cannot hold it.
    """
    import pyvips

    try:
        image = pyvips.Image.new_from_buffer(data, "", access="sequential", fail_on="truncated").copy()
        if metadata is not None:
            for name in image.get_fields():
                if name.startswith(("exif", "xmp", "iptc", "png-comment", "jpeg-")) or name == "photoshop-data":
                    image.remove(name)
            if metadata.xmp is not None:
                image.set_type(pyvips.GValue.blob_type, "xmp-data", metadata.xmp)
        if kind == "JPEG":
            image = image.flatten(background=255) if image.hasalpha() else image
            image.jpegsave(str(target), Q=quality or 92)
        elif kind == "WEBP":
            image.webpsave(str(target), Q=quality or LARGE_QUALITY, effort=2)
        elif kind == "PNG":
            image.pngsave(str(target), compression=4)
        else:
            image.tiffsave(str(target), compression="deflate", predictor="horizontal")
    except pyvips.Error as error:
        raise OutputError(f"cannot encode it as {kind}: {' '.join(str(error).split())[:200]}") from error


@contextlib.contextmanager
def scratch(suffix: str) -> Iterator[Path]:
    """A path in a folder that is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="tintype-large-") as folder:
        yield Path(folder) / f"picture{suffix}"


def _opened(data: bytes, head: Head) -> "pyvips.Image":
    """The picture to be read once from top to bottom; by Pillow what libvips was built without.

    libvips may read the header of an HEIC and have no decoder for the rest, so that is Pillow's from the beginning.
    """
    import pyvips

    if head.format not in _BY_PILLOW:
        try:
            return pyvips.Image.new_from_buffer(data, "", access="sequential", fail_on="truncated")
        except pyvips.Error:
            if head.format in _BY_STRIPS:
                raise
    try:
        with own_pixel_limit(), Image.open(io.BytesIO(data)) as image:
            exif, xmp, icc = (image.info.get(name) for name in ("exif", "xmp", "icc_profile"))
            kept = image.convert("RGBA" if "A" in image.mode or "transparency" in image.info else "RGB")
    except Exception as error:  # decoders raise what they like
        raise InputError(f"the picture is damaged or cut short: {' '.join(str(error).split())[:200]}") from error
    bands = len(kept.getbands())
    opened = pyvips.Image.new_from_memory(kept.tobytes(), kept.width, kept.height, bands, "uchar")
    opened = opened.copy(interpretation="srgb")
    for name, value in (("exif-data", exif), ("xmp-data", xmp), ("icc-profile-data", icc)):
        if isinstance(value, bytes):
            opened.set_type(pyvips.GValue.blob_type, name, value)
    return opened


def _of_8_bits(image: "pyvips.Image", head: Head) -> "pyvips.Image":
    if image.interpretation in ("rgb16", "grey16") or head.is_deep:
        return (image / 257).rint().cast("uchar").copy(interpretation="b-w" if image.bands < 3 else "srgb")
    return image.rint().cast("uchar")


def _needs_turning(source: Path) -> bool:
    import pyvips

    image = pyvips.Image.new_from_file(str(source))
    return bool(image.get_typeof("orientation") and image.get("orientation") > 1)
