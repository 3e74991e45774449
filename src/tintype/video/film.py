"""Colour one film from file to file: decode, colour and encode at the same time, part after part."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tintype.colorizer.colorizer import Colorizer
from tintype.errors import OutputError
from tintype.version import __version__

from .chroma import ChromaMaker
from .codecs import Settings, choose, chroma_size
from .direction import HintsAt, check_direction, follow
from .mux import TURNING, Copies, Cut, plan_copies, streams_left_out, write_film
from .need import library_versions, need_av, need_cv2
from .options import FilmOptions
from .painter import painter
from .parts import PartStore
from .pictures import PictureFolder, choose_pictures
from .preview import Thumbnail
from .reader import FilmReader, Frame
from .remarks import remarks, telecine_note
from .restoration import reach, restored
from .sniff import is_sequence
from .space import bytes_a_frame, check_space, disk_errors, full, is_full
from .stabilize import Coloured, PartEnd, Stabilizer
from .stage import Stage
from .writers import Painted, PartWriter, PictureWriter, Writer


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
    begin: Callable[[list[str]], None] = lambda notes: None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> FilmReport:
    """Colour a film; its light, sound, timestamps and tags stay as they are.

    Work that is finished is kept in ``.NAME.parts`` beside the target until the film is complete: running again
    after any interruption goes on from there.

    Args:
        source: a film, or a pattern for numbered pictures (``frames/%04d.png``).
        target: .mp4, .m4v, .mov, .mkv, .mxf, .webm or .ts; or a pattern for numbered pictures (``out/%07d.dpx``), .tif,
            .png, .dpx or .exr.
        colorizer: with a model for photographs.
        options: what is asked for; the defaults when None.
        overwrite: replace the target, and do not go on from earlier work.
        begin: called once before any work, with what is to be said of it: what the target cannot hold, and the like.
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
        run = FilmRun(source, goal, colorizer, options, overwrite=overwrite, progress=progress)
        begin(run.remarks)
        return run.go()


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
        self.pictures = is_sequence(target)
        if self.pictures:
            options = replace(options, part_frames=1)  # a part ends at every key: little is lost by a crash
        self.source, self.target, self.options, self._report_to = source, target, options, progress
        self.reader = FilmReader(source, rate=options.rate, full_range=self.pictures, deinterlace=options.deinterlace)
        self.info = info = self.reader.info
        self.settings = settings or self._choose()
        self.turns = 0 if target.suffix.lower() in TURNING else info.rotation // 90
        self.size = (info.width, info.height) if self.turns % 2 == 0 else (info.height, info.width)
        if self.pictures:
            self.copies = Copies(notes=streams_left_out(source, target))
        else:
            self.copies = plan_copies(source, target, self.settings, info, self.size, info.timecode)
        check_direction(options, colorizer, info)
        self.total = self._expected_frames()
        room = check_space(target, self.settings, self.size, self.total) if store is None else None
        telecine = telecine_note(self.reader) if info.interlaced and store is None else None
        said = [*remarks(info, self.settings), telecine, *self.copies.notes, room]
        self.remarks = [note for note in said if note]
        self.hints_at = hints_at or follow(self.reader, options.hints)
        self.stabilizer = Stabilizer(painter(colorizer, info, options, self.hints_at), info, options)
        self.comment = f"Colours estimated by tintype {__version__}, model {colorizer.model.info.name}"
        self.folder = PictureFolder(target, self.settings, info, self.reader.numbered) if self.pictures else None
        self.store = store or PartStore(target, self.identity(colorizer), fresh=overwrite)
        if self.folder is not None and not (overwrite or self.store.known) and (there := self.folder.numbering.found()):
            self.store.remove()
            raise OutputError(f"{self.folder.numbering.path(there[0])}: exists already; add --overwrite to replace it")
        self.resumed = self.store.frames
        self.thumbnail = Thumbnail(self.store.folder / "latest.jpg", info)
        self.started = time.perf_counter()
        self.done = self.resumed

    def _choose(self) -> Settings:
        options = self.options
        if self.pictures:
            if options.codec is not None or options.crf is not None:
                raise OutputError(
                    f"{self.target}: numbered pictures take no --codec and no --crf; their suffix says all"
                )
            return choose_pictures(self.target, options.depth, self.info)
        if options.depth is not None:
            raise OutputError(f"{self.target}: --depth is for numbered pictures; a film's codec has its own")
        return choose(self.target, options.codec, options.crf, self.info)

    def go(self) -> FilmReport:
        """Colour what is not coloured yet, and write the film."""
        self.colour(self._frames())
        return self.join(self.reader.trouble.notes())

    def colour(self, frames: Generator[Frame, None, None]) -> None:
        """Colour these frames, which follow on what is in the store, and put them there in parts."""
        decoded = Stage(frames, "decode")
        coloured = Stage(self._painted(self.stabilizer.run(decoded, self.store.state())), "colour")
        try:
            self._encode(coloured)
        finally:
            coloured.stop()
            decoded.stop()

    def join(self, trouble: list[str]) -> FilmReport:
        """Write the film of the parts in the store; ``trouble`` is what its readers noticed."""
        notes = [*self.remarks, *trouble]
        if not self.store.parts:
            raise OutputError(f"{self.target}: no frame lies between --start and --end")
        if not self.pictures:
            notes += self._join_film()
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

    def _join_film(self) -> list[str]:
        start, end = (None if time is None else self.info.at(time) for time in (self.options.start, self.options.end))
        if start is not None:  # the excerpt begins with its first frame
            start = self.store.parts[0].first_pts
        cut = Cut(*(None if pts is None else pts * self.info.time_base for pts in (start, end)))
        try:
            return write_film(
                self.source,
                self.target,
                self.settings,
                self.info,
                self.size,
                self.store,
                self.copies,
                cut,
                self.comment,
            )
        except OutputError as error:
            if error.__cause__ is not None and is_full(error.__cause__):
                raise self._full() from error
            raise

    def _full(self) -> OutputError:
        kept = sum(file.stat().st_size for file in self.store.folder.glob("*.packets"))
        each = kept / self.store.frames if kept else bytes_a_frame(self.settings, self.size)[0]
        return full(self.target, self.store.folder, self.store.frames, self.total, each)

    def _frames(self) -> Generator[Frame, None, None]:
        """The frames that are not coloured yet, restored where that was asked for."""
        start, end, steps = self.options.start, self.options.end, self.options.restore
        if not self.store.parts:
            frames = self.reader.frames(start=start, end=end)
            return restored(frames, self.info, steps) if steps else frames
        last = self.store.parts[-1]
        frames = self.reader.frames_after(last.last_pts, last.last_checksum, start=start, end=end, before=reach(steps))
        if not steps:
            return frames
        made = restored(frames, self.info, steps)
        return (frame for frame in made if frame.pts > last.last_pts)

    def _painted(self, coloured: Generator[Coloured | PartEnd, None, None]) -> Generator[Painted | PartEnd, None, None]:
        """The chroma planes of each frame, made in the thread that colours: two threads of many short steps would wait
        for Python's lock."""
        maker = ChromaMaker(self.info.signal, self.settings.depth)
        size = chroma_size(self.settings, (self.info.width, self.info.height))
        with contextlib.closing(coloured):
            for item in coloured:
                if isinstance(item, PartEnd):
                    yield item
                else:
                    yield Painted(item.frame, maker.planes(item.frame.luma, item.ab, *size), item.predicted)

    def _writer(self) -> Writer:
        if self.folder is not None:
            return PictureWriter(self.store, self.folder, self.turns)
        return PartWriter(self.store, self.settings, self.info, self.size, self.turns)

    def _encode(self, coloured: Iterable[Painted | PartEnd]) -> None:
        """Write part after part; runs in the thread that called, so progress is reported from there."""
        try:
            self._encode_parts(coloured)
        except disk_errors() as error:
            if is_full(error):
                raise self._full() from error
            raise

    def _encode_parts(self, coloured: Iterable[Painted | PartEnd]) -> None:
        state = self.store.state()
        writer: Writer | None = None
        try:
            for item in coloured:
                if isinstance(item, PartEnd):
                    if writer is not None:
                        self.store.finish(*writer.finish(len(self.store.parts), not state, item.state))
                    writer, state = None, item.state
                    continue
                if writer is None:
                    writer = self._writer()
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
