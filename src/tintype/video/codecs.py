"""Which encoder, with which settings, for which container; planes in, packets out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from tintype.errors import OutputError

from .levels import FULL, LIMITED, Luma
from .need import need_av
from .reader import FilmInfo, Frame

# All that x264 knows of x86 up to AVX2, which every processor with AVX-512 has.
_UP_TO_AVX2 = "MMX2,SSE2Fast,SSSE3,SSE4.2,AVX,FMA3,BMI2,AVX2"


@dataclass(frozen=True)
class Codec:
    """An encoder of FFmpeg's, the pixel formats to try in order of depth, and its options."""

    encoder: str
    formats: tuple[str, ...]
    crf: int | None
    options: dict[str, str]
    containers: tuple[str, ...]


CODECS = {
    "h264": Codec(
        "libx264", ("yuv420p", "yuv420p10le"), 18, {"preset": "veryfast"}, (".mp4", ".m4v", ".mov", ".mkv", ".ts")
    ),
    "hevc": Codec(
        "libx265",
        ("yuv420p", "yuv420p10le", "yuv420p12le"),
        20,
        {"preset": "superfast", "x265-params": "log-level=none"},
        (".mp4", ".m4v", ".mov", ".mkv", ".ts"),
    ),
    "av1": Codec("libsvtav1", ("yuv420p", "yuv420p10le"), 28, {"preset": "9"}, (".mp4", ".m4v", ".mkv", ".webm")),
    "vp9": Codec(
        "libvpx-vp9",
        ("yuv420p", "yuv420p10le"),
        28,
        {"b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"},
        (".mp4", ".mkv", ".webm"),
    ),
    "prores": Codec("prores_ks", ("yuv422p10le",), None, {"profile": "hq"}, (".mov", ".mkv")),
    # HQ for 8 bits, HQX for 10: `choose` adds the profile.
    "dnxhr": Codec("dnxhd", ("yuv422p", "yuv422p10le"), None, {}, (".mxf", ".mov")),
    "ffv1": Codec("ffv1", ("yuv420p", "yuv420p10le", "yuv420p16le"), None, {"level": "3", "slicecrc": "1"}, (".mkv",)),
}
_LEAST_DNXHR = (256, 120)
_ANY_SAMPLING = ("h264", "hevc", "ffv1")
# Containers that keep every timestamp; the first codec is the default one for 8 bits, the second for more.
CONTAINERS = {
    ".mp4": ("h264", "hevc"),
    ".m4v": ("h264", "hevc"),
    ".mov": ("h264", "hevc"),
    ".mkv": ("h264", "hevc"),
    ".ts": ("h264", "hevc"),
    ".webm": ("vp9", "av1"),
    ".mxf": ("dnxhr", "dnxhr"),
}


@dataclass(frozen=True)
class Settings:
    """How a film is encoded; equal settings give streams whose parts can follow one another."""

    codec: str
    encoder: str
    pix_fmt: str
    depth: int
    options: tuple[tuple[str, str], ...]
    threads: int
    global_header: bool


def choose(
    target: str | os.PathLike[str], codec: str | None, crf: int | None, info: FilmInfo, sampling: str = "420"
) -> Settings:
    """The settings for writing this film to that file.

    ``sampling`` is that of chroma which is to be kept, "420", "422" or "444"; taken where the codec has it.

    Raises:
        OutputError: a container that cannot keep timestamps, an unknown codec, or one that does not fit.
    """
    suffix = Path(target).suffix.lower()
    if suffix not in CONTAINERS:
        what = f"{suffix} cannot keep every timestamp and tag" if suffix else "a format is missing"
        raise OutputError(f"{target}: {what}; name a file ending in {', '.join(CONTAINERS)}")
    name = codec or CONTAINERS[suffix][info.signal.depth > 8]
    if name not in CODECS:
        raise OutputError(f"codec is {name!r}; choose one of {', '.join(CODECS)}")
    chosen = CODECS[name]
    if suffix not in chosen.containers:
        raise OutputError(f"{target}: {name} does not go into {suffix}; name a file in {', '.join(chosen.containers)}")
    options = dict(chosen.options)
    if crf is not None and chosen.crf is None:
        raise OutputError(f"{name} has no crf: its quality is fixed; leave --crf out")
    if chosen.crf is not None:
        options["crf"] = str(chosen.crf if crf is None else crf)
    special = ["tff=1"] if info.interlaced else []
    if min(info.width, info.height) < 128:
        special.append("mbtree=0")  # with pictures this small x264 reads memory that it never wrote
    if name == "h264" and special:
        options["x264-params"] = ":".join(special)
    if name == "hevc" and info.hdr10 is not None:
        options["x265-params"] += f":{info.hdr10}"
    formats = chosen.formats
    if (info.width % 2 or info.height % 2) and name in ("h264", "hevc"):
        formats = tuple(each.replace("420", "444") for each in formats)  # these two halve only even sides
    elif sampling != "420" and name in _ANY_SAMPLING:
        formats = tuple(each.replace("420", sampling) for each in formats)
    elif sampling == "444" and name == "prores":
        formats, options["profile"] = ("yuv444p10le",), "4444"
    depths = [_depth(each) for each in formats]
    index = next((i for i, depth in enumerate(depths) if depth >= info.signal.depth), len(depths) - 1)
    if name == "dnxhr":
        if info.width < _LEAST_DNXHR[0] or info.height < _LEAST_DNXHR[1]:
            raise OutputError(
                f"{target}: dnxhr holds pictures of at least {_LEAST_DNXHR[0]}x{_LEAST_DNXHR[1]} pixels, and these are "
                f"{info.width}x{info.height}; choose --codec prores"
            )
        options["profile"] = "dnxhr_hqx" if depths[index] > 8 else "dnxhr_hq"
    return Settings(
        codec=name,
        encoder=chosen.encoder,
        pix_fmt=formats[index],
        depth=depths[index],
        options=tuple(sorted(options.items())),
        threads=min(16, os.cpu_count() or 1),
        global_header=suffix != ".ts",
    )


