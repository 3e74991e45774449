"""Pictures of 16 bits and of floats: read to 16-bit luma, and written as PNG or TIFF with every level of it."""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, TiffImagePlugin

from tintype.imaging.color import CB_TO_B, CR_TO_R, KB, KG, KR
from tintype.imaging.gamut import reduce_chroma_ycc
from tintype.imaging.planes import NEUTRAL, Chroma, resize_plane
from tintype.imaging.types import Plane8
from tintype.parallel import strips

from .packed_tiff import bits_of, decode_packed, directory

DeepPlane = NDArray[np.uint16]
FORMATS = ("PNG", "TIFF")
_STRIP_PIXELS = 1 << 18
_DEFLATE = 8


@dataclass(frozen=True, eq=False)
class Deep:
    """What 8-bit planes cannot hold: luma, and alpha if there is one, (H, W) uint16."""

    luma: DeepPlane
    alpha: DeepPlane | None = None


def is_deep(image: Image.Image) -> bool:
    """Whether an opened picture has more than 8 bits a channel, whatever mode Pillow would reduce it to."""
    if isinstance(image, PngImagePlugin.PngImageFile):
        tile = image.tile[0][3] if image.tile else ""
        return "16" in str(tile) or image.mode.startswith("I")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return bits_of(image.tag_v2) > 8
    return image.mode.startswith(("I", "F"))


def decode(data: bytes, page: int = 0) -> tuple[NDArray[np.uint16], dict[str, bytes | None]]:
    """(H, W, 1..4) uint16 of a deep PNG or TIFF, and its metadata blocks. Raises pyvips.Error, ValueError."""
    tags = directory(data, page) if data[:2] in (b"II", b"MM") else None
    if tags is not None and 8 < bits_of(tags) < 16:
        blocks = {"icc": tags.get(34675), "exif": None, "xmp": tags.get(700)}
        return decode_packed(data, tags), blocks
    import pyvips

    options = {"page": page} if data[:2] in (b"II", b"MM") else {}
    image = pyvips.Image.new_from_buffer(data, "", fail_on="truncated", **options)
    names = {"icc": "icc-profile-data", "exif": "exif-data", "xmp": "xmp-data"}
    blocks = {key: image.get(name) if image.get_typeof(name) else None for key, name in names.items()}
    # numpy() drops axes of length one, all of them where there is a single pixel.
    return to_16_bits(image.numpy().reshape(image.height, image.width, image.bands)), blocks


