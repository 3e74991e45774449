"""Put the coloured pictures and everything else of the source into one file: sound and data bit for bit."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import InputError, OutputError
from .codecs import Settings, configure
from .need import need_av
from .parts import PartStore
from .reader import FilmInfo, open_container

FORMATS = {
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".ts": "mpegts",
}  # fmt: skip
# Containers that can say "turn this by 90 degrees"; for others the pictures themselves are turned.
TURNING = (".mp4", ".m4v", ".mov", ".mkv")
_OWN_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder", "creation_time")


@dataclass(frozen=True)
class Cut:
    """The piece of the source that is wanted, in seconds of its own clock; None means its start or end."""

    start: Fraction | None = None
    end: Fraction | None = None


@dataclass
class Copies:
    """Which streams of the source come along: their indexes, and what is said of those that cannot."""

    indexes: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan_copies(source: str, target: Path, settings: Settings, info: FilmInfo, size: tuple[int, int]) -> Copies:
    """Find out, before any work, which streams the target's container can hold beside the pictures.

    Raises:
        OutputError: it cannot hold the sound.
    """
    av = need_av()
    copies = Copies()
    with open_container(source) if "%" not in source else open_container(source, 25) as container:
        kept = _picture_index(container)
        for stream in container.streams:
            if stream.index == kept:
                continue
            try:
                _try_header(target, settings, info, size, container, [*copies.indexes, stream.index])
            except (av.error.FFmpegError, ValueError, TypeError) as error:
                what = f"{stream.type} stream {stream.index} ({_codec(stream)})"
                if stream.type == "audio":
                    better = " or .mov" if target.suffix.lower() not in (".mov", ".mkv") else ""
                    raise OutputError(
                        f"{target}: {target.suffix} cannot hold the {what} as it is; name a file ending in .mkv{better}"
                    ) from error
                copies.notes.append(f"the {what} is left out: {target.suffix} cannot hold it")
                continue
            copies.indexes.append(stream.index)
    _try_alone(target, settings, info, size)
    return copies


def _try_header(
    target: Path, settings: Settings, info: FilmInfo, size: tuple[int, int], container: Any, indexes: list[int]
) -> None:
    av = need_av()
    with av.open(io.BytesIO(), "w", format=FORMATS[target.suffix.lower()]) as trial:
        _add_pictures(trial, target, settings, info, size)
        for index in indexes:
            _add_copy(trial, container.streams[index])
        trial.start_encoding()


def _try_alone(target: Path, settings: Settings, info: FilmInfo, size: tuple[int, int]) -> None:
    av = need_av()
    try:
        with av.open(io.BytesIO(), "w", format=FORMATS[target.suffix.lower()]) as trial:
            _add_pictures(trial, target, settings, info, size)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError) as error:
        raise OutputError(
            f"{target}: {settings.encoder} cannot write {size[0]}x{size[1]} pixels as {settings.pix_fmt} ({error})"
        ) from error


def write_film(
    source: str,
    target: Path,
    settings: Settings,
    info: FilmInfo,
    size: tuple[int, int],
    store: PartStore,
    copies: Copies,
    cut: Cut,
    comment: str,
) -> list[str]:
    """Write the finished parts and the copied streams to ``target``; returns what had to be put right on the way.

    The file appears under its name when it is complete, not before.

    Raises:
        OutputError: it cannot be written.
    """
    av = need_av()
    part = target.with_name(f".{target.name}.part")
    options = {"movflags": "faststart"} if FORMATS[target.suffix.lower()] in ("mp4", "mov") else {}
    try:
        with (
            open_container(source, float(info.rate)) as container,
            av.open(os.fspath(part), "w", format=FORMATS[target.suffix.lower()], container_options=options) as output,
        ):
            stream = _add_pictures(output, target, settings, info, size)
            streams = {index: _add_copy(output, container.streams[index]) for index in copies.indexes}
            output.metadata.update({k: v for k, v in container.metadata.items() if k not in _OWN_TAGS})
            output.metadata.setdefault("comment", comment)
            if not cut.start and (chapters := container.chapters()):
                output.set_chapters(chapters)
            output.start_encoding()
            _check_headers(stream, store, settings)
            notes = _mux(output, stream, streams, store, info, container, cut)
        part.replace(target)
    except (OSError, av.error.FFmpegError) as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"{target}: cannot be written ({error.strerror or error})") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return notes


def _add_pictures(output: Any, target: Path, settings: Settings, info: FilmInfo, size: tuple[int, int]) -> Any:
    stream = output.add_stream(settings.encoder, rate=info.rate, options=dict(settings.options))
    configure(stream.codec_context, settings, info, size)
    stream.time_base = info.time_base
    if info.display_matrix is not None and target.suffix.lower() in TURNING:
        stream.set_display_matrix(info.display_matrix)
    return stream


def _add_copy(output: Any, template: Any) -> Any:
    stream = output.add_stream_from_template(template, opaque=True)
    stream.metadata.update(dict(template.metadata))
    stream.disposition = template.disposition
    return stream


def _check_headers(stream: Any, store: PartStore, settings: Settings) -> None:
    """Parts of another encoder's version would decode to rubbish."""
    header = bytes(stream.codec_context.extradata or b"")
    if settings.global_header and any(part.header != header for part in store.parts):
        raise OutputError(f"{store.folder}: holds parts that another encoder made; add --overwrite to start anew")


