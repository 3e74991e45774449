"""Where a film can be divided: spans of whole scenes, found in one quick look and coloured apart with the same result.

Nothing of the colours crosses a cut, so whoever begins at one needs nothing of what was before. To find cuts, pictures
are compared as they are; only where they differ much, and a span is long enough to end, is motion asked as well, in
the same way as when the film is coloured. So every end of a span is a cut of the film, though not every cut ends one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .chroma import shrink
from .cuts import correlation, likeness
from .motion import Motion, Small, grid_size
from .options import FilmOptions
from .reader import FilmInfo, Frame

# Frames of a span: the first are short, so that a short film is shared by many too, then they grow with the film.
SHORTEST, LONGEST, GROWTH = 48, 600, 16
# Frames more alike than this, without any motion taken out, are of one scene.
ALIKE = 0.9


@dataclass(frozen=True)
class Span:
    """Scenes that follow one another: timestamp and checksum of luma of each of their frames.

    Raises:
        ValueError: there is none.
    """

    number: int
    known: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.known:
            raise ValueError("a span without frames")

    @property
    def frames(self) -> int:
        return len(self.known)


def find_spans(frames: Iterable[Frame], info: FilmInfo, options: FilmOptions) -> Iterator[Span]:
    """Divide a film's frames; a scene is never divided. Coloured frame by frame, a film is divided at any part's end.

    Args:
        frames: all that are to be coloured, in order.
        info: of the film.
        options: those that it is coloured with.
    """
    height, width = grid_size(info.height, info.width)
    motion = Motion(height, width)
    number = done = 0
    known: list[tuple[int, int]] = []
    earlier: Small | None = None

    def may_end() -> bool:
        if options.frame_by_frame:
            return len(known) >= options.part_frames
        return len(known) >= min(LONGEST, SHORTEST + done // GROWTH)

    for frame in frames:
        light = info.signal.to_full8(shrink(frame.luma, width, height))
        if may_end() and (options.frame_by_frame or _is_cut(motion, earlier, light)):
            yield Span(number, tuple(known))
            number, done, known = number + 1, done + len(known), []
        known.append((frame.pts, frame.checksum))
        earlier = light
    if known:
        yield Span(number, tuple(known))


def _is_cut(motion: Motion, earlier: Small | None, light: Small) -> bool:
    if earlier is None or correlation(earlier, light) >= ALIKE:
        return False
    return likeness(motion.between(earlier, light), light).is_cut
