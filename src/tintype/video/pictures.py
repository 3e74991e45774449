"""Coloured frames as numbered pictures: RGB of every depth that archives ask for, each file written whole.

Luma is kept: a colour that does not fit at its luma loses chroma, and the picture's luma is then at most half a level
of the file's off. Light of limited range is spread to the full range that picture files have.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tintype.errors import OutputError
from tintype.files.atomic import replacing
from tintype.imaging.color import srgb_to_linear
from tintype.imaging.types import Floats

from .codecs import Settings
from .dpx import with_headers
from .levels import BT709, Luma, Signal
from .need import need_av
from .numbered import NumberedPictures, Numbering
from .reader import FilmInfo
from .timecode import Timecode

# For each suffix the encoder and, for each depth, the pixel format. OpenEXR holds linear light in floats.
_TIFF = ("tiff", {8: "rgb24", 16: "rgb48le"}, {"compression_algo": "deflate"})
PICTURES: dict[str, tuple[str, dict[int, str], dict[str, str]]] = {
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".png": ("png", {8: "rgb24", 16: "rgb48be"}, {}),
    ".dpx": ("dpx", {8: "rgb24", 10: "gbrp10be", 12: "gbrp12be", 16: "rgb48be"}, {}),
    ".exr": ("exr", {16: "gbrpf32le"}, {"compression": "zip16", "format": "float"}),
}
_FIRST = 1  # number of the first picture of a film that has none of its own


def choose_pictures(target: str | os.PathLike[str], depth: int | None, info: FilmInfo) -> Settings:
    """The settings for writing a film as numbered pictures; without a depth every bit of the light is kept.

    Raises:
        OutputError: no such format, or it has no such depth.
    """
    suffix = Path(target).suffix.lower()
    if suffix not in PICTURES:
        raise OutputError(f"{target}: numbered pictures are written as {', '.join(PICTURES)}")
    encoder, formats, options = PICTURES[suffix]
    if depth is not None and depth not in formats:
        have = " or ".join(str(each) for each in formats)
        raise OutputError(f"{target}: {suffix} is written with {have} bits a sample here, not {depth}")
    chosen = depth or next((each for each in sorted(formats) if each >= info.signal.depth), max(formats))
    return Settings(
        codec=suffix[1:],
        encoder=encoder,
        pix_fmt=formats[chosen],
        depth=chosen,
        options=tuple(sorted(options.items())),
        threads=1,
        global_header=False,
    )


def rgb_of(luma: Luma, chroma: Sequence[Luma], signal: Signal, depth: int) -> Floats:
    """(H, W, 3) float32 in [0, 1] with just that luma, by the signal's matrix.

    luma: (H, W) at the signal's depth; chroma: Cb and Cr (H, W) at ``depth`` and the signal's range.
    """
    light = luma.astype(np.float32)
    if signal.full_range:
        light /= np.float32((1 << signal.depth) - 1)
        span = (1 << depth) - 1
    else:
        light = ((light / np.float32(1 << (signal.depth - 8)) - 16) / 219).clip(0, 1)
        span = 224 << (depth - 8)
    blue, red = ((plane.astype(np.float32) - np.float32(1 << (depth - 1))) / np.float32(span) for plane in chroma)
    kr, kb = (np.float32(weight) for weight in signal.weights)
    red, blue = 2 * (1 - kr) * red, 2 * (1 - kb) * blue
    green = -(kr * red + kb * blue) / (1 - kr - kb)
    share = np.ones_like(light)
    for off in (red, green, blue):
        room = np.where(off > 0, 1 - light, light)
        np.minimum(share, room / np.maximum(np.abs(off), 1e-9), out=share)
    return np.stack([light + share * off for off in (red, green, blue)], axis=-1).clip(0, 1)


@dataclass
class PictureFolder:
    """Where the pictures of one film go, under which numbers.

    Args:
        target: a pattern such as ``out/%07d.dpx``.
        settings: of `choose_pictures`.
        info: of the film.
        source: its pictures, if it is made of such: they keep their numbers, and DPX its headers.
    """

    target: Path
    settings: Settings
    info: FilmInfo
    source: NumberedPictures | None

    def __post_init__(self) -> None:
        self.numbering = Numbering(os.fspath(self.target))
        self.bytes_written = 0

    def number(self, index: int, pts: int) -> int:
        """The number of the frame that is the ``index``-th written and has that timestamp."""
        return _FIRST + index if self.source is None else self.source.numbers[0] + pts

    def write(self, index: int, pts: int, luma: Luma, chroma: Sequence[Luma]) -> None:
        """Write one frame.

        Raises:
            OSError: it cannot be written.
        """
        rgb = rgb_of(luma, chroma, self.info.signal, self.settings.depth)
        picture = need_av().VideoFrame(rgb.shape[1], rgb.shape[0], self.settings.pix_fmt)
        _fill(picture, rgb, self.settings)
        self._put(index, pts, picture)

    def write_original(self, index: int, pts: int, picture: Any) -> None:
        """Write a decoded picture as it is: sample for sample where it is RGB of the same depth.

        Raises:
            OSError: it cannot be written.
        """
        wanted, kind = self.settings.pix_fmt, picture.format
        if "f32" in wanted and "f32" not in kind.name:  # linear light is worked out, not scaled
            floats = picture.reformat(format="gbrpf32le", dst_color_range="JPEG")
            planes = [np.array(_floats(floats, i)) for i in (2, 0, 1)]
            made = need_av().VideoFrame(picture.width, picture.height, wanted)
            _fill(made, np.stack(planes, axis=-1).clip(0, 1), self.settings)
            self._put(index, pts, made)
            return
        signal = self.info.signal
        source = {
            "src_color_range": "JPEG" if signal.full_range else "MPEG",
            "src_colorspace": "ITU709" if signal.matrix == BT709 else "ITU601",
        }
        same = picture.reformat(format=wanted, dst_color_range="JPEG", **({} if kind.is_rgb else source))
        self._put(index, pts, same)

    def _put(self, index: int, pts: int, picture: Any) -> None:
        number = self.number(index, pts)
        path = self.numbering.path(number)
        data = self._encoded(picture)
        if self.settings.encoder == "dpx":
            data = with_headers(data, self._header_of(number), self._timecode(pts))
        with replacing(path) as partial:
            partial.write_bytes(data)
        self.bytes_written += len(data)

    def _encoded(self, picture: Any) -> bytes:
        context = need_av().CodecContext.create(self.settings.encoder, "w")
        context.width, context.height, context.pix_fmt = picture.width, picture.height, self.settings.pix_fmt
        context.time_base = Fraction(1, 25)
        context.options = dict(self.settings.options)
        picture.pts = None
        return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])

    def _header_of(self, number: int) -> bytes | None:
        if self.source is None or self.source.numbering.path(number).suffix.lower() != ".dpx":
            return None
        try:
            with self.source.numbering.path(number).open("rb") as file:
                return file.read(2048)
        except OSError:
            return None

    def _timecode(self, pts: int) -> Timecode | None:
        if self.info.timecode is None:
            return None
        start = Timecode.parse(self.info.timecode, self.info.rate)
        return start and start.later(round((pts - self.info.first_pts) * self.info.time_base * self.info.rate))


def _fill(picture: Any, rgb: Floats, settings: Settings) -> None:
    name, depth = settings.pix_fmt, settings.depth
    if name == "gbrpf32le":
        linear = srgb_to_linear(rgb).astype("<f4")
        for plane, channel in zip(picture.planes, (1, 2, 0), strict=True):
            _put(plane, np.ascontiguousarray(linear[..., channel]))
        return
    levels = np.round(rgb * np.float32((1 << depth) - 1))
    order = np.dtype(np.uint8) if depth == 8 else np.dtype(">u2" if name.endswith("be") else "<u2")
    if name.startswith("gbrp"):
        for plane, channel in zip(picture.planes, (1, 2, 0), strict=True):
            _put(plane, levels[..., channel].astype(order))
    else:
        _put(picture.planes[0], levels.astype(order).reshape(len(levels), -1))


def _floats(picture: Any, index: int) -> Floats:
    plane = picture.planes[index]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
    return rows[:, : plane.width * 4].view("<f4")


def _put(plane: Any, values: NDArray[Any]) -> None:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    data = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)
    rows[: data.shape[0], : data.shape[1]] = data
