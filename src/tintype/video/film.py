"""Colour one film from file to file: decode, colour and encode at the same time, part after part."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..colorizer import Colorizer
from ..errors import OutputError
from .chroma import ChromaMaker
from .codecs import Encoder, Settings, choose, chroma_size
from .direction import HintsAt, check_direction, follow
from .levels import Luma
from .mux import TURNING, Cut, plan_copies, write_film
from .need import library_versions, need_av, need_cv2
from .options import FilmOptions
from .painter import painter
from .parts import PartInfo, PartStore, write_packet
from .preview import Thumbnail
from .reader import FilmInfo, FilmReader, Frame
from .stabilize import Coloured, PartEnd, Stabilizer, State

# Frames that may wait between decoding, colouring and encoding: enough to cover one run of the network.
_WAITING = 12


@dataclass(frozen=True)
class Progress:
    """How far a film is.

    frames: done so far, those of earlier runs included; total: as the container tells, None where it does not;
    rate: frames per second in this run; seconds_left: None where the total is not known; thumbnail: a small JPEG of
    the newest coloured frame, replaced every few seconds.
    """

    frames: int
    total: int | None
    rate: float
    seconds_left: float | None
    thumbnail: str


@dataclass
class FilmReport:
    """What became of a film: ``notes`` are what the user should know, such as damage in the source."""

    source: str
    target: str
    frames: int
    resumed_frames: int
    scenes: int
    predictions: int
    width: int
    height: int
    codec: str
    seconds: float
    rate: float
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return asdict(self)


def colorize_film(
    source: str,
    target: str,
    colorizer: Colorizer,
    options: FilmOptions | None = None,
    *,
    overwrite: bool = False,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> FilmReport:
    """Colour a film; its light, sound, timestamps and tags stay as they are.

    Work that is finished is kept in ``.NAME.parts`` beside the target until the film is complete: running again
    after any interruption goes on from there.

    Args:
        source: a film, or a pattern for numbered pictures (``frames/%04d.png``).
        target: .mp4, .m4v, .mov, .mkv, .webm or .ts.
        colorizer: with a model for photographs.
        options: what is asked for; the defaults when None.
        overwrite: replace the target, and do not go on from earlier work.
        progress: called after every few frames, from this thread.

    Raises:
        InputError: the source cannot be read.
        OutputError: the target exists, or cannot be written.
        WeightsError: the model fails, or is one for drawings.
        MissingExtra: the extra ``video`` is not installed.
    """
    options = options or FilmOptions()
    need_cv2()
    need_av()
    goal = Path(target)
    if goal.exists() and not overwrite:
        raise OutputError(f"{target}: exists already; add --overwrite to replace it")
    if not goal.parent.is_dir():
        raise OutputError(f"{target}: the folder {goal.parent} does not exist")
    with one_thread():
        return FilmRun(source, goal, colorizer, options, overwrite=overwrite, progress=progress).go()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Within, OpenCV keeps to the calling thread: the stages share the cores already."""
    cv2 = need_cv2()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


