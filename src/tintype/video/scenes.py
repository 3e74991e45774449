"""The scenes of a film: its cuts, found as colouring finds them, and a frame from the middle of each scene."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .chroma import shrink
from .cuts import likeness
from .motion import Motion, grid_size
from .reader import FilmReader, Frame

_MOST = 1000  # scenes that are listed; what follows belongs to the last


@dataclass(frozen=True)
class Scene:
    """A part between two cuts: ``start`` and ``end`` in seconds from the first frame, ``picture`` an upright grey frame
    of its middle, uint8 (height, width)."""

    number: int
    start: float
    end: float
    picture: NDArray[np.uint8]


def scenes_of(source: str, tell: Callable[[int, int], None] = lambda frames, total: None) -> Iterator[Scene]:
    """The scenes of a film, one after another; ``tell`` hears how many frames were read, and of how many (0: unknown).

    Raises:
        InputError: the film cannot be read.
    """
    reader = FilmReader(source)
    info = reader.info
    total = round((info.seconds or 0) * float(info.rate))
    height, width = grid_size(info.height, info.width)
    motion = Motion(height, width)
    bounds: list[float] = []
    earlier: NDArray[np.uint8] | None = None
    last = 0.0
    for count, frame in enumerate(reader.frames(), 1):
        light = info.signal.to_full8(shrink(frame.luma, width, height))
        last = _seconds(reader, frame)
        if earlier is None or (len(bounds) < _MOST and likeness(motion.between(earlier, light), light).is_cut):
            bounds.append(last)
        earlier = light
        tell(count, total)
    ends = [*bounds[1:], last + 1 / float(info.rate)]
    for number, (start, end) in enumerate(zip(bounds, ends, strict=False)):
        picture = frame_at(reader, (start + end) / 2) if bounds else None
        if picture is not None:
            yield Scene(number, start, end, picture)


def frame_at(reader: FilmReader, seconds: float) -> NDArray[np.uint8] | None:
    """The upright grey frame, uint8 (height, width), that is shown at ``seconds``; None behind the film's end."""
    frame = next(reader.frames(start=seconds), None)
    if frame is None:
        return None
    upright = np.rot90(reader.info.signal.to_full8(frame.luma), reader.info.rotation // 90)
    return np.ascontiguousarray(upright, dtype=np.uint8)


def _seconds(reader: FilmReader, frame: Frame) -> float:
    return float((frame.pts - reader.info.first_pts) * reader.info.time_base)
