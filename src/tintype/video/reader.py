"""Read a film frame by frame: luma planes as they are, timestamps as they are, and what is wrong with the file."""

import os
import zlib
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from tintype.errors import InputError

from .container import open_container
from .deinterlace import deinterlaced
from .hdr import check_base_layer, dynamic_metadata, static_metadata
from .levels import BT709, FULL, LIMITED, Luma, Signal, known, known_matrix
from .need import need_av
from .numbered import NumberedPictures, damage_note
from .plane import luma_of
from .sniff import is_sequence
from .timecode import timecode_of

# Codecs whose standard says that an unstated range is the limited one, for grey too.
_LIMITED_BY_STANDARD = ("h264", "hevc", "av1", "vp9", "vp8", "mpeg2video", "mpeg1video", "mpeg4")
_STEP_BACK = 2.0  # seconds before the wanted frame that a jump aims at: some indexes are off


@dataclass(eq=False)
class Frame:
    """One picture of a film: its luma (H, W) at the film's own depth, and when it is shown, in the film's time base."""

    pts: int
    duration: int
    luma: Luma
    picture: Any = None  # the decoded frame itself, where the reader was asked to keep it
    source_checksum: int | None = None  # that of the luma as it was read, where it was restored

    @property
    def checksum(self) -> int:
        """Of the luma as it was read."""
        if self.source_checksum is not None:
            return self.source_checksum
        return zlib.crc32(np.ascontiguousarray(self.luma).data)


@dataclass(frozen=True)
class FilmInfo:
    """What a film is, as its first frame and its container tell.

    ``frames`` and ``seconds`` are what the container claims, None where it claims nothing; ``rotation`` is how far, in
    degrees counter-clockwise, players turn the pictures; ``matrix`` is the display matrix that says so; ``timecode`` is
    that of the first frame; ``hdr10`` its mastering display and light level, as x265 takes them; ``dynamic_hdr`` names
    its metadata for each scene, such as Dolby Vision's.
    """

    path: str
    container: str
    codec: str
    width: int
    height: int
    pix_fmt: str
    signal: Signal
    rate: Fraction
    time_base: Fraction
    first_pts: int
    frames: int | None
    seconds: float | None
    interlaced: bool
    rotation: int
    display_matrix: tuple[int, ...] | None
    sample_aspect: Fraction | None
    timecode: str | None = None
    hdr10: str | None = None
    dynamic_hdr: tuple[str, ...] = ()

    @property
    def step(self) -> int:
        """The usual time from one frame to the next, in the time base."""
        return max(1, round(1 / (self.rate * self.time_base)))

    def at(self, seconds: float) -> int:
        """The timestamp that many seconds after the first frame."""
        return self.first_pts + round(Fraction(seconds) / self.time_base)


@dataclass
class Trouble:
    """What went wrong while reading; none of it stops the film."""

    damaged_packets: int = 0
    repaired_times: int = 0
    cut_short: str | None = None
    lines: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """Each trouble in a line."""
        found = list(self.lines)
        if self.damaged_packets:
            found.append(f"{self.damaged_packets} damaged pieces of picture were skipped")
        if self.repaired_times:
            found.append(f"{self.repaired_times} frames had no usable timestamp and were given one")
        if self.cut_short:
            found.append(self.cut_short)
        return found