class FilmRun:
    """One film on its way, or a piece of it: `go` does all of it; on a cluster each worker does `colour` for some
    scenes, into a store of their own, and one does `join` for all.

    Args:
        source, target, colorizer, options, overwrite, progress: as for `colorize_film`.
        store: where finished parts are; beside the target when None.
        settings: those of the other pieces; chosen when None.
        hints_at: where the hints are, if somebody has followed them already.
    """

    def __init__(
        self,
        source: str,
        target: Path,
        colorizer: Colorizer,
        options: FilmOptions,
        *,
        overwrite: bool = False,
        progress: Callable[[Progress], None] = lambda progress: None,
        store: PartStore | None = None,
        settings: Settings | None = None,
        hints_at: HintsAt | None = None,
    ) -> None:
        self.source, self.target, self.options, self._report_to = source, target, options, progress
        self.reader = FilmReader(source, rate=options.rate)
        self.info = info = self.reader.info
        self.settings = settings or choose(target, options.codec, options.crf, info)
        self.turns = 0 if target.suffix.lower() in TURNING else info.rotation // 90
        self.size = (info.width, info.height) if self.turns % 2 == 0 else (info.height, info.width)
        self.copies = plan_copies(source, target, self.settings, info, self.size)
        check_direction(options, colorizer, info)
        self.hints_at = hints_at or follow(self.reader, options.hints)
        self.stabilizer = Stabilizer(painter(colorizer, info, options, self.hints_at), info, options)
        self.comment = f"Colours estimated by tintype {__version__}, model {colorizer.model.info.name}"
        self.store = store or PartStore(target, self.identity(colorizer), fresh=overwrite)
        self.resumed = self.store.frames
        self.thumbnail = Thumbnail(self.store.folder / "latest.jpg", info)
        self.total = self._expected_frames()
        self.started = time.perf_counter()
        self.done = self.resumed

    def go(self) -> FilmReport:
        """Colour what is not coloured yet, and write the film."""
        self.colour(self._frames())
        return self.join(self.reader.trouble.notes())

    def colour(self, frames: Generator[Frame, None, None]) -> None:
        """Colour these frames, which follow on what is in the store, and put them there in parts."""
        decoded = _Stage(frames, "decode")
        coloured = _Stage(self._painted(self.stabilizer.run(decoded, self.store.state())), "colour")
        try:
            self._encode(coloured)
        finally:
            coloured.stop()
            decoded.stop()

    def join(self, trouble: list[str]) -> FilmReport:
        """Write the film of the parts in the store; ``trouble`` is what its readers noticed."""
        notes = [*self._remarks(), *trouble, *self.copies.notes]
        if not self.store.parts:
            raise OutputError(f"{self.target}: no frame lies between --start and --end")
        start, end = (None if time is None else self.info.at(time) for time in (self.options.start, self.options.end))
        if start is not None:  # the excerpt begins with its first frame
            start = self.store.parts[0].first_pts
        cut = Cut(*(None if pts is None else pts * self.info.time_base for pts in (start, end)))
        notes += write_film(
            self.source, self.target, self.settings, self.info, self.size, self.store, self.copies, cut, self.comment
        )
        seconds = time.perf_counter() - self.started
        report = FilmReport(
            source=self.source,
            target=str(self.target),
            frames=self.store.frames,
            resumed_frames=self.resumed,
            scenes=sum(part.new_scene for part in self.store.parts),
            predictions=sum(part.predictions for part in self.store.parts),
            width=self.size[0],
            height=self.size[1],
            codec=f"{self.settings.codec}, {self.settings.pix_fmt}",
            seconds=round(seconds, 2),
            rate=round((self.store.frames - self.resumed) / max(seconds, 1e-6), 2),
            notes=notes,
        )
        self.store.remove()
        return report

    def _frames(self) -> Generator[Frame, None, None]:
        if not self.store.parts:
            return self.reader.frames(start=self.options.start, end=self.options.end)
        last = self.store.parts[-1]
        return self.reader.frames_after(last.last_pts, last.last_checksum, end=self.options.end)

    def _painted(
        self, coloured: Generator[Coloured | PartEnd, None, None]
    ) -> Generator["_Painted | PartEnd", None, None]:
        """The chroma planes of each frame, made in the thread that colours: two threads of many short steps would wait
        for Python's lock."""
        maker = ChromaMaker(self.info.signal, self.settings.depth)
        size = chroma_size(self.settings, (self.info.width, self.info.height))
        with contextlib.closing(coloured):
            for item in coloured:
                if isinstance(item, PartEnd):
                    yield item
                else:
                    yield _Painted(item.frame, maker.planes(item.frame.luma, item.ab, *size), item.predicted)

    def _encode(self, coloured: Iterable["_Painted | PartEnd"]) -> None:
        """Write part after part; runs in the thread that called, so progress is reported from there."""
        state = self.store.state()
        writer: _PartWriter | None = None
        try:
            for item in coloured:
                if isinstance(item, PartEnd):
                    if writer is not None:
                        self.store.finish(*writer.finish(len(self.store.parts), not state, item.state))
                    writer, state = None, item.state
                    continue
                if writer is None:
                    writer = _PartWriter(self.store, self.settings, self.info, self.size, self.turns)
                writer.add(item)
                self.done += 1
                self.thumbnail.offer(item.frame.luma, item.chroma, self.settings)
                if self.done % 5 == 0:
                    self._tell()
        finally:
            if writer is not None:
                writer.close()
        self._tell()

    def _tell(self) -> None:
        seconds = max(time.perf_counter() - self.started, 1e-6)
        rate = (self.done - self.resumed) / seconds
        left = None if self.total is None or not rate else max(0.0, (self.total - self.done) / rate)
        self._report_to(Progress(self.done, self.total, rate, left, str(self.thumbnail.path)))

    def _expected_frames(self) -> int | None:
        info, options = self.info, self.options
        whole = info.frames or (round(info.seconds * info.rate) if info.seconds else None)
        if options.start is None and options.end is None:
            return whole
        end = options.end if options.end is not None else info.seconds
        if info.seconds is not None and end is not None:
            end = min(end, info.seconds)
        return None if end is None else max(0, round((end - (options.start or 0)) * info.rate))

    def _remarks(self) -> list[str]:
        """What the user should know of the film and what was done with it."""
        notes = []
        if "444" in self.settings.pix_fmt:
            notes.append("the film has an odd width or height: written as 4:4:4, which not every player shows")
        if self.info.sample_aspect not in (None, 1) and self.settings.codec not in ("h264", "hevc"):
            notes.append(
                f"its pixels are not square ({self.info.sample_aspect}), which {self.settings.codec} cannot say here: "
                "players will show it too narrow or too wide; h264 and hevc can"
            )
        if self.info.interlaced:
            notes.append(
                "the film is interlaced: both fields of a frame get the same colours; deinterlacing it first is better"
            )
        if self.settings.depth < self.info.signal.depth:
            notes.append(
                f"the film has {self.info.signal.depth} bits, {self.settings.codec} here keeps {self.settings.depth}; "
                "--codec ffv1 keeps up to 16"
            )
        if self.info.signal.is_hdr:
            notes.append("the film is HDR: its colours are worked out as if it were not")
        return notes

    def identity(self, colorizer: Colorizer) -> dict[str, Any]:
        """Everything that the coded parts depend on."""
        file = Path(self.source)
        return {
            "tintype": __version__,
            "libraries": library_versions(),
            "source": str(file.resolve()),
            "stamp": _stamp(self.source),
            "film": repr(self.info),
            "model": colorizer.model.sha256,
            "engine": [colorizer.network.engine, colorizer.network.device, colorizer.network.precision],
            "options": repr(self.options),
            "reference": _stamp(self.options.reference),
            "settings": repr(self.settings),
        }