def _depth(pix_fmt: str) -> int:
    return 8 if not pix_fmt.endswith("le") else int(pix_fmt.rpartition("p")[2][:-2])


def configure(context: Any, settings: Settings, info: FilmInfo, size: tuple[int, int]) -> None:
    """Give an encoder that is not open yet everything it has to know; size is width and height."""
    av = need_av()
    signal = info.signal
    context.width, context.height = size
    context.pix_fmt = settings.pix_fmt
    context.time_base, context.framerate = info.time_base, info.rate
    if info.sample_aspect:
        turned = size != (info.width, info.height)
        context.sample_aspect_ratio = 1 / info.sample_aspect if turned else info.sample_aspect
    context.color_range = FULL if signal.full_range else LIMITED
    context.colorspace, context.color_primaries, context.color_trc = signal.matrix, signal.primaries, signal.transfer
    context.thread_count = settings.threads
    context.options = dict(settings.options) | _instructions(settings, size[0])
    if settings.global_header:
        context.flags |= av.codec.context.Flags.global_header
    if info.interlaced and settings.codec == "h264":
        context.flags |= av.codec.context.Flags.interlaced_dct


def _instructions(settings: Settings, width: int) -> dict[str, str]:
    """x264 without AVX-512 where the macroblocks in a row are no multiple of eight: its mbtree then reads memory that
    was never written, and the same film came out in other bytes. It costs a tenth of the encoder's time."""
    if settings.encoder != "libx264" or width % 128 == 0 or not _features().get("AVX512_SKX"):
        return {}
    given = dict(settings.options).get("x264-params")
    return {"x264-params": ":".join(each for each in (given, f"asm={_UP_TO_AVX2}") if each)}


@lru_cache
def _features() -> dict[str, bool]:
    """What the processor can do, as NumPy has found out; empty where it does not tell."""
    try:
        return dict(import_module("numpy._core._multiarray_umath").__cpu_features__)
    except (ImportError, AttributeError):
        return {}


@dataclass(frozen=True)
class Packet:
    """A piece of the coded film: the timestamp of the frame it shows, whether one can start there, its bytes."""

    pts: int
    is_key: bool
    data: bytes


class Encoder:
    """Encodes the frames of one part; its first frame can be decoded without any other.

    Args:
        settings: of `choose`.
        info: of the film that is being coloured.

    Raises:
        OutputError: the encoder does not take such pictures.
    """

    def __init__(self, settings: Settings, info: FilmInfo, size: tuple[int, int]) -> None:
        av = need_av()
        self._settings, self._info, self._size = settings, info, size
        self._context = av.CodecContext.create(settings.encoder, "w")
        configure(self._context, settings, info, size)
        try:
            self._context.open()
        except (av.error.FFmpegError, ValueError) as error:
            raise OutputError(
                f"{settings.encoder} cannot encode {size[0]}x{size[1]} pixels as {settings.pix_fmt} ({error})"
            ) from error

    @property
    def header(self) -> bytes:
        """What a player must know before the first packet; complete once the part is finished."""
        return bytes(self._context.extradata or b"")

    def encode(self, frame: Frame, luma: Luma, chroma: tuple[Luma, Luma]) -> Iterator[Packet]:
        """Take one frame; hand over the packets that are ready.

        luma (h, w) at the film's depth; chroma at the depth of the settings, of the size that `chroma_size` says.
        """
        av = need_av()
        width, height = self._size
        picture = av.VideoFrame(width, height, self._settings.pix_fmt)
        luma = shift_depth(luma, self._info.signal.depth, self._settings.depth)
        for plane, values in zip(picture.planes, (luma, *chroma), strict=True):
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
            data = values.view(np.uint8).reshape(values.shape[0], -1)
            rows[: data.shape[0], : data.shape[1]] = data
        picture.pts, picture.time_base = frame.pts, self._info.time_base
        signal = self._info.signal
        picture.color_range = FULL if signal.full_range else LIMITED
        picture.colorspace, picture.color_primaries, picture.color_trc = (
            signal.matrix,
            signal.primaries,
            signal.transfer,
        )
        return self._packets(picture)

    def finish(self) -> Iterator[Packet]:
        """The packets that were still being worked on."""
        return self._packets(None)

    def _packets(self, picture: Any) -> Iterator[Packet]:
        for packet in self._context.encode(picture):
            yield Packet(packet.pts, packet.is_keyframe, bytes(packet))


def chroma_size(settings: Settings, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the chroma planes for pictures of that width and height."""
    width, height = size
    whole = any(name in settings.pix_fmt for name in ("444", "rgb", "gbr"))
    narrow, low = not whole, "420" in settings.pix_fmt
    return (width + 1) // 2 if narrow else width, (height + 1) // 2 if low else height


def shift_depth(luma: Luma, depth: int, target: int) -> Luma:
    """Luma of one depth at another: exact upwards, rounded downwards."""
    if target > depth:
        return np.asarray(luma, np.uint16) << (target - depth)
    if target < depth:
        lost = depth - target
        rounded = np.minimum(np.asarray(luma, np.uint32) + (1 << (lost - 1)), (1 << depth) - 1) >> lost
        return rounded.astype(np.uint8 if target == 8 else np.uint16)
    return luma