def _mux(
    output: Any, stream: Any, streams: dict[int, Any], store: PartStore, info: FilmInfo, container: Any, cut: Cut
) -> list[str]:
    """Interleave the pictures with the copied packets, by time."""
    notes: list[str] = []
    pictures = _picture_packets(stream, store, info, cut)
    waiting = next(pictures, None)
    for time, packet in _copied_packets(container, streams, cut, notes):
        while waiting is not None and waiting[0] <= time:
            output.mux(waiting[1])
            waiting = next(pictures, None)
        try:
            output.mux(packet)
        except (ValueError, need_av().error.FFmpegError) as error:
            raise OutputError(f"{output.name}: a {packet.stream.type} packet cannot be written ({error})") from error
    while waiting is not None:
        output.mux(waiting[1])
        waiting = next(pictures, None)
    return notes


def _picture_packets(stream: Any, store: PartStore, info: FilmInfo, cut: Cut) -> Iterator[tuple[float, Any]]:
    """The packets of all parts with decoding timestamps that grow over all of them."""
    av = need_av()
    shift = 0 if not cut.start else round(cut.start / info.time_base)
    times = store.timestamps()
    shown = sorted(times)
    rank = {pts: i for i, pts in enumerate(shown)}
    early = max((i - rank[pts] for i, pts in enumerate(times)), default=0)
    for i, made in enumerate(store.packets()):
        packet = av.Packet(made.data)
        packet.stream, packet.time_base = stream, info.time_base
        dts = shown[i - early] if i >= early else shown[0] - (early - i) * info.step
        after = rank[made.pts] + 1
        packet.pts, packet.dts = made.pts - shift, dts - shift
        packet.duration = shown[after] - made.pts if after < len(shown) else store.parts[-1].last_duration
        packet.is_keyframe = made.is_key
        yield float(dts * info.time_base), packet


def _copied_packets(container: Any, streams: dict[int, Any], cut: Cut, notes: list[str]) -> Iterator[tuple[float, Any]]:
    """The packets of the streams that come along; timestamps change only where none can be used."""
    av = need_av()
    if not streams:
        return
    last: dict[int, int] = {}
    repaired = 0
    packets = container.demux([container.streams[index] for index in streams])
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except av.error.FFmpegError as error:
            notes.append(f"the sound or data cannot be read to its end ({error.strerror})")
            break
        if not packet.size:
            continue
        index, base = packet.stream.index, packet.time_base
        before = last.get(index)
        dts = packet.dts if packet.dts is not None else packet.pts
        if dts is None:
            dts = 0 if before is None else before + max(1, packet.duration or 1)
            repaired += 1
        time = float(dts * base)
        if (cut.start is not None and time < cut.start) or (cut.end is not None and time >= cut.end):
            continue
        if before is not None and dts <= before:
            dts, repaired = before + 1, repaired + 1
        last[index] = dts
        shift = round(cut.start / base) if cut.start else 0
        pts = dts if packet.pts is None else max(packet.pts, dts)
        packet.dts, packet.pts = dts - shift, pts - shift
        packet.stream = streams[index]
        yield time, packet
    if repaired:
        notes.append(f"{repaired} packets of sound or data had no usable timestamp and were given one")


def _picture_index(container: Any) -> int:
    for stream in container.streams.video:
        if not stream.disposition & type(stream.disposition).attached_pic:
            return int(stream.index)
    raise InputError(f"{container.name}: holds no moving pictures")


def _codec(stream: Any) -> str:
    return stream.codec_context.name if stream.codec_context is not None else "unknown"
