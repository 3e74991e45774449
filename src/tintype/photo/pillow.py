"""Pictures other than planar JPEGs, by way of Pillow: decoding to planes, encoding from planes."""

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from tintype.imaging.planes import (
    Chroma,
    as_plane,
    chroma_is_neutral,
    grey_of,
    join_rgb,
    turn_deep,
    turn_upright,
)
from tintype.imaging.types import Plane8

from . import sixteen_bit
from .icc import colour_space, profile_for_colour, profile_for_grey
from .metadata import Metadata, iptc_records, orientation, photoshop_resources, with_exif_header
from .sixteen_bit import Deep

LOSSLESS = ("PNG", "TIFF", "WEBP", "BMP")

_DEEP_ELSEWHERE = ("JPEG2000", "PPM")  # formats whose 16 bits Pillow reads as they are
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_TIFF_COMPRESSIONS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
# Tags of a TIFF page that describe the photograph rather than how its pixels are stored.
_TIFF_EXIF_TAGS = (0x010D, 0x010E, 0x010F, 0x0110, 0x011D, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298)
_SUB_DIRECTORIES = (0x8769, 0x8825)
_TIFF_XMP, _TIFF_IPTC, _TIFF_PHOTOSHOP = 700, 33723, 34377
_PNG_XMP = "XML:com.adobe.xmp"

_guard = threading.Lock()
_users = 0
_saved_limit: int | None = None


@dataclass(frozen=True, eq=False)
class Decoded:
    """Planes of one picture, and what was carried with them. Chroma may be a function that decodes it."""

    luma: Plane8
    chroma: Chroma | Callable[[], Chroma | None] | None
    alpha: Plane8 | None
    meta: Metadata
    deep: Deep | None = None


@contextlib.contextmanager
def own_pixel_limit() -> Iterator[None]:
    """Suspends Pillow's process-wide limit on pixels, which warns at 89 million: callers check the size."""
    global _users, _saved_limit
    with _guard:
        if _users == 0:
            _saved_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        _users += 1
    try:
        yield
    finally:
        with _guard:
            _users -= 1
            if _users == 0:
                Image.MAX_IMAGE_PIXELS = _saved_limit


def read_metadata(image: Image.Image) -> Metadata:
    """Everything carried by an opened, not yet loaded picture; EXIF and XMP as they are in the file."""
    if isinstance(image, PngImagePlugin.PngImageFile):  # text may stand behind the pixels
        with own_pixel_limit():
            image.load()
    info = image.info
    kind = {"MPO": "JPEG"}.get(image.format or "", image.format or "PNG")
    exif, iptc = info.get("exif"), None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        exif = _tiff_exif(image)
        iptc = _as_bytes(image.tag_v2.get(_TIFF_PHOTOSHOP))
        # Writers store the records as one block of 32-bit numbers, of which Pillow would hand out the first.
        records = getattr(image.tag_v2, "_tagdata", {}).get(_TIFF_IPTC)
        if isinstance(records, bytes) and iptc_records(iptc) is None:
            iptc = (iptc or b"") + photoshop_resources(records)
    dpi = info.get("dpi")
    return Metadata(
        format=kind,
        mode=image.mode,
        exif=with_exif_header(exif if isinstance(exif, bytes) else None),
        icc=info.get("icc_profile") or None,
        xmp=_as_bytes(info.get("xmp") or info.get(_PNG_XMP)),
        iptc=iptc,
        dpi=(float(dpi[0]), float(dpi[1])) if dpi and min(dpi) > 1 else None,
        comment=_as_bytes(info.get("comment")),
        text={
            key: str(value)
            for key, value in getattr(image, "text", {}).items()
            if key != _PNG_XMP and not key.startswith("Raw profile type")
        },
        compression=info.get("compression") if kind == "TIFF" else None,
    )


def decode(image: Image.Image) -> Decoded:
    """The upright planes of an opened Pillow picture, first frame. Raises whatever the decoder raises."""
    meta = read_metadata(image)
    with own_pixel_limit():
        image.load()
    # Pillow turns TIFF pages by itself when it loads them.
    turn = 1 if meta.format == "TIFF" else orientation(meta.exif, meta.xmp)
    alpha = None
    if image.mode in _DEEP_MODES and image.format in _DEEP_ELSEWHERE:
        return decode_deep(sixteen_bit.to_16_bits(np.asarray(image)), meta, turn)
    if image.mode in _DEEP_MODES:
        return Decoded(turn_upright(sixteen_bit.to_8_bits(np.asarray(image)), turn), None, None, meta)
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        image = image.convert("LA" if image.mode in ("1", "L", "La") else "RGBA")
    if image.mode in ("LA", "RGBA"):
        alpha = turn_upright(as_plane(image.getchannel("A")), turn)
        image = image.convert(image.mode[:-1])
    if image.mode in ("1", "L"):
        luma = turn_upright(as_plane(image.convert("L")), turn)
        return Decoded(luma, None, alpha, meta)
    if image.mode in ("CMYK", "LAB"):
        image = _to_srgb(image, meta)
        meta = replace(meta, icc=None)
    rgb = image.convert("RGB")
    luma = turn_upright(grey_of(rgb), turn)
    _, cb, cr = (turn_upright(as_plane(band), turn) for band in rgb.convert("YCbCr").split())
    return Decoded(luma, None if chroma_is_neutral((cb, cr)) else (cb, cr), alpha, meta)


