"""Photo: one still picture as planes, read from and written to files with all that they carry."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import OutputError
from tintype.files.atomic import write_whole
from tintype.imaging.planes import Chroma, half_size, halve_in_threads, halve_plane, join_rgb, resize_plane
from tintype.imaging.types import Plane8

from . import pillow
from .decode import RawSource, read_planes
from .icc import profile_for_colour, profile_for_grey, shown_curve
from .jpeg import codec
from .metadata import Metadata
from .sixteen_bit import FORMATS, Deep
from .tensors import to_tensor

MAX_PIXELS = 500_000_000

SUFFIXES = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG", ".webp": "WEBP",
    ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".dib": "BMP",
}  # fmt: skip
_OPAQUE = ("JPEG", "BMP")
_WRITTEN = ("JPEG", *pillow.LOSSLESS)


class Photo:
    """One picture, standing upright. Immutable: the methods that change something return a new photo.

    Attributes:
        luma: (H, W) uint8, BT.601 full-range Y' of the sRGB (or profile) values.
        alpha: (H, W) uint8, or None for an opaque picture.
        meta: what the file carried; EXIF and XMP already say "upright".
        deep: 16-bit luma and alpha of a picture that had more than 8 bits a channel, else None.
    """

    def __init__(
        self,
        luma: Plane8,
        chroma: Chroma | Callable[[], Chroma | None] | None = None,
        alpha: Plane8 | None = None,
        meta: Metadata | None = None,
        deep: Deep | None = None,
    ) -> None:
        """chroma may be a function, called once, when the planes are first asked for.

        Raises ValueError if the planes do not fit together.
        """
        if luma.ndim != 2 or luma.dtype != np.uint8 or not luma.size:
            raise ValueError(f"luma must be (H, W) uint8 and not empty, not {luma.shape} {luma.dtype}")
        if alpha is not None and (alpha.shape != luma.shape or alpha.dtype != np.uint8):
            raise ValueError(f"alpha must be {luma.shape} uint8, not {alpha.shape} {alpha.dtype}")
        if deep is not None and deep.luma.shape != luma.shape:
            raise ValueError(f"deep luma must be {luma.shape}, not {deep.luma.shape}")
        self.luma, self.alpha, self.meta, self.deep = luma, alpha, meta or Metadata(), deep
        if not callable(chroma):
            self._check_chroma(chroma)
        self._chroma = chroma

    def _check_chroma(self, chroma: Chroma | None) -> None:
        if chroma is None:
            return
        cb, cr = chroma
        half = half_size(self.width, self.height)[::-1]
        if cb.shape != cr.shape or cb.shape not in (self.luma.shape, half):
            raise ValueError(f"chroma of {cb.shape} and {cr.shape}: both must be {self.luma.shape} or {half}")
        if cb.dtype != np.uint8 or cr.dtype != np.uint8:
            raise ValueError(f"chroma planes must be uint8, not {cb.dtype} and {cr.dtype}")

    def __repr__(self) -> str:
        return f"<Photo {self.width}x{self.height} {self.meta.format} {self.meta.mode}>"

    @property
    def width(self) -> int:
        return int(self.luma.shape[1])

    @property
    def height(self) -> int:
        return int(self.luma.shape[0])

    @cached_property
    def chroma(self) -> Chroma | None:
        """Cb and Cr, uint8 centred at 128, of luma's size or half of it, rounded up; None if grey."""
        return self._chroma() if callable(self._chroma) else self._chroma

    @cached_property
    def half_luma(self) -> Plane8:
        """The means of luma over 2x2 pixels: (ceil(H/2), ceil(W/2)) uint8."""
        return halve_in_threads(self.luma)

    @cached_property
    def _quarter_luma(self) -> Plane8:
        return halve_in_threads(self.half_luma)

    def small_luma(self, width: int, height: int, resample: Image.Resampling) -> NDArray[np.float32]:
        """Luma made smaller: (height, width) float32 in [0, 1]."""
        # Half the size, or a quarter, is near enough to start from where the result is far smaller.
        reduction = min(self.width / width, self.height / height)
        source = self.luma if reduction < 4 else self.half_luma if reduction < 8 else self._quarter_luma
        small = Image.fromarray(source).resize((width, height), resample, reducing_gap=3.0)
        return np.asarray(small, np.float32) / np.float32(255)

    def as_shown(self, small: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sRGB values at which values of luma, in [0, 1], are shown: other ones where the colour profile's curve is
        another than sRGB's, as in scans of linear light."""
        curve = shown_curve(self.meta.icc)
        if curve is None:
            return small
        return np.interp(small, np.linspace(0, 1, len(curve)), curve).astype(np.float32)

    def as_stored(self, shown: NDArray[np.float32]) -> NDArray[np.float32]:
        """The other way round: the values by which sRGB values are stored under the picture's profile."""
        curve = shown_curve(self.meta.icc)
        if curve is None:
            return shown
        return np.interp(shown, curve, np.linspace(0, 1, len(curve))).astype(np.float32)

    @property
    def format(self) -> str:
        """The format that `encode` writes if not told: the source's, or PNG for one that is only read."""
        return self.meta.format if self.meta.format in _WRITTEN else "PNG"

    @property
    def has_half_chroma(self) -> bool:
        """Whether the format written by default stores chroma at half size (4:2:0)."""
        return self.format == "JPEG" and self.meta.subsampling in (None, "Gray", "420", "411")

    def with_chroma(self, cb: Plane8, cr: Plane8) -> "Photo":
        """The same light with these colours: uint8 planes centred at 128, of luma's size or half of it."""
        return Photo(self.luma, (cb, cr), self.alpha, self.meta, self.deep)

    def with_luma(self, luma: Plane8) -> "Photo":
        """The same colours under another light of the same size."""
        deep = self.deep
        if deep is not None:
            change = 257 * (luma.astype(np.int32) - self.luma)
            deep = replace(deep, luma=(deep.luma + change).clip(0, 65535).astype(np.uint16))
        return Photo(luma, self._chroma, self.alpha, self.meta, deep)

    def with_meta(self, meta: Metadata) -> "Photo":
        """The same picture, carrying other metadata."""
        return Photo(self.luma, self._chroma, self.alpha, meta, self.deep)

    def grey(self) -> "Photo":
        """The same light without colour."""
        return Photo(self.luma, None, self.alpha, self.meta, self.deep)

    def rgb(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 whose BT.601 luma is at most 1 of 255 off `luma`; alpha is left out."""
        return np.asarray(join_rgb(self.luma, self.chroma))

    def image(self) -> Image.Image:
        """The picture as a Pillow image, RGB, or RGBA where it has transparency."""
        made = Image.fromarray(self.rgb())
        if self.alpha is not None:
            made.putalpha(Image.fromarray(self.alpha))
        return made

    def tensor(self) -> Any:
        """The picture as a torch tensor, (3, H, W) floats from 0 to 1. Raises MissingExtra without torch."""
        return to_tensor(self.rgb())

    @staticmethod
    def read(source: "Source", *, max_pixels: int = MAX_PIXELS, page: int = 0) -> "Photo":
        """Read JPEG, PNG, WebP, TIFF (one page), BMP, AVIF or the first frame of a GIF; turn it upright.

        HEIC and JPEG XL need the extra `heif`: MissingExtra says so.

        source: a path, the bytes of a file, a binary file object, a Pillow image, or an array: (H, W),
        (H, W, 1), (H, W, 3) or (H, W, 4), integers of 8 or 16 bits or floats in [0, 1], or a torch tensor
        (H, W), (1, H, W) or (3, H, W), uint8 or floats in [0, 1]. A Photo is returned as it is.

        Raises InputError, one line with the file's name, if there is no picture, none of these formats, any
        part missing or damaged, no pixels, or more than max_pixels of them.
        """
        if isinstance(source, Photo):
            return source
        decoded = read_planes(source, max_pixels, page)
        return Photo(decoded.luma, decoded.chroma, decoded.alpha, decoded.meta, decoded.deep)

    def encode(self, format: str | None = None, quality: int | None = None) -> bytes:
        """The picture as a file: "JPEG", "PNG", "WEBP", "TIFF" or "BMP"; by default the source's format.

        quality: 1..100, for JPEG (default: the source's own, or 92) and WebP (default: lossless).
        Transparent pictures become opaque, over white, in JPEG and BMP. Raises OutputError.
        """
        kind = _format_named(format) if format is not None else self.format
        if quality is not None and not 1 <= quality <= 100:
            raise OutputError(f"quality {quality} is out of range: choose 1 (smallest) to 100 (best)")
        photo = self.over_white() if kind in _OPAQUE else self
        try:
            if kind == "JPEG":
                return photo._encode_jpeg(quality)
            if photo.deep is not None and kind in FORMATS:
                return pillow.encode_deep(photo.deep, photo.chroma, self.meta, kind)
            return pillow.encode(photo.luma, photo.chroma, photo.alpha, self.meta, kind, quality)
        except (ValueError, OSError, MemoryError) as error:
            raise OutputError(f"cannot encode {self.width}x{self.height} pixels as {kind}: {error}") from error

    def _encode_jpeg(self, quality: int | None) -> bytes:
        chroma = self.chroma
        if chroma is not None and self.meta.format != "JPEG" and chroma[0].shape == self.luma.shape:
            chroma = halve_plane(chroma[0]), halve_plane(chroma[1])
        quality = quality or self.meta.quality or codec.DEFAULT_QUALITY
        icc = (profile_for_grey if chroma is None else profile_for_colour)(self.meta.icc)
        return codec.insert_metadata(codec.encode(self.luma, chroma, quality), self.meta, icc)

    def over_white(self) -> "Photo":
        """The picture laid over white paper, without alpha; an opaque one as it is."""
        if self.alpha is None:
            return self
        opacity = self.alpha.astype(np.float32) / 255

        def over(plane: Plane8, ground: int) -> Plane8:
            return np.round(ground + (plane.astype(np.float32) - ground) * opacity).astype(np.uint8)

        chroma = self.chroma and tuple(over(resize_plane(p, self.width, self.height), 128) for p in self.chroma)
        return Photo(over(self.luma, 255), (chroma[0], chroma[1]) if chroma else None, None, self.meta)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False, quality: int | None = None) -> Path:
        """Write to `path` in the format its suffix names; returns the path.

        The file appears under its name complete or not at all. Raises OutputError if it exists and
        `overwrite` is not set, if the suffix names no format, or if it cannot be written.
        """
        path = Path(path)
        kind = SUFFIXES.get(path.suffix.lower())
        if kind is None:
            raise OutputError(_unknown_format(path.name, path.suffix))
        write_whole(path, lambda: self.encode(kind, quality), overwrite=overwrite)
        return path


def _format_named(name: str) -> str:
    kind = SUFFIXES.get("." + name.lower().lstrip("."))
    if kind is None:
        raise OutputError(_unknown_format(name, name))
    return kind


def _unknown_format(name: str, wrong: str) -> str:
    if wrong.lower().lstrip(".") == "gif":
        return f"{name}: a GIF holds 256 colours, too few to keep the light; write .png instead"
    return f"{name}: {wrong or 'no suffix'} is not a format to write; use .jpg, .png, .webp, .tif or .bmp"


Source = RawSource | Photo
