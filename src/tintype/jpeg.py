"""JPEG files by their planes: luma comes out of the decoder and goes back into the encoder, never through
RGB.

After ITU-T T.81 (JPEG), T.871 (JFIF) and libjpeg's quality scale. Decoding to RGB clips where a colour does
not fit at its luma, and a clipped pixel has changed its light. The encoder here knows in advance what luma
the decoder will see (it depends on the luma plane and the quality alone), takes chroma back to what fits
there, and checks the result by decoding it.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from tintype import raster
from tintype.metadata import EXIF_HEADER, PHOTOSHOP_HEADER, Metadata
from tintype.planes import NEUTRAL, Chroma, Plane, as_plane, grey_of, halve_plane

DEFAULT_QUALITY = 92
MAX_SIDE = 65500

# libjpeg reports through one channel what leaves holes in the picture and what does not; these do not.
_HARMLESS = ("extraneous bytes before marker", "unknown adobe color transform", "invalid sos parameters")
_ROUNDS = 8
_BLOCK = 16
_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
_ICC_HEADER = b"ICC_PROFILE\x00"
_MAX_SEGMENT = 65533

# T.81, table K.1: the luminance quantisation table that libjpeg calls quality 50.
_LUMINANCE_50 = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
     14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
     49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
)  # fmt: skip


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
        raster.read_metadata(image),
        quality=estimate_quality(tables[0]) if tables.get(0) else None,
        subsampling=subsampling,
        iptc=b"".join(photoshop) or None,
    )


def decode_luma(data: bytes) -> Plane:
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
    """The lowest quality 1..100 whose standard luminance table is no coarser, in sum, than this one (64
    steps)."""
    for quality in range(1, 101):
        if _standard_table_sum(quality) <= sum(table):
            return quality
    return 100


def _standard_table_sum(quality: int) -> int:
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return int(((_LUMINANCE_50 * scale + 50) // 100).clip(1, 255).sum())


def encode(luma: Plane, chroma: Chroma | None, quality: int) -> bytes:
    """A JPEG that decodes to a picture whose light is no further off than the grey picture's at this quality.

    luma: (H, W) up to 65500 a side; chroma: planes of full (4:4:4) or half size (4:2:0), or None for grey;
    quality: 1..100. "Light" is BT.601 luma after decoding to RGB; its largest and its mean distance from
    `luma` are both held to those of the grey JPEG.
    """
    luma = _with_even_storage(luma)
    grey: bytes = simplejpeg.encode_jpeg_yuv_planes(luma, None, None, quality)
    if chroma is None:
        return grey
    decoded = decode_luma(grey)
    blue, red = _fit_chroma(decoded, chroma)
    encoded = grey
    for attempt in range(_ROUNDS):
        encoded = simplejpeg.encode_jpeg_yuv_planes(luma, blue, red, quality)
        offending = _offending_blocks(luma, decoded, grey_of(_decode_rgb(encoded)))
        if offending is None:
            break
        if attempt >= _ROUNDS // 2:
            offending = _grow(offending)
        factor = 0.4 if attempt < 2 else 0.0
        blue, red = (_weaken(plane, offending, factor, luma.shape) for plane in (blue, red))
    return encoded


def _with_even_storage(luma: Plane) -> Plane:
    """The same plane as a view into one of even height and width, its last row and column repeated.

    TurboJPEG reads luma up to the next whole 4:2:0 block; in a tight plane of odd size that is the start of
    the next row, and past the last one.
    """
    height, width = luma.shape
    if height % 2 or width % 2:
        return np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")[:height, :width]
    return np.ascontiguousarray(luma)


def _decode_rgb(data: bytes) -> Image.Image:
    return Image.fromarray(np.asarray(simplejpeg.decode_jpeg(data, "RGB")))


def _fit_chroma(luma: Plane, chroma: Chroma) -> Chroma:
    """Chroma scaled down, sample by sample, until it fits at every luma it is decoded with.

    A half-size sample reaches, through the decoder's triangle filter, the 4x4 pixels around it. Limits are
    linear in chroma, so if each sample fits at each luma it reaches, so do their mixtures.
    """
    lowest, highest = luma, luma
    if chroma[0].shape != luma.shape:
        lowest, highest = _reach(luma, np.minimum), _reach(luma, np.maximum)
    blue, red = np.array(chroma[0]), np.array(chroma[1])
    rows = max(1, (1 << 16) // luma.shape[1])
    for start in range(0, blue.shape[0], rows):
        part = slice(start, start + rows)
        cb, cr = blue[part].astype(np.float32) - NEUTRAL, red[part].astype(np.float32) - NEUTRAL
        r, g, b = 1.402 * cr, -0.344136 * cb - 0.714136 * cr, 1.772 * cb
        up = np.maximum(np.maximum(r, g), b)
        down = -np.minimum(np.minimum(r, g), b)
        room_up, room_down = np.float32(255) - highest[part], lowest[part].astype(np.float32)
        tight = (up > room_up) | (down > room_down)
        if not tight.any():
            continue
        cb, cr, up, down = cb[tight], cr[tight], up[tight], down[tight]
        # Neither up nor down is zero where a limit is broken: the other end only matters if it is above zero.
        scale = np.minimum(
            room_up[tight] / np.maximum(up, np.float32(1e-3)),
            room_down[tight] / np.maximum(down, np.float32(1e-3)),
        )
        scale = np.minimum(scale, 1)
        blue[part][tight] = (NEUTRAL + np.trunc(cb * scale)).astype(np.uint8)
        red[part][tight] = (NEUTRAL + np.trunc(cr * scale)).astype(np.uint8)
    return blue, red


def _reach(luma: Plane, extreme: np.ufunc) -> Plane:
    """Smallest or largest luma in each 2x2 block and the ring of one pixel around it: (ceil(H/2),
    ceil(W/2))."""
    height, width = luma.shape
    padded = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge") if height % 2 or width % 2 else luma

    def pairs(first: Plane, second: Plane) -> Plane:
        result: Plane = extreme(first, second)
        extreme(result[1:], second[:-1], out=result[1:])
        extreme(result[:-1], first[1:], out=result[:-1])
        return result

    rows = pairs(padded[0::2], padded[1::2])
    columns = np.ascontiguousarray(rows.T)
    return np.ascontiguousarray(pairs(columns[0::2], columns[1::2]).T)


def _offending_blocks(luma: Plane, decoded: Plane, grey: Plane) -> NDArray[np.bool_] | None:
    """Which 16x16 blocks to weaken, or None if `grey` is as near to `luma` as `decoded`, at most and on
    average."""
    changed = np.flatnonzero(grey != decoded)
    if not changed.size:
        return None
    y, before, after = (p.reshape(-1)[changed].astype(np.int32) for p in (luma, decoded, grey))
    distance = np.abs(after - y)
    excess = distance - np.abs(before - y)
    limit = int((np.maximum(luma, decoded) - np.minimum(luma, decoded)).max())
    too_far = distance > limit
    total = int(excess.sum())
    if total <= 0 and not too_far.any():
        return None
    height, width = luma.shape
    across = -(-width // _BLOCK)
    block = (changed // width // _BLOCK) * across + (changed % width) // _BLOCK
    size = -(-height // _BLOCK) * across
    offending = np.bincount(block[too_far], minlength=size) > 0
    if total > 0:
        # The worst blocks hold most of the harm: take them, in order, until twice the surplus is covered.
        harm = np.bincount(block, weights=excess, minlength=size)
        order = np.argsort(-harm, kind="stable")
        covered = np.cumsum(harm[order])
        count = int(np.searchsorted(covered[: np.count_nonzero(harm > 0)], 2 * total)) + 1
        worst = order[:count]
        offending[worst[harm[worst] > 0]] = True
    return offending.reshape(-1, across)


def _grow(blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(blocks, 1)
    height, width = blocks.shape
    return np.asarray(
        np.any([padded[i : i + height, j : j + width] for i in range(3) for j in range(3)], axis=0)
    )


def _weaken(plane: Plane, blocks: NDArray[np.bool_], factor: float, size: tuple[int, ...]) -> Plane:
    """Chroma scaled by the factor in the marked blocks of 16x16 luma pixels."""
    step = _BLOCK if plane.shape == size else _BLOCK // 2
    marked = blocks.repeat(step, axis=0).repeat(step, axis=1)[: plane.shape[0], : plane.shape[1]]
    result = plane.copy()
    shifted = plane[marked].astype(np.float32) - NEUTRAL
    result[marked] = (NEUTRAL + np.trunc(shifted * np.float32(factor))).astype(np.uint8)
    return result


def insert_metadata(data: bytes, meta: Metadata, icc: bytes | None) -> bytes:
    """The encoded JPEG with its resolution set and EXIF, XMP, ICC, IPTC and comment segments put in.

    Blocks too long for a JPEG segment (65,533 bytes; ICC may span 255 of them) are left out.
    """
    length = struct.unpack_from(">H", data, 4)[0]
    end = 4 + length
    header = bytearray(data[:end])
    if meta.dpi is not None and all(1 <= v < 65535.5 for v in meta.dpi):
        struct.pack_into(">BHH", header, 13, 1, *(round(v) for v in meta.dpi))
    return bytes(header) + b"".join(_segments(meta, icc)) + data[end:]


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
