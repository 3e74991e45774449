"""JPEG files by their planes: luma goes from the decoder to the encoder and never through RGB.

After ITU-T T.81 (JPEG), T.871 (JFIF) and the quality scale of libjpeg.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
import simplejpeg
from PIL import Image

from tintype.imaging.planes import Chroma, as_plane, halve_plane
from tintype.imaging.types import Plane8
from tintype.photo import pillow
from tintype.photo.metadata import EXIF_HEADER, PHOTOSHOP_HEADER, Metadata

from . import strips
from .fit import even_storage
from .whole import _Fitter

DEFAULT_QUALITY = 92

# libjpeg reports through one channel what leaves holes in the picture and what does not; these do not.
_HARMLESS = ("extraneous bytes before marker", "unknown adobe color transform", "invalid sos parameters")
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
_ICC_HEADER = b"ICC_PROFILE\x00"
_MAX_SEGMENT = 65533

# T.81, table K.1: the luminance quantisation table that libjpeg calls quality 50.
_LUMINANCE_50 = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
     14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
     49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
)  # fmt: skip


# Pictures up to this size are checked whole.
WHOLE_PIXELS = 1 << 19


def colour_space(data: bytes) -> tuple[str, str]:
    """Colour space ("Gray", "YCbCr", "RGB", "CMYK", "YCCK") and subsampling ("420", ...) of a JPEG.

    Raises ValueError if the header cannot be read.
    """
    _, _, space, subsampling = simplejpeg.decode_jpeg_header(data, strict=False)
    return space, subsampling


def read_metadata(data: bytes, image: Image.Image) -> Metadata:
    """What a JPEG carries; `image` is the same file, opened with Pillow."""
    subsampling = colour_space(data)[1]
    tables = getattr(image, "quantization", {})
    photoshop = [
        body[len(PHOTOSHOP_HEADER) :]
        for marker, body in getattr(image, "applist", [])
        if marker == "APP13" and body.startswith(PHOTOSHOP_HEADER)
    ]
    return replace(
        pillow.read_metadata(image),
        quality=estimate_quality(tables[0]) if tables.get(0) else None,
        subsampling=subsampling,
        iptc=b"".join(photoshop) or None,
    )


def decode_luma(data: bytes) -> Plane8:
    """The luma plane of a grey or YCbCr JPEG. Raises ValueError if any of the picture is missing or
    damaged."""
    try:
        decoded = simplejpeg.decode_jpeg(data, "GRAY")
    except ValueError as error:
        if not any(sign in str(error).lower() for sign in _HARMLESS):
            raise
        decoded = simplejpeg.decode_jpeg(data, "GRAY", strict=False)
    return np.asarray(decoded[..., 0])


def decode_chroma(data: bytes, subsampling: str) -> Chroma:
    """The chroma planes of a YCbCr JPEG: half size for 4:2:0 and 4:1:1, full size for the rest."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft("YCbCr", image.size)
        _, cb, cr = (as_plane(band) for band in image.convert("YCbCr").split())
    if subsampling in ("420", "411"):
        return halve_plane(cb), halve_plane(cr)
    return cb, cr


def estimate_quality(table: list[int]) -> int:
    """The lowest quality 1..100 whose standard luminance table is, in sum, no coarser than these 64 steps."""
    for quality in range(1, 101):
        if _standard_table_sum(quality) <= sum(table):
            return quality
    return 100


@lru_cache(maxsize=100)
def _standard_table_sum(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return int(((_LUMINANCE_50 * scale + 50) // 100).clip(1, 255).sum())


def encode(luma: Plane8, chroma: Chroma | None, quality: int) -> bytes:
    """A JPEG that decodes to a picture whose light is no further off than the grey picture's at this quality.

    luma: (H, W) up to 65500 a side; chroma: planes of full (4:4:4) or half size (4:2:0), or None for grey;
    quality: 1..100. "Light" is BT.601 luma after decoding to RGB. Its largest distance from `luma` is at most the
    grey JPEG's (pictures above 2**19 pixels: in all but a few pixels), its mean distance at most 1 % and 0.005 of 255
    more.
    """
    luma = even_storage(luma)
    if chroma is not None:
        chroma = fit_chroma(luma, chroma, quality)
    return strips.encode(luma, chroma, quality)


def insert_metadata(data: bytes, meta: Metadata, icc: bytes | None) -> bytes:
    """The encoded JPEG with its resolution set and EXIF, XMP, ICC, IPTC and comment segments put in.

    Blocks too long for a JPEG segment (65,533 bytes; ICC may span 255 of them) are left out.
    """
    length = struct.unpack_from(">H", data, 4)[0]
    end = 4 + length
    header = bytearray(data[:end])
    if meta.dpi is not None and all(1 <= v < 65535.5 for v in meta.dpi):
        struct.pack_into(">BHH", header, 13, 1, *(round(v) for v in meta.dpi))
    return b"".join([bytes(header), *_segments(meta, icc), memoryview(data)[end:]])


def _segments(meta: Metadata, icc: bytes | None) -> Iterator[bytes]:
    bodies: list[tuple[int, bytes]] = []
    if meta.exif:
        bodies.append((0xE1, meta.exif if meta.exif.startswith(EXIF_HEADER) else EXIF_HEADER + meta.exif))
    if meta.xmp:
        bodies.append((0xE1, _XMP_HEADER + meta.xmp))
    if icc:
        step = _MAX_SEGMENT - len(_ICC_HEADER) - 2
        chunks = [icc[i : i + step] for i in range(0, len(icc), step)]
        if len(chunks) <= 255:
            bodies += [(0xE2, _ICC_HEADER + bytes([i, len(chunks)]) + c) for i, c in enumerate(chunks, 1)]
    if meta.iptc:
        bodies.append((0xED, PHOTOSHOP_HEADER + meta.iptc))
    if meta.comment:
        bodies.append((0xFE, meta.comment))
    for marker, body in bodies:
        if len(body) <= _MAX_SEGMENT:
            yield struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def fit_chroma(luma: Plane8, chroma: Chroma, quality: int) -> Chroma:
    """Chroma planes with which the JPEG of this quality keeps its light.

    luma: (H, W), from `even_storage`; chroma: full (4:4:4) or half size (4:2:0). The largest distance of the decoded
    picture's BT.601 luma from `luma` is at most that of the grey JPEG of the same quality; the mean distance is at
    most that, `MEAN_SHARE` of it and `MEAN_SLACK`.
    """
    if luma.size <= WHOLE_PIXELS:
        return _Fitter(luma, chroma, quality).fit()
    from .blocks import fit_blocks

    return fit_blocks(luma, chroma, quality)
