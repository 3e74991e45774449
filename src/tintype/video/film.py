"""Colour one film from file to file: decode, colour and encode at the same time, part after part."""

import contextlib
import itertools
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tintype.batch.skip import LeftAlone
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import OutputError
from tintype.version import __version__

from .chroma import ChromaMaker
from .codecs import Settings, choose, chroma_size
from .direction import check_direction
from .film_report import FilmReport, Progress
from .following import HintsAt, follow
from .mux import RECORD, TURNING, Copies, Cut, check_not_own, plan_copies, streams_left_out, write_film
from .need import library_versions, need_av, need_cv2
from .options import FilmOptions
from .parts import PartStore
from .pictures import PictureFolder, choose_pictures
from .preview import Thumbnail
from .reader import FilmReader, Frame
from .remarks import remarks, telecine_note
from .restoration import measure_film, reach, restored
from .scene_report import LEFT, SceneReport
from .shots import Shots, find_shots
from .sniff import is_sequence
from .space import SpaceWatch, bytes_a_frame, check_space, disk_errors, full, is_full
from .stabilize import PartEnd, State
from .stage import Stage
from .untouched import chroma_of, sampling_of
from .way import stabilizer_of
from .writers import Painted, PartWriter, PictureWriter, Writer


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
        begin: called before any work with what is to be said of it, such as what the target cannot hold; and again with
            what must be said at once, such as that the disk will not do.
        progress: called after every few frames, from this thread.

    Raises:
        InputError: the source cannot be read.
        OutputError: the target exists, or cannot be written.
        WeightsError: the model fails, or is one for drawings.
        MissingExtra: the extra ``video`` is not installed.
        LeftAlone: the film is tintype's own result, or all of its shots have colour; see `FilmOptions`.
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
        run = FilmRun(source, goal, colorizer, options, overwrite=overwrite, progress=progress, say=begin)
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
        say: called with lines that are to be read while the work goes on.
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
        say: Callable[[list[str]], None] = lambda lines: None,
    ) -> None:
        self.pictures = is_sequence(target)
        if self.pictures:
            options = replace(options, part_frames=1)  # a part ends at every key: little is lost by a crash
        self.source, self.target, self.options, self._report_to = source, target, options, progress
        self._say = say
        if store is None and not options.again:
            check_not_own(source)
        self.reader = FilmReader(
            source,
            rate=options.rate,
            full_range=self.pictures,
            deinterlace=options.deinterlace,
            keep_pictures=options.looks,
        )
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
        self.started = time.perf_counter()
        self.shots = self._look() if options.looks else Shots([])
        room = check_space(target, self.settings, self.size, self.total) if store is None else None
        telecine = telecine_note(self.reader) if info.interlaced and store is None else None
        said = [*remarks(info, self.settings), telecine, *self.copies.notes, room, self.shots.note()]
        self.remarks = [note for note in said if note]
        self.roll = measure_film(self.reader) if "negative" in options.restore else None
        self.hints_at = hints_at or follow(self.reader, options.hints)
        self.stabilizer = stabilizer_of(colorizer, info, options, self.hints_at)
        self.comment = f"{RECORD} {__version__}, model {colorizer.model.info.name}"
        self.folder = PictureFolder(target, self.settings, info, self.reader.numbered) if self.pictures else None
        self.store = store or PartStore(target, self.identity(colorizer), fresh=overwrite)
        if self.folder is not None and not (overwrite or self.store.known) and (there := self.folder.numbering.found()):
            self.store.remove()
            raise OutputError(f"{self.folder.numbering.path(there[0])}: exists already; add --overwrite to replace it")
        self.resumed = self.store.frames
        self._said_late: list[str] = []
        self.space = SpaceWatch(target, self.total)
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
        sampling = sampling_of(self.info.pix_fmt) if options.looks else "420"
        return choose(self.target, options.codec, options.crf, self.info, sampling)

    def _look(self) -> Shots:
        """The shots of the film, found before the work. Raises LeftAlone where none is to be coloured."""
        options, thumbnail = self.options, str(self.target)

        def progress(frames: int) -> None:
            rate = frames / max(time.perf_counter() - self.started, 1e-6)
            left = None if self.total is None else max(0.0, (self.total - frames) / rate)
            self._report_to(Progress(frames, self.total, rate, left, thumbnail, looking=True))

        frames = self.reader.frames(start=options.start, end=options.end)
        shots = find_shots(frames, self.info, skip_toned=options.skip_toned, progress=progress)
        if shots.shots and len(shots.left) == len(shots.shots):
            kinds = {shot.found for shot in shots.shots}
            many = f" in all of its {len(shots.shots)} shots" if len(shots.shots) > 1 else ""
            found = "colour" if "colour" in kinds else "toned"
            raise LeftAlone(found, ("has colour already" if found == "colour" else "is toned") + many)
        return shots

    def go(self) -> FilmReport:
        """Colour what is not coloured yet, and write the film."""
        self.colour(self._frames())
        return self.join(self.reader.trouble.notes())

    def colour(self, frames: Generator[Frame, None, None]) -> None:
        """Colour these frames, which follow on what is in the store, and put them there in parts."""
        decoded = Stage(frames, "decode")
        coloured = Stage(self._painted(decoded), "colour")
        try:
            self._encode(coloured)
        finally:
            coloured.stop()
            decoded.stop()

    def join(self, trouble: list[str]) -> FilmReport:
        """Write the film of the parts in the store; ``trouble`` is what its readers noticed."""
        notes = [*self.remarks, *self._said_late, *trouble]
        if not self.store.parts:
            raise OutputError(f"{self.target}: no frame lies between --start and --end")
        if not self.pictures:
            notes += self._join_film()
        seconds = time.perf_counter() - self.started
        scenes = SceneReport(self.store.parts, self.info, self.options)
        notes += scenes.notes()
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
            shots=[shot.as_dict() for shot in self.shots.shots],
            references=scenes.references(),
            borders=scenes.borders(),
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
        """The frames that are not coloured yet, as they are, and those before them that restoring needs."""
        start, end = self.options.start, self.options.end
        if not self.store.parts:
            return self.reader.frames(start=start, end=end)
        last, before = self.store.parts[-1], reach(self.options.restore)
        return self.reader.frames_after(last.last_pts, last.last_checksum, start=start, end=end, before=before)

    def _painted(self, frames: Iterable[Frame]) -> Generator[Painted | PartEnd, None, None]:
        """The frames with their chroma planes, shots that stay as they are with their own."""
        state = self.store.state()
        for left, group in itertools.groupby(frames, self.shots.left_alone if self.shots.shots else _never):
            if left:
                yield from self._untouched(group)
            else:
                yield from self._coloured(group, state)
            state = {}

    def _coloured(self, frames: Iterable[Frame], state: State) -> Generator[Painted | PartEnd, None, None]:
        """Frames restored, where that was asked for, and coloured.

        Chroma planes are made in the thread that colours: two threads of many short steps would wait for Python's lock.
        """
        if self.options.restore:
            frames = self._new(restored(frames, self.info, self.options.restore, self.roll))
        maker = ChromaMaker(self.info.signal, self.settings.depth)
        size = chroma_size(self.settings, (self.info.width, self.info.height))
        for item in self.stabilizer.run(frames, state):
            if isinstance(item, PartEnd):
                yield item
            else:
                yield Painted(item.frame, maker.planes(item.frame.luma, item.ab, *size, item.inside), item.predicted)

    def _untouched(self, frames: Iterable[Frame]) -> Generator[Painted | PartEnd, None, None]:
        """The frames of a shot with the colours that they have; it ends as a scene does."""
        done = 0
        for frame in self._new(frames):
            if done == self.options.part_frames:
                yield PartEnd({"left": np.zeros(1, np.float32)}, LEFT)
                done = 0
            done += 1
            yield Painted(frame, chroma_of(frame.picture, self.info, self.settings), False, frame.picture)
        yield PartEnd(facts=LEFT)

    def _new(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Without those that an earlier run has finished."""
        last = self.store.parts[-1].last_pts if self.store.parts else None
        return (frame for frame in frames if last is None or frame.pts > last)

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
                        part, left = writer.finish(len(self.store.parts), not state, item.state)
                        self.store.finish(replace(part, facts=item.facts), left)
                        self._ask_for_room()
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

    def _ask_for_room(self) -> None:
        kept = sum(file.stat().st_size for file in self.store.folder.glob("*.packets"))
        if self.folder is not None:
            kept, done = self.folder.bytes_written, self.store.frames - self.resumed
        else:
            done = self.store.frames
        if (note := self.space.ask(done, kept)) is not None:
            self._said_late.append(note)
            self._say([note])

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
            "references": [_stamp(path) for path in self.options.references],
            "scene_references": [_stamp(one.photo) for one in self.options.scene_references],
            "settings": repr(self.settings),
        }


def _never(frame: Frame) -> bool:
    return False


def _stamp(path: str | None) -> list[int] | None:
    """Size and time of change of a file, to know it again."""
    if path is None or not Path(path).is_file():
        return None
    stat = Path(path).stat()
    return [stat.st_size, stat.st_mtime_ns]
