"""Shot detection, and whether each shot of a film is grey, toned or of many colours (archive footage, interviews).

Found in one look over the film before the work: cuts as the colouring itself finds them (cuts.py), and the tone
(imaging/tone.py) of a few frames of each shot. Frames with next to nothing in them, as in fades, have no say.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tintype.imaging.borders import find_inside
from tintype.imaging.color import KB, KG, KR
from tintype.imaging.tone import Kind, measure_tone

from .chroma import shrink
from .cuts import Likeness, correlation, likeness
from .motion import Motion, Small, grid_size
from .preview import clock
from .reader import FilmInfo, Frame
from .untouched import pixels_of

# Frames of a shot that are looked at: the first, the third, the seventh and so on, these at most.
_LOOKS = 7
_SIDE = 192  # pixels: the short side at which tones are measured
# Standard deviation of 8-bit luma, and its mean: less of either, and a frame says nothing about colour.
_LEAST_CONTRAST, _LEAST_LIGHT = 4.0, 8.0
# Frames more alike than this, without any motion taken out, are of one shot.
_ALIKE = 0.9


@dataclass(frozen=True)
class Shot:
    """Frames between two cuts.

    Attributes:
        first_pts: timestamp of its first frame.
        frames: how many.
        start, end: in seconds from the film's first frame; the end is where the next shot begins.
        found: what it is; "grey" where no frame said anything.
        coloured: whether it is to be coloured.
    """

    first_pts: int
    frames: int
    start: float
    end: float
    found: Kind
    coloured: bool

    def as_dict(self) -> dict[str, object]:
        """As plain values, for JSON."""
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "frames": self.frames,
            "found": self.found,
            "coloured": self.coloured,
        }


class Shots:
    """The shots of a film in order, to ask which of them a frame belongs to."""

    def __init__(self, shots: list[Shot]) -> None:
        self.shots = shots
        self._starts = [shot.first_pts for shot in shots]

    def left_alone(self, frame: Frame) -> bool:
        """Whether the frame is to stay as it is."""
        at = max(0, bisect_right(self._starts, frame.pts) - 1)
        return not self.shots[at].coloured

    @property
    def left(self) -> list[Shot]:
        """Those that stay as they are."""
        return [shot for shot in self.shots if not shot.coloured]

    def note(self) -> str | None:
        """What is left as it is, in a line; None where nothing is."""
        if not self.left:
            return None
        pieces = [f"{clock(shot.start)} to {clock(shot.end)} ({shot.found})" for shot in self.left[:8]]
        more = f" and {len(self.left) - 8} more" if len(self.left) > 8 else ""
        return f"{len(self.left)} of {len(self.shots)} shots are left as they are: {', '.join(pieces)}{more}"


def find_shots(
    frames: Iterable[Frame],
    info: FilmInfo,
    *,
    skip_toned: bool = False,
    progress: Callable[[int], None] = lambda frames: None,
) -> Shots:
    """Divide a film at its cuts, and tell for each shot what it is and whether it is to be coloured.

    Args:
        frames: all that are wanted, in order, with their decoded pictures (`FilmReader` with ``keep_pictures``).
        info: of the film.
        skip_toned: whether shots of one colour, such as sepia, are left alone as well as those of many.
        progress: called with the number of frames looked at.
    """
    height, width = grid_size(info.height, info.width)
    motion = Motion(height, width)
    shots: list[Shot] = []
    open_shot: _Open | None = None
    earlier: Small | None = None
    last: Frame | None = None
    for number, frame in enumerate(frames, 1):
        light = info.signal.to_full8(shrink(frame.luma, width, height))
        if open_shot is None or _is_cut(motion, earlier, light):
            if open_shot is not None:
                shots.append(open_shot.closed(info, frame.pts, skip_toned))
            open_shot = _Open(frame.pts)
        open_shot.add(frame, info, light)
        earlier, last = light, frame
        if number % 25 == 0:
            progress(number)
    if open_shot is not None and last is not None:
        shots.append(open_shot.closed(info, last.pts + last.duration, skip_toned))
    return Shots(shots)


def kind_of_frame(rgb: NDArray[np.uint8]) -> Kind:
    """Whether a picture, uint8 RGB (H, W, 3), is grey, toned or of many colours; its borders are not looked at."""
    grey = rgb.astype(np.float32) @ np.array([KR, KG, KB], np.float32)
    inside = find_inside(np.ascontiguousarray(np.round(grey).astype(np.uint8)))
    part = rgb if inside is None else np.asarray(inside.of(rgb), np.uint8)
    return measure_tone(np.ascontiguousarray(part)).kind


class _Open:
    """A shot whose end is not found yet."""

    def __init__(self, first_pts: int) -> None:
        self._first_pts = first_pts
        self._frames = self._next = 0
        self._kinds: list[Kind] = []

    def add(self, frame: Frame, info: FilmInfo, light: Small) -> None:
        self._frames += 1
        if self._frames <= self._next or len(self._kinds) >= _LOOKS:
            return
        if float(light.std()) < _LEAST_CONTRAST or float(light.mean()) < _LEAST_LIGHT:
            return
        self._kinds.append(kind_of_frame(pixels_of(frame.picture, info, _SIDE)))
        self._next = 2 * self._frames

    def closed(self, info: FilmInfo, end: int, skip_toned: bool) -> Shot:
        counts = Counter(self._kinds)
        found: Kind = "grey"
        if 2 * counts["colour"] > len(self._kinds):
            found = "colour"
        elif 2 * (counts["toned"] + counts["colour"]) > len(self._kinds):
            found = "toned"
        start, stop = (float((pts - info.first_pts) * info.time_base) for pts in (self._first_pts, end))
        left = found == "colour" or (found == "toned" and skip_toned)
        return Shot(self._first_pts, self._frames, start, stop, found, not left)


def _is_cut(motion: Motion, earlier: Small | None, light: Small) -> bool:
    if earlier is None or correlation(earlier, light) >= _ALIKE:
        return False
    found: Likeness = likeness(motion.between(earlier, light), light)
    return found.is_cut
