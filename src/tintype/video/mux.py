"""Put the coloured pictures and everything else of the source into one file: sound and data bit for bit."""

import contextlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from tintype.batch.skip import LeftAlone
from tintype.errors import InputError, OutputError
from tintype.files.atomic import replacing, sweep

from .codecs import Settings, configure
from .container import open_container
from .need import need_av
from .parts import PartStore
from .reader import FilmInfo
from .sniff import is_sequence
from .timecode import Timecode

FORMATS = {
    ".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm", ".ts": "mpegts",
    ".mxf": "mxf",
}  # fmt: skip
# Containers that can say "turn this by 90 degrees"; for others the pictures themselves are turned.
TURNING = (".mp4", ".m4v", ".mov", ".mkv")
_OWN_TAGS = ("major_brand", "minor_version", "compatible_brands", "encoder", "creation_time", "timecode")
# How the comment of a result begins.
RECORD = "Colours estimated by tintype"
# Packets of each stream that the rehearsal writes, and packets that are looked at to find them.
_TRIED, _LOOKED_AT = 3, 600


@dataclass(frozen=True)
class Cut:
    """The piece of the source that is wanted, in seconds of its own clock; None means its start or end."""

    start: Fraction | None = None
    end: Fraction | None = None


@dataclass
class Copies:
    """Which streams of the source come along: their indexes, what is said of those that cannot, and the timecode of the
    first frame, where the container holds one."""

    indexes: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    timecode: str | None = None


def plan_copies(
    source: str,
    target: Path,
    settings: Settings,
    info: FilmInfo,
    size: tuple[int, int],
    timecode: str | None = None,
) -> Copies:
    """Find out, before any work, which streams the target's container can hold beside the pictures.

    A little film is written into memory with each stream's first packets: what a container refuses, it refuses there.

    Raises:
        OutputError: it cannot hold the sound, or not the pictures.
    """
    copies = Copies(timecode=timecode)
    if target.suffix.lower() == ".mxf":
        _check_constant_rate(source, target, info)
    try:
        _rehearse(target, settings, info, size, copies)
    except _errors() as error:
        if copies.timecode is None:
            raise _pictures_refused(target, settings, info, size, error) from error
        copies.timecode = None
        copies.notes.append(
            f"the timecode {timecode} is left out: {target.suffix} cannot hold it at {info.rate} a second"
        )
        try:
            _rehearse(target, settings, info, size, copies)
        except _errors() as again:
            raise _pictures_refused(target, settings, info, size, again) from again
    if is_sequence(source):
        return copies
    with open_container(source) as container:
        kept = _picture_index(container)
        first = _first_packets(container, kept)
        for stream in container.streams:
            if stream.index == kept or _is_timecode(stream):
                continue
            try:
                _rehearse(target, settings, info, size, copies, container, [*copies.indexes, stream.index], first)
            except _errors() as error:
                what = f"{stream.type} stream {stream.index} ({_codec(stream)})"
                if stream.type == "audio":
                    better = " or .mov" if target.suffix.lower() not in (".mov", ".mkv") else ""
                    raise OutputError(
                        f"{target}: {target.suffix} cannot hold the {what} as it is; name a file ending in .mkv{better}"
                    ) from error
                copies.notes.append(f"the {what} is left out: {target.suffix} cannot hold it")
                continue
            copies.indexes.append(stream.index)
    return copies


def check_not_own(source: str) -> None:
    """Raise LeftAlone for a film whose comment says that tintype has coloured it; MPEG-TS and MXF hold no comment.

    Raises:
        InputError: it cannot be opened.
    """
    if is_sequence(source):
        return
    with open_container(source) as container:
        tags = [container.metadata, *(stream.metadata for stream in container.streams.video)]
        if any(value.startswith(RECORD) for tag in tags for key, value in tag.items() if "comment" in key.lower()):
            raise LeftAlone("own", "is tintype's own result; add --again to colour it anew")


def streams_left_out(source: str, target: Path) -> list[str]:
    """What numbered pictures cannot hold of a film, in a line."""
    if is_sequence(source):
        return []
    with open_container(source) as container:
        kept = _picture_index(container)
        kinds = sorted(
            {stream.type for stream in container.streams if stream.index != kept and not _is_timecode(stream)}
        )
    return [f"numbered pictures hold no {' and no '.join(kinds)}: left out"] if kinds else []


def _check_constant_rate(source: str, target: Path, info: FilmInfo) -> None:
    """MXF holds no timestamps: frames at any other time than the next would drift against the sound."""
    if is_sequence(source):
        return
    with open_container(source) as container:
        stream = container.streams[_picture_index(container)]
        times = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
    exact = 1 / (info.rate * info.time_base)
    late = next((i for i, pts in enumerate(times) if abs(pts - times[0] - i * exact) > exact / 2), None)
    if late is not None:
        raise OutputError(
            f"{target}: MXF holds frames at a constant rate alone, and frame {late} of {source} is not in time; "
            "name a file ending in .mov or .mkv"
        )


