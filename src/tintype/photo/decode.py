"""Pictures of every kind that can be given, checked and decoded to planes; every failure is an InputError."""

import contextlib
import importlib.util
import io
import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tintype.errors import InputError, MissingExtra, TooLargeError, one_line
from tintype.files import brands
from tintype.imaging.planes import Chroma, turn_deep, turn_upright

from . import camera_raw, pdf, pillow, sixteen_bit
from .jpeg import codec
from .jpeg2000 import jp2_profile
from .metadata import Metadata, orientation, upright_exif, upright_xmp, with_exif_header
from .packed_tiff import PackedRefused
from .pillow import Decoded
from .png_colour import png_profile
from .refused import what_it_is
from .tensors import from_tensor, is_tensor
from .tiff_pages import TIFF_MAGIC

READ_FORMATS = (
    "JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "AVIF", "JPEG2000", "PPM", "PCX", "PSD",
)  # fmt: skip
_NAMES = "JPEG, PNG, WebP, TIFF, JPEG 2000, BMP, GIF, AVIF, PNM, PCX, TGA, PSD"
# What further packages read: its name, the module, the extra that brings it.
_FURTHER = (
    ("HEIC", "pillow_heif", "heif"), ("JPEG XL", "pillow_jxl", "heif"),
    ("camera raw", "rawpy", "raw"), ("PDF", "pypdfium2", "pdf"),
)  # fmt: skip
_JPEG = b"\xff\xd8\xff"
_ANIMATED = {"WEBP": "WebP", "AVIF": "AVIF"}  # formats of pictures, and of films that are not read as such
# What files of formats begin with that only a further package reads.
_JXL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")

ByteSource = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
RawSource = ByteSource | Image.Image | NDArray[np.generic]


def read_planes(source: RawSource, max_pixels: int, page: int = 0) -> Decoded:
    """The upright planes of a path, file bytes, binary file object, Pillow image, array or tensor; see
    `Photo.read`."""
    if is_tensor(source):
        return _from_array(from_tensor(source), max_pixels)
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        _check_size(source.size, "the Pillow image", max_pixels)
        return _decode_image(source.copy() if source.format is None else source, "the Pillow image")
    if isinstance(source, (str, os.PathLike)):
        return _from_bytes(_read_file(Path(source)), os.fspath(source), max_pixels, page)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_bytes(bytes(source), "the given bytes", max_pixels, page)
    return _from_bytes(source.read(), str(getattr(source, "name", "the given file")), max_pixels, page)


def _readable() -> str:
    """The names of the formats that can be read here, and the extras that are missing for more."""
    there = [name for name, module, _ in _FURTHER if importlib.util.find_spec(module) is not None]
    missing = dict.fromkeys(extra for name, _, extra in _FURTHER if name not in there)
    more = f"; more with pip install 'tintype[{','.join(missing)}]'" if missing else ""
    return ", ".join((_NAMES, *there)) + more


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
        raise TooLargeError(
            f"{name} is {width}x{height}, {width * height / 1e6:,.0f} megapixels; the limit is "
            f"{max_pixels / 1e6:,.0f}: make it smaller, or raise max_pixels if you trust it"
        )


def _from_bytes(data: bytes, name: str, max_pixels: int, page: int = 0) -> Decoded:
    if not data:
        raise InputError(f"{name} is empty (0 bytes)")
    if data.startswith(pdf.MAGIC):
        return _from_pdf(data, name, max_pixels, page)
    if camera_raw.is_raw(data, name):
        return _from_camera(data, name, max_pixels)
    formats = READ_FORMATS + further_formats(data, name)
    if name.lower().endswith(".tga"):  # files of this format begin with nothing that tells it
        formats += ("TGA",)
    try:
        with pillow.own_pixel_limit():
            image = _open_jpeg(data) or Image.open(io.BytesIO(data), formats=formats)
    except UnidentifiedImageError:
        if data[:4] in TIFF_MAGIC:
            return _decode_deep(data, None, name, max_pixels, page)
        raise InputError(what_it_is(data, name) or f"{name} is not a picture that can be read: {_readable()}") from None
    except Exception as error:  # decoders raise what they like on a malformed header
        raise InputError(what_it_is(data, name) or _broken(name, error)) from error
    _check_size(image.size, name, max_pixels)
    if image.format in _ANIMATED and (frames := getattr(image, "n_frames", 1)) > 1:
        kind = _ANIMATED[image.format]
        raise InputError(
            f"{name} is an animated {kind} of {frames} frames: save it as GIF, APNG or MP4 to colour it all"
        )
    if image.format in ("JPEG", "MPO"):
        return _decode_jpeg(data, image, name)
    try:
        if page:
            image.seek(page)
        is_deep = sixteen_bit.is_deep(image)
    except Exception as error:  # as above
        raise InputError(_broken(name, error)) from error
    if is_deep and image.format in sixteen_bit.FORMATS:
        decoded = _decode_deep(data, image, name, max_pixels, page)
    else:
        decoded = _decode_image(image, name)
    if decoded.meta.icc is None and image.format in _PROFILES:
        return replace(decoded, meta=replace(decoded.meta, icc=_PROFILES[image.format](data)))
    return decoded