def to_16_bits(pixels: NDArray[Any]) -> NDArray[np.uint16]:
    """Integers of 8, 16 and 32 bits and floats as (H, W, C) uint16.

    Of 32-bit integers the 16 highest bits are taken, but where none is above 65535 they hold 16 bits. Floats are taken
    to end at 1, 255 or 65535, whichever is the first above their maximum; NaN is black.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint16) * np.uint16(257)
    if pixels.dtype.kind == "f":
        clean = np.nan_to_num(pixels, posinf=0, neginf=0)
        top = next((end for end in (1.0, 255.0, 65535.0) if float(clean.max(initial=0)) <= end * 1.0001), 0.0)
        return np.asarray(np.round((clean / (top or clean.max())).clip(0, 1) * 65535), np.uint16)
    if pixels.dtype.itemsize > 2 and int(pixels.max(initial=0)) > 65535:
        return np.asarray(pixels.clip(0) >> (16 if pixels.dtype.kind == "u" else 15), np.uint16)
    return np.asarray(pixels.clip(0, 65535), np.uint16)


def luma_of(pixels: NDArray[np.uint16]) -> DeepPlane:
    """BT.601 luma of (H, W, 1) or (H, W, 3), 16 bits."""
    if pixels.shape[2] == 1:
        return np.ascontiguousarray(pixels[..., 0])
    luma = np.empty(pixels.shape[:2], np.uint16)
    for rows in strips(len(pixels), max(1, _STRIP_PIXELS // pixels.shape[1])):
        red, green, blue = (pixels[rows, :, i].astype(np.float32) for i in range(3))
        luma[rows] = np.round(np.float32(KR) * red + np.float32(KG) * green + np.float32(KB) * blue)
    return luma


def to_8_bits(pixels: NDArray[Any]) -> Plane8:
    """16-bit integers, or floats in [0, 1], rounded to 8 bits. 32-bit integers are taken to hold 16."""
    if pixels.dtype.kind == "f":
        pixels = np.round(np.clip(np.nan_to_num(pixels), 0, 1) * 255)
    else:
        pixels = (np.clip(pixels, 0, 65535).astype(np.uint32) + 128) // 257
    return np.asarray(pixels, np.uint8)


def rgb_rows(luma: DeepPlane, chroma: Chroma) -> Iterator[NDArray[np.uint16]]:
    """The colours, strip by strip: (rows, W, 3) uint16 whose BT.601 luma, rounded, is exactly `luma`."""
    height, width = luma.shape
    cb, cr = (resize_plane(plane, width, height) for plane in chroma)
    for rows in strips(height, max(1, _STRIP_PIXELS // width)):
        y = luma[rows].astype(np.float32) / 65535
        shifts = ((plane[rows].astype(np.float32) - NEUTRAL) / 255 for plane in (cb, cr))
        blue_shift, red_shift = reduce_chroma_ycc(y, *shifts)
        red = np.round((y + np.float32(CR_TO_R) * red_shift) * 65535).clip(0, 65535)
        blue = np.round((y + np.float32(CB_TO_B) * blue_shift) * 65535).clip(0, 65535)
        # Green takes up what rounding did to the others: it weighs most in luma.
        rest = luma[rows] - KR * red.astype(np.float64) - KB * blue.astype(np.float64)
        green = np.round(rest / KG).clip(0, 65535)
        yield np.stack([red, green, blue], axis=-1).astype(np.uint16)


def pixels_of(deep: Deep, chroma: Chroma | None) -> NDArray[np.uint16]:
    """(H, W, 1..4) uint16: grey or RGB, with alpha if there is one."""
    colour = deep.luma[..., None] if chroma is None else np.concatenate(list(rgb_rows(deep.luma, chroma)))
    return colour if deep.alpha is None else np.dstack([colour, deep.alpha])


def encode_png(pixels: NDArray[np.uint16], carrier: bytes) -> bytes:
    """A 16-bit PNG with the ancillary chunks of another PNG, the carrier."""
    import pyvips

    height, width, bands = pixels.shape
    image = pyvips.Image.new_from_memory(np.ascontiguousarray(pixels), width, height, bands, "ushort")
    image = image.copy(interpretation="rgb16" if bands > 2 else "grey16")
    body: bytes = image.pngsave_buffer(compression=4, keep="none", bitdepth=16)
    kept = [chunk for name, chunk in _chunks(carrier) if name not in (b"IHDR", b"IDAT", b"IEND")]
    parts = []
    for name, chunk in _chunks(body):
        if name in (b"IHDR", b"IDAT", b"IEND"):
            parts.append(chunk)
        if name == b"IHDR":
            parts += kept
    return body[:8] + b"".join(parts)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at : at + 12 + length]
        at += 12 + length


def encode_tiff(
    pixels: NDArray[np.uint16], tags: Image.Exif, icc: bytes | None, dpi: tuple[float, float] | None
) -> bytes:
    """A 16-bit TIFF page, deflated with the horizontal predictor, with these descriptive tags and directories."""
    height, width, bands = pixels.shape
    ifd = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        ifd[tag] = value
    for tag in (0x8769, 0x8825):
        if directory := tags.get_ifd(tag):
            ifd[tag] = dict(directory)
    step = pixels.copy()
    step[:, 1:] -= pixels[:, :-1]
    body = zlib.compress(step.astype("<u2").tobytes(), 6)
    ifd[256], ifd[257], ifd[258], ifd[259] = width, height, (16,) * bands, _DEFLATE
    ifd[262], ifd[277], ifd[278], ifd[284], ifd[317] = (1 if bands < 3 else 2), bands, height, 1, 2
    if bands in (2, 4):
        ifd[338] = 2  # alpha, not premultiplied
    if icc:
        ifd[34675] = icc
    if dpi:
        ifd[282], ifd[283], ifd[296] = dpi[0], dpi[1], 2
    ifd[273], ifd[279] = 0, len(body)
    target = io.BytesIO()
    ifd.save(target)
    return target.getvalue() + body