def _stamp(path: str | None) -> list[int] | None:
    """Size and time of change of a file, to know it again."""
    if path is None or not Path(path).is_file():
        return None
    stat = Path(path).stat()
    return [stat.st_size, stat.st_mtime_ns]


@dataclass(eq=False)
class _Painted:
    """A frame, and its Cb and Cr as the film will have them, but for turning."""

    frame: Frame
    chroma: tuple[Luma, Luma]
    predicted: bool


class _PartWriter:
    """Encodes one part into a file of the store."""

    def __init__(self, store: PartStore, settings: Settings, info: FilmInfo, size: tuple[int, int], turns: int) -> None:
        self._encoder = Encoder(settings, info, size)
        self._file = store.begin()
        self._turns = turns
        self._frames = self._predictions = 0
        self._first: Frame | None = None
        self._last: Frame | None = None

    def add(self, item: _Painted) -> None:
        """Encode a frame."""
        luma, cb, cr = item.frame.luma, *item.chroma
        if self._turns:
            luma, cb, cr = (np.ascontiguousarray(np.rot90(plane, self._turns)) for plane in (luma, cb, cr))
        for packet in self._encoder.encode(item.frame, luma, (cb, cr)):
            write_packet(self._file, packet)
        self._first = self._first or item.frame
        self._last = item.frame
        self._frames += 1
        self._predictions += item.predicted

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()

    def finish(self, number: int, new_scene: bool, state: State) -> tuple[PartInfo, State]:
        for packet in self._encoder.finish():
            write_packet(self._file, packet)
        self.close()
        assert self._first is not None
        assert self._last is not None
        part = PartInfo(
            number=number,
            frames=self._frames,
            predictions=self._predictions,
            new_scene=new_scene,
            first_pts=self._first.pts,
            last_pts=self._last.pts,
            last_duration=self._last.duration,
            last_checksum=self._last.checksum,
            header=self._encoder.header,
        )
        return part, state


class _Stage:
    """An iterable worked on ahead of time in a thread of its own; its errors come out where it is read."""

    _END = object()

    def __init__(self, source: Generator[Any, None, None], name: str) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(_WAITING)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(source,), name=f"tintype-{name}", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Any]:
        while True:
            item = self._queue.get()
            if item is self._END:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """Let the thread end, whatever it is at; to be called last on the stage that others do not wait for."""
        self._stopped.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except queue.Empty:
                continue

    def _work(self, source: Generator[Any, None, None]) -> None:
        try:
            with contextlib.closing(source):  # a film that is left early is closed here, not when memory is tidied
                for item in source:
                    self._queue.put(item)
                    if self._stopped.is_set():
                        return
        except BaseException as error:
            self._queue.put(error)
        else:
            self._queue.put(self._END)