def _from_pdf(data: bytes, name: str, max_pixels: int, page: int) -> Decoded:
    scan, turn = pdf.scan_of(data, name, page)
    decoded = _from_bytes(scan, f"page {page + 1} of {name}", max_pixels)
    if turn == 1:
        return decoded
    chroma = decoded.chroma() if callable(decoded.chroma) else decoded.chroma
    turned = chroma and (turn_upright(chroma[0], turn), turn_upright(chroma[1], turn))
    deep = decoded.deep
    if deep is not None:
        deep = replace(deep, luma=turn_deep(deep.luma, turn), alpha=None)
    return replace(decoded, luma=turn_upright(decoded.luma, turn), chroma=turned or None, alpha=None, deep=deep)


def _from_camera(data: bytes, name: str, max_pixels: int) -> Decoded:
    pixels = camera_raw.develop(data, name)
    _check_size((pixels.shape[1], pixels.shape[0]), name, max_pixels)
    return pillow.decode_deep(pixels, Metadata("TIFF", "RGB"), 1)


# Profiles that Pillow does not hand out.
_PROFILES = {"PNG": png_profile, "JPEG2000": jp2_profile}


def _open_jpeg(data: bytes) -> Image.Image | None:
    """A JPEG, without the other formats that `Image.open` loads first and that take as long as a small picture; None
    for other files, and for those that cannot be read, of which `Image.open` says why."""
    if not data.startswith(_JPEG):
        return None
    from PIL.JpegImagePlugin import JpegImageFile

    with contextlib.suppress(Exception):  # decoders raise what they like on a malformed header
        return JpegImageFile(io.BytesIO(data))
    return None


def further_formats(data: bytes, name: str) -> tuple[str, ...]:
    """Teaches Pillow the formats of the extra heif when such a file comes; MissingExtra without it."""
    if data[4:8] == b"ftyp" and data[8:12] in brands.HEIF:
        package, kind = "pillow_heif", "HEIC"
    elif data.startswith(_JXL):
        package, kind = "pillow_jxl", "JPEG XL"
    else:
        return ()
    try:
        module = importlib.import_module(package)
    except ImportError:
        raise MissingExtra(f"{name} is {kind}; to read it: pip install 'tintype[heif]'") from None
    if package == "pillow_heif":
        module.register_heif_opener()
    return ("HEIF" if package == "pillow_heif" else "JXL",)


def _decode_deep(data: bytes, image: Image.Image | None, name: str, max_pixels: int, page: int) -> Decoded:
    try:
        pixels, blocks = sixteen_bit.decode(data, page)
        if image is not None:
            meta = pillow.read_metadata(image)
            turn = int(image.getexif().get(0x0112, 1)) if meta.format == "TIFF" else orientation(meta.exif, meta.xmp)
        else:
            exif = with_exif_header(blocks["exif"])
            meta = Metadata("TIFF", "F", exif=exif, icc=blocks["icc"], xmp=blocks["xmp"])
            turn = orientation(exif, None)
    except PackedRefused as error:
        raise InputError(f"{name} is {error}: save it with 16 bits a sample") from error
    except Exception as error:  # decoders raise what they like on malformed data
        raise InputError(_broken(name, error)) from error
    _check_size((pixels.shape[1], pixels.shape[0]), name, max_pixels)
    if pixels.shape[2] > 4 or meta.mode in ("CMYK", "LAB"):
        if image is None:
            raise InputError(f"{name} has {pixels.shape[2]} channels: 1 to 4 can be read")
        return _decode_image(image, name)
    decoded = pillow.decode_deep(pixels, meta, turn)
    return replace(decoded, meta=_upright(decoded.meta))


def _broken(name: str, error: Exception) -> str:
    reason = one_line(error)
    return f"{name} is damaged or cut short: {reason}"


def _decode_image(image: Image.Image, name: str) -> Decoded:
    try:
        decoded = pillow.decode(image)
    except Exception as error:  # decoders raise what they like on malformed data
        raise InputError(_broken(name, error)) from error
    return replace(decoded, meta=_upright(decoded.meta))


def _decode_jpeg(data: bytes, image: Image.Image, name: str) -> Decoded:
    try:
        meta = codec.read_metadata(data, image)
        space, _ = codec.colour_space(data)
        if space not in ("Gray", "YCbCr"):
            decoded = _decode_image(image, name)
            return replace(decoded, meta=replace(_upright(meta), icc=decoded.meta.icc))
        luma = codec.decode_luma(data)
    except InputError:
        raise
    except Exception as error:  # as above
        raise InputError(what_it_is(data, name) or _broken(name, error)) from error
    turn = orientation(meta.exif, meta.xmp)

    def chroma() -> Chroma | None:
        cb, cr = codec.decode_chroma(data, meta.subsampling or "")
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
        if array.dtype.kind == "f":
            array = np.nan_to_num(array).clip(0, 1)
        return pillow.decode_deep(sixteen_bit.to_16_bits(array), Metadata(mode="I;16"), 1)
    if array.dtype != np.uint8:
        raise InputError(f"an array of {array.dtype} is not a picture: give uint8, uint16 or floats in [0, 1]")
    return _decode_image(Image.fromarray(np.ascontiguousarray(array)), "the array")