def encode(
    luma: Plane8, chroma: Chroma | None, alpha: Plane8 | None, meta: Metadata, kind: str, quality: int | None
) -> bytes:
    """One of the lossless formats; only WebP knows a quality, and without one it is lossless too."""
    image = Image.fromarray(luma) if chroma is None else join_rgb(luma, chroma)
    if chroma is None and kind == "WEBP":
        image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    return _encode_image(image, meta, kind, quality)


def _encode_image(image: Image.Image, meta: Metadata, kind: str, quality: int | None) -> bytes:
    grey = image.mode in ("L", "LA")
    options: dict[str, Any] = {"icc_profile": (profile_for_grey if grey else profile_for_colour)(meta.icc)}
    if meta.dpi is not None:
        options["dpi"] = meta.dpi
    if meta.exif is not None and kind in ("PNG", "WEBP"):
        options["exif"] = meta.exif
    if kind == "PNG":
        options |= {"pnginfo": _png_text(meta), "compress_level": 4}
    elif kind == "WEBP":
        options |= {"lossless": quality is None, "exact": True, "method": 2, "quality": quality or 40}
        options["xmp"] = meta.xmp or b""
    elif kind == "TIFF":
        tags = _tiff_tags(meta)
        compression = meta.compression if meta.compression in _TIFF_COMPRESSIONS else "tiff_adobe_deflate"
        # Pillow hands compressed pages to libtiff, which takes no nested directories (camera settings, GPS).
        nested = any(tag in tags for tag in _SUB_DIRECTORIES)
        options |= {"compression": "raw" if nested else compression, "exif": tags}
    target = io.BytesIO()
    image.save(target, kind, **{key: value for key, value in options.items() if value is not None})
    return target.getvalue()


def decode_deep(pixels: NDArray[np.uint16], meta: Metadata, turn: int) -> Decoded:
    """The upright planes of (H, W, 1..4) 16-bit pixels of EXIF orientation `turn`."""
    bands = pixels.shape[2]
    alpha = pixels[..., -1] if bands in (2, 4) else None
    light, opacity = sixteen_bit.luma_of(pixels[..., : bands - (alpha is not None)]), None
    light = turn_deep(light, turn)
    if alpha is not None:
        opacity = turn_deep(np.ascontiguousarray(alpha), turn)
    chroma = None
    if bands > 2:
        rgb = Image.fromarray(sixteen_bit.to_8_bits(pixels[..., :3]))
        _, cb, cr = (turn_upright(as_plane(band), turn) for band in rgb.convert("YCbCr").split())
        chroma = None if chroma_is_neutral((cb, cr)) else (cb, cr)
    alpha_plane = None if opacity is None else sixteen_bit.to_8_bits(opacity)
    return Decoded(sixteen_bit.to_8_bits(light), chroma, alpha_plane, meta, Deep(light, opacity))


def encode_deep(planes: Deep, chroma: Chroma | None, meta: Metadata, kind: str) -> bytes:
    """A PNG or TIFF of 16 bits a channel."""
    pixels = sixteen_bit.pixels_of(planes, chroma)
    if kind == "PNG":
        bands = pixels.shape[2]
        carrier = Image.new({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[bands], (1, 1))
        return sixteen_bit.encode_png(pixels, _encode_image(carrier, meta, "PNG", None))
    icc = (profile_for_grey if chroma is None else profile_for_colour)(meta.icc)
    return sixteen_bit.encode_tiff(pixels, _tiff_tags(meta), icc, meta.dpi)


def _to_srgb(image: Image.Image, meta: Metadata) -> Image.Image:
    """CMYK through its own profile where it has one; LAB as Pillow stores it (D50)."""
    try:
        if image.mode == "LAB":
            source = ImageCms.createProfile("LAB")
        elif colour_space(meta.icc) == "CMYK" and meta.icc is not None:
            source = ImageCms.ImageCmsProfile(io.BytesIO(meta.icc)).profile
        else:
            return image.convert("RGB")
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
        return ImageCms.applyTransform(image, transform) or image
    except ImageCms.PyCMSError:
        return image.convert("RGB")


def _tiff_exif(image: TiffImagePlugin.TiffImageFile) -> bytes | None:
    """The descriptive tags of a TIFF page as an EXIF block."""
    source, exif = image.getexif(), Image.Exif()
    for tag in _TIFF_EXIF_TAGS:
        if tag in source:
            exif[tag] = source[tag]
    for tag in _SUB_DIRECTORIES:
        if directory := source.get_ifd(tag):
            exif[tag] = directory
    return exif.tobytes() if len(exif) else None


def _tiff_tags(meta: Metadata) -> Image.Exif:
    """EXIF, XMP and IPTC as the tags of a page, where TIFF has them all."""
    tags = Image.Exif()
    if meta.exif is not None:
        tags.load(meta.exif)
    tags.pop(0x0112, None)
    blocks = (_TIFF_XMP, meta.xmp), (_TIFF_IPTC, iptc_records(meta.iptc)), (_TIFF_PHOTOSHOP, meta.iptc)
    for number, value in blocks:
        if value:
            tags[number] = value
    return tags


def _png_text(meta: Metadata) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    for key, value in meta.text.items():
        chunks.add_text(key, value)
    if meta.comment and "Comment" not in meta.text:
        chunks.add_text("Comment", meta.comment.decode("utf-8", "replace"))
    if meta.xmp:
        chunks.add_itxt(_PNG_XMP, meta.xmp.decode("utf-8", "replace"))
    return chunks


def _as_bytes(value: object) -> bytes | None:
    if isinstance(value, str):
        value = value.encode()
    return value if isinstance(value, bytes) and value else None
