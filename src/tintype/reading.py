"""Pictures of every kind that can be given, checked and decoded to planes; every failure is an InputError."""

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tintype import jpeg, raster
from tintype.errors import InputError
from tintype.metadata import Metadata, orientation, upright_exif, upright_xmp
from tintype.planes import Chroma, turn_upright
from tintype.raster import Decoded

READ_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF")

ByteSource = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
RawSource = ByteSource | Image.Image | NDArray[np.generic]


def read_planes(source: RawSource, max_pixels: int) -> Decoded:
    """The upright planes of a path, file bytes, binary file object, Pillow image or array; see
    `Photo.read`."""
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        _check_size(source.size, "the Pillow image", max_pixels)
        return _decode_image(source.copy() if source.format is None else source, "the Pillow image")
    if isinstance(source, (str, os.PathLike)):
        return _from_bytes(_read_file(Path(source)), os.fspath(source), max_pixels)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), "the given bytes", max_pixels)
    return _from_bytes(source.read(), str(getattr(source, "name", "the given file")), max_pixels)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder: give a picture file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}") from error


def _check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise InputError(f"{name} is {width}x{height} pixels: it holds no picture")
    if width * height > max_pixels:
        raise InputError(
            f"{name} is {width}x{height}, {width * height / 1e6:,.0f} megapixels; the limit is "
            f"{max_pixels / 1e6:,.0f}: make it smaller, or raise max_pixels if you trust it"
        )


def _from_bytes(data: bytes, name: str, max_pixels: int) -> Decoded:
    if not data:
        raise InputError(f"{name} is empty (0 bytes)")
    try:
        with raster.own_pixel_limit():
            image = Image.open(io.BytesIO(data), formats=READ_FORMATS)
    except UnidentifiedImageError:
        raise InputError(
            f"{name} is not a picture that can be read: it must be a whole JPEG, PNG, WebP, TIFF, BMP or GIF"
        ) from None
    except Exception as error:  # decoders raise what they like on a malformed header
        raise InputError(_broken(name, error)) from error
    _check_size(image.size, name, max_pixels)
    if image.format in ("JPEG", "MPO"):
        return _decode_jpeg(data, image, name)
    return _decode_image(image, name)


def _broken(name: str, error: Exception) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"{name} is damaged or cut short: {reason}"


def _decode_image(image: Image.Image, name: str) -> Decoded:
    try:
        decoded = raster.decode(image)
    except Exception as error:  # decoders raise what they like on malformed data
        raise InputError(_broken(name, error)) from error
    return replace(decoded, meta=_upright(decoded.meta))


def _decode_jpeg(data: bytes, image: Image.Image, name: str) -> Decoded:
    try:
        meta = jpeg.read_metadata(data, image)
        space, _ = jpeg.colour_space(data)
        if space not in ("Gray", "YCbCr"):
            decoded = _decode_image(image, name)
            return replace(decoded, meta=replace(_upright(meta), icc=decoded.meta.icc))
        luma = jpeg.decode_luma(data)
    except InputError:
        raise
    except Exception as error:  # as above
        raise InputError(_broken(name, error)) from error
    turn = orientation(meta.exif, meta.xmp)

    def chroma() -> Chroma | None:
        cb, cr = jpeg.decode_chroma(data, meta.subsampling or "")
        return turn_upright(cb, turn), turn_upright(cr, turn)

    return Decoded(turn_upright(luma, turn), chroma if space == "YCbCr" else None, None, _upright(meta))


def _upright(meta: Metadata) -> Metadata:
    return replace(meta, exif=upright_exif(meta.exif), xmp=upright_xmp(meta.xmp))


def _from_array(array: NDArray[np.generic], max_pixels: int) -> Decoded:
    shape = array.shape
    if array.ndim == 3 and shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (3, 4)):
        raise InputError(f"an array of shape {shape} is not a picture: give (H, W), (H, W, 3) or (H, W, 4)")
    _check_size((shape[1], shape[0]), "the array", max_pixels)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16 or array.dtype.kind == "f":
        array = raster.to_8_bits(array)
    if array.dtype != np.uint8:
        raise InputError(f"an array of {array.dtype} is not a picture: give uint8, uint16 or floats in [0, 1]")
    return _decode_image(Image.fromarray(np.ascontiguousarray(array)), "the array")