class FilmReader:
    """Frames of one film, in the order in which they are shown.

    Args:
        path: a file, or a pattern for numbered pictures (``frames/%04d.png``).
        rate: frames per second of numbered pictures.
        keep_pictures: whether each `Frame` keeps the decoded picture, chroma included.
        deinterlace: take apart frames of two fields.
        full_range: take the luma of RGB pictures in full range, with every level; else as films have it.

    Raises:
        InputError: no film, no video in it, or not a single frame that can be decoded.
        MissingExtra: PyAV is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        rate: float | None = None,
        keep_pictures: bool = False,
        full_range: bool = False,
        deinterlace: bool = False,
    ) -> None:
        self.path = os.fspath(path)
        self.trouble = Trouble()
        self.numbered = NumberedPictures(self.path, rate) if is_sequence(self.path) else None
        self._keep, self._full, self._deinterlace = keep_pictures, full_range, deinterlace
        self.info = self._look()

    def frames(self, *, start: float | None = None, end: float | None = None) -> Generator[Frame, None, None]:
        """The frames from ``start`` up to, not including, ``end``, in seconds from the first frame."""
        first = None if start is None else self.info.at(start)
        last = None if end is None else self.info.at(end)
        for frame in self._decoded(first):
            if last is not None and frame.pts >= last:
                return
            if first is None or frame.pts >= first:
                yield frame

    def frames_after(
        self, pts: int, checksum: int, *, start: float | None = None, end: float | None = None, before: int = 0
    ) -> Generator[Frame, None, None]:
        """The frames behind the one with this timestamp and checksum of luma, and in front of them ``before`` frames up
        to that one, fewer where the film or the piece from ``start`` on begins.

        The file's index is used to get there; where it leads to another picture, everything before is decoded.

        Raises:
            InputError: there is no such frame any more: the film is another one than before.
        """
        first = self.info.first_pts if start is None else self.info.at(start)
        last = None if end is None else self.info.at(end)
        for aim in (pts - before * self.info.step, None):
            recent: deque[Frame] = deque(maxlen=before)
            found = False
            for frame in self._decoded(aim):
                if found:
                    if last is not None and frame.pts >= last:
                        return
                    yield frame
                elif frame.pts == pts:
                    enough = len(recent) >= before - 1 or aim is None or aim <= self.info.first_pts
                    if frame.checksum != checksum or not enough:
                        break
                    found = True
                    recent.append(frame)
                    yield from recent
                elif frame.pts > pts:
                    break
                elif frame.pts >= first:
                    recent.append(frame)
            if found:
                return
        raise InputError(f"{self.path}: has changed since its colouring was interrupted; add --overwrite to start anew")

    def frames_known(self, known: Sequence[tuple[int, int]]) -> Generator[Frame, None, None]:
        """Just the frames with these timestamps and checksums of luma, as an earlier reading from the start found them.

        The file's index is used to get there; where it leads to other pictures, everything before is decoded.

        Raises:
            InputError: they are not there any more: the film is another one than before.
        """
        at = 0
        for aim in (known[0][0], None):
            for frame in self._decoded(aim):
                pts, checksum = known[at]
                if frame.pts < pts:
                    continue
                if frame.pts > pts or frame.checksum != checksum:
                    break
                yield frame
                at += 1
                if at == len(known):
                    return
        raise InputError(f"{self.path}: has changed while it was coloured; run again to start anew")

    def _look(self) -> FilmInfo:
        """Open the film and decode its first frame."""
        if self.numbered is not None:
            return self._look_at_pictures(self.numbered)
        with open_container(self.path) as container:
            stream = _video_stream(container, self.path)
            picture = next(self._pictures(container, stream), None)
            if picture is None:
                raise InputError(f"{self.path}: not a single frame can be decoded; the file is damaged or cut short")
            info = _describe(self.path, _Source.of(container, stream), picture, self._full)
        self.trouble = Trouble()
        return replace(info, interlaced=False) if self._deinterlace else info

    def _look_at_pictures(self, numbered: NumberedPictures) -> FilmInfo:
        picture = next(numbered.pictures(), None)
        if picture is None:
            raise InputError(f"{self.path}: none of its {len(numbered.numbers)} pictures can be decoded")
        seconds = float(numbered.span / numbered.rate)
        source = _Source(
            "image2", numbered.codec(), numbered.rate, 1 / numbered.rate, 0, len(numbered.numbers), seconds
        )
        return replace(_describe(self.path, source, picture, self._full), first_pts=0)

    def _decoded(self, aim: int | None) -> Iterator[Frame]:
        """Frames from the start, or from a little before the timestamp ``aim``, with good and growing timestamps."""
        self.trouble = Trouble()
        if self.numbered is not None:
            yield from self._timed(self.numbered.pictures(max(0, aim or 0)))
            notes = (self.numbered.note(), damage_note(self.numbered.damaged))
            self.trouble.lines += [note for note in notes if note]
            return
        av = need_av()
        with open_container(self.path) as container:
            stream = _video_stream(container, self.path)
            if aim is not None:
                target = max(self.info.first_pts, aim - round(_STEP_BACK / self.info.time_base))
                try:
                    container.seek(target, stream=stream, backward=True)
                except av.error.FFmpegError:
                    return
            pictures = self._pictures(container, stream)
            yield from self._timed(deinterlaced(pictures, self.info.time_base) if self._deinterlace else pictures)

    def _timed(self, pictures: Iterator[Any]) -> Iterator[Frame]:
        step, previous, count = self.info.step, None, 0
        for picture in pictures:
            pts = picture.pts
            if pts is None or (previous is not None and pts <= previous):
                pts = self.info.first_pts if previous is None else previous + step
                self.trouble.repaired_times += 1
            previous, count = pts, count + 1
            luma = luma_of(picture, self.info.width, self.info.height, self.info.signal)
            yield Frame(pts, picture.duration or step, luma, picture if self._keep else None)
        self._note_end(previous)

    def _note_end(self, last_pts: int | None) -> None:
        """Say so if the film ends well before the container's own word."""
        info = self.info
        if info.seconds is None or last_pts is None:
            return
        shown = float((last_pts + info.step - info.first_pts) * info.time_base)
        if shown < info.seconds - max(0.5, 2.5 / float(info.rate)):
            self.trouble.cut_short = (
                f"the film ends after {shown:.1f} of {info.seconds:.1f} seconds: the file is cut short or damaged"
            )

    def _pictures(self, container: Any, stream: Any) -> Iterator[Any]:
        av = need_av()
        stream.thread_type = "AUTO"
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError as error:
                self.trouble.cut_short = f"the file cannot be read to its end ({error.strerror})"
                yield from self._decode(stream, None)
                return
            yield from self._decode(stream, packet)

    def _decode(self, stream: Any, packet: Any) -> Iterator[Any]:
        av = need_av()
        try:
            yield from stream.decode(packet)
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            self.trouble.damaged_packets += 1


