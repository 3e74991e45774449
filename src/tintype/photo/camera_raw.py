"""Camera raw files and DNG, developed by LibRaw (rawpy) to 16-bit RGB with the camera's white balance."""

import io
import struct
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from tintype.errors import InputError, MissingExtra

SUFFIXES = (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".pef", ".raf", ".srw")
_MAGIC = (b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS")
_DNG_VERSION = 50706


def is_raw(data: bytes, name: str) -> bool:
    """Whether a file is of a camera's own format, by its beginning, a DNG's version, or its name and TIFF's bytes."""
    if data.startswith(_MAGIC) or data[4:12] == b"ftypcrx ":
        return True
    if data[:4] not in (b"II*\0", b"MM\0*"):
        return False
    return PurePath(name).suffix.lower() in SUFFIXES or _has_tag(data, _DNG_VERSION)


def develop(data: bytes, name: str) -> NDArray[np.uint16]:
    """The picture, upright: (H, W, 1) or (H, W, 3) uint16, sRGB curve and primaries, light as the camera measured it.

    Raises:
        MissingExtra: rawpy is not installed.
        InputError: LibRaw cannot read it.
    """
    try:
        import rawpy
    except ImportError:
        raise MissingExtra(f"{name} is a camera's raw file; to read it: pip install 'tintype[raw]'") from None
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            developed = raw.postprocess(
                output_bps=16,
                use_camera_wb=True,
                no_auto_bright=True,
                gamma=(2.4, 12.92),
                output_color=rawpy.ColorSpace.sRGB,
            )
    except (rawpy.LibRawError, ValueError) as error:
        what = f"{name} is a camera's raw file that LibRaw cannot read ({error}): export it as TIFF"
        raise InputError(what) from error
    pixels = np.asarray(developed, np.uint16)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _has_tag(data: bytes, wanted: int) -> bool:
    """Whether the first directory of a classic TIFF has a tag."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (at,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, at)
        tags = (struct.unpack_from(f"{order}H", data, at + 2 + 12 * i)[0] for i in range(count))
        return wanted in tags
    except struct.error:
        return False