def _errors() -> tuple[type[Exception], ...]:
    return (need_av().error.FFmpegError, ValueError, TypeError, OSError)


def _pictures_refused(
    target: Path, settings: Settings, info: FilmInfo, size: tuple[int, int], error: Exception
) -> OutputError:
    better = "; .mkv and .mov hold any rate" if target.suffix.lower() == ".mxf" else ""
    return OutputError(
        f"{target}: {settings.encoder} cannot write {size[0]}x{size[1]} pixels at {info.rate} frames a second as "
        f"{settings.pix_fmt} into {target.suffix} ({error}){better}"
    )


def _is_timecode(stream: Any) -> bool:
    """Whether this is a timecode track, which is made anew from the timecode: muxers refuse its packets."""
    return stream.type == "data" and any(name.lower() == "timecode" for name in stream.metadata)


def _first_packets(container: Any, kept: int) -> list[Any]:
    """The first packets of the streams beside the pictures, few of each."""
    others = [stream for stream in container.streams if stream.index != kept]
    found: list[Any] = []
    counts: dict[int, int] = {}
    if not others:
        return found
    try:
        for packet in islice(container.demux(others), _LOOKED_AT):
            counts[packet.stream.index] = counts.get(packet.stream.index, 0) + 1
            if packet.size and packet.pts is not None and counts[packet.stream.index] <= _TRIED:
                found.append(packet)
            if len(counts) == len(others) and min(counts.values()) >= _TRIED:
                break
    except need_av().error.FFmpegError:
        pass  # damage that far in front is told when the film is written
    return found


def _rehearse(
    target: Path,
    settings: Settings,
    info: FilmInfo,
    size: tuple[int, int],
    copies: Copies,
    container: Any = None,
    indexes: Sequence[int] = (),
    packets: Sequence[Any] = (),
) -> None:
    """Write a film of one dark frame and a few copied packets into memory, from its header to its end."""
    av = need_av()
    with av.open(_Memory(), "w", format=FORMATS[target.suffix.lower()]) as trial:
        stream = _add_pictures(trial, target, settings, info, size, copies.timecode)
        streams = {index: _add_copy(trial, container.streams[index]) for index in indexes}
        trial.start_encoding()
        context = av.CodecContext.create(settings.encoder, "w")
        configure(context, settings, info, size)
        picture = av.VideoFrame(*size, settings.pix_fmt)
        for plane in picture.planes:
            plane.update(bytes(plane.buffer_size))
        picture.pts, picture.time_base = info.first_pts, info.time_base
        for packet in [*context.encode(picture), *context.encode(None)]:
            made = av.Packet(bytes(packet))
            made.stream, made.time_base, made.is_keyframe = stream, info.time_base, True
            made.pts = made.dts = info.first_pts
            made.duration = info.step
            trial.mux(made)
        for packet in packets:
            if packet.stream.index in streams:
                copy = av.Packet(bytes(packet))
                copy.stream, copy.time_base, copy.is_keyframe = streams[packet.stream.index], packet.time_base, True
                copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
                trial.mux(copy)


class _Memory(io.BytesIO):
    """A file in memory; FFmpeg asks for its name."""

    name = ""


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
    sweep(target)
    options = {"movflags": "faststart"} if FORMATS[target.suffix.lower()] in ("mp4", "mov") else {}
    try:
        with contextlib.ExitStack() as stack:
            part = stack.enter_context(replacing(target))
            container = None if is_sequence(source) else stack.enter_context(open_container(source))
            output = stack.enter_context(
                av.open(os.fspath(part), "w", format=FORMATS[target.suffix.lower()], container_options=options)
            )
            stream = _add_pictures(output, target, settings, info, size, _timecode_at(copies.timecode, info, cut))
            streams = {}
            if container is not None:
                streams = {index: _add_copy(output, container.streams[index]) for index in copies.indexes}
                output.metadata.update({k: v for k, v in container.metadata.items() if k.lower() not in _OWN_TAGS})
                if not cut.start and (chapters := container.chapters()):
                    output.set_chapters(chapters)
            output.metadata.setdefault("comment", comment)
            output.start_encoding()
            _check_headers(stream, store, settings)
            notes = _mux(output, stream, streams, store, info, container, cut)
    except (OSError, av.error.FFmpegError) as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror or error})") from error
    return notes


def _timecode_at(timecode: str | None, info: FilmInfo, cut: Cut) -> str | None:
    """The timecode of the first frame that is written."""
    if timecode is None or not cut.start:
        return timecode
    found = Timecode.parse(timecode, info.rate)
    frames = round((cut.start - info.first_pts * info.time_base) * info.rate)
    return None if found is None else str(found.later(frames))


def _add_pictures(
    output: Any, target: Path, settings: Settings, info: FilmInfo, size: tuple[int, int], timecode: str | None = None
) -> Any:
    stream = output.add_stream(settings.encoder, rate=info.rate, options=dict(settings.options))
    configure(stream.codec_context, settings, info, size)
    stream.time_base = info.time_base
    if timecode is not None:
        stream.metadata["timecode"] = timecode
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
    if not streams or container is None:
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