def _video_stream(container: Any, path: str) -> Any:
    """The first stream of moving pictures; cover art is none."""
    for stream in container.streams.video:
        if not stream.disposition & type(stream.disposition).attached_pic:
            return stream
    kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
    raise InputError(f"{path}: holds no moving pictures, only {kinds}")


@dataclass(frozen=True)
class _Source:
    """What a container tells of a film."""

    container: str
    codec: str
    rate: Fraction
    time_base: Fraction
    start: int
    frames: int | None
    seconds: float | None
    colour_range: int = 0
    sample_aspect: Fraction | None = None
    timecode: str | None = None

    @classmethod
    def of(cls, container: Any, stream: Any) -> "_Source":
        rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        time_base = stream.time_base or 1 / rate
        seconds = float(stream.duration * time_base) if stream.duration else None
        if seconds is None and container.duration:
            seconds = container.duration / 1e6
        return cls(
            container=container.format.name,
            codec=stream.codec_context.name,
            rate=Fraction(rate),
            time_base=Fraction(time_base),
            start=stream.start_time or 0,
            frames=stream.frames or None,
            seconds=seconds,
            colour_range=int(stream.codec_context.color_range or 0),
            sample_aspect=stream.sample_aspect_ratio or None,
            timecode=timecode_of(container, stream),
        )


def _describe(path: str, source: _Source, picture: Any, full: bool) -> FilmInfo:
    kind = picture.format
    grey = kind.name.startswith("gray")
    code = int(picture.color_range) or source.colour_range
    if code not in (LIMITED, FULL):
        jpeg = kind.name.startswith("yuvj") or (grey and source.codec not in _LIMITED_BY_STANDARD)
        code = FULL if jpeg else LIMITED
    if kind.is_rgb:
        code = FULL if full else LIMITED
    depth = min(16, max(component.bits for component in kind.components))
    signal = Signal(
        8 if depth <= 8 else depth,
        code == FULL,
        known_matrix(int(picture.colorspace), picture.height),
        known(int(picture.color_primaries)),
        BT709 if "f32" in kind.name else known(int(picture.color_trc)),
    )
    matrix = _display_matrix(picture)
    side_data = _side_data(picture)
    dynamic = dynamic_metadata(side_data)
    check_base_layer(path, dynamic, int(picture.color_trc))
    return FilmInfo(
        path=path,
        container=source.container,
        codec=source.codec,
        width=picture.width,
        height=picture.height,
        pix_fmt=kind.name,
        signal=signal,
        rate=source.rate,
        time_base=source.time_base,
        first_pts=picture.pts if picture.pts is not None else source.start,
        frames=source.frames,
        seconds=source.seconds,
        interlaced=bool(picture.interlaced_frame),
        rotation=round(picture.rotation) % 360 if matrix else 0,
        display_matrix=matrix,
        sample_aspect=source.sample_aspect,
        timecode=source.timecode,
        hdr10=static_metadata(side_data),
        dynamic_hdr=dynamic,
    )


def _display_matrix(picture: Any) -> tuple[int, ...] | None:
    """How players turn the pictures; made of the angle alone where PyAV cannot list what a frame carries (it stops at
    EXIF, which FFmpeg 8 hands out of pictures)."""
    for name, data in _side_data(picture):
        if name == "DISPLAYMATRIX":
            return tuple(int(number) for number in np.frombuffer(data, np.int32))
    angle = picture.rotation % 360
    if not angle:
        return None
    cosine, sine = (round(value * 65536) for value in (np.cos(np.radians(angle)), np.sin(np.radians(angle))))
    return (cosine, -sine, 0, sine, cosine, 0, 0, 0, 1 << 30)


def _side_data(picture: Any) -> list[tuple[str, bytes]]:
    try:
        found = picture.side_data
        # To iterate gives the values, and since PyAV 19 the keys.
        every = [one if hasattr(one, "type") else found[one] for one in found]
        return [(data.type.name, bytes(data)) for data in every]
    except ValueError:  # one kind that PyAV does not know, and nothing can be listed
        return []
