"""Colours that a person asks for in a film: a point at one moment, followed through its whole scene.

Before a film with hints is coloured, it is read once up to the ends of the hinted scenes, and each point is followed
along the motion, forwards and backwards, to the cuts on both sides. The network is then told of the point in every
frame that it sees.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.open_photo import OpenPhoto, best_reference
from tintype.errors import TintypeError, WeightsError
from tintype.hints.hint import Hint
from tintype.imaging.types import Floats

from .chroma import shrink
from .cuts import likeness
from .memory import Facts
from .motion import Motion, Step, grid_size
from .options import FilmHint, FilmOptions
from .reader import FilmInfo, FilmReader, Frame

# A point is lost where its motion can be trusted less than this, and the most frames that it is followed backwards.
_TRUST = 0.1
_BACKWARDS = 1500
# Standard deviation of luma, of 255, below which a frame does not tell which reference suits it: a fade.
_LEAST_CONTRAST = 12.0
_NONE = -1


HintsAt = Callable[[Frame], list[Hint]]


class Director:
    """Which of the references each shot takes its colours from, the same to its end.

    The one that was given for this very scene; else the one most like the first of its frames that shows something, or
    none; an only one as well, which so does not bleed past a cut into a shot of other things.

    Args:
        references: photographs in colour, opened by the colorizer that colours the film.
        size: short side in pixels of what the network sees; the model's own when None.
        scenes: photographs for single scenes: first timestamp, the one behind the last, the photograph.
    """

    def __init__(
        self,
        references: Sequence[OpenPhoto],
        size: int | None,
        scenes: Sequence[tuple[float, float, OpenPhoto]] = (),
    ) -> None:
        self._references, self._size, self._scenes = references, size, scenes
        self.new_shot()

    @property
    def is_told(self) -> bool:
        """Whether this shot has a reference of its own, that the film's does not count in."""
        return self._chosen >= len(self._references)

    def new_shot(self) -> None:
        """A cut: the next frame is asked anew."""
        self._asked, self._chosen, self._weight = False, _NONE, 0.0

    def look(self, frames: Sequence[Frame]) -> None:
        """A shot's first frame decides whether a reference was given for it; of the others, the first frame that is
        coloured, and shows something."""
        if self._asked or not frames:
            return
        for number, (start, end, _) in enumerate(self._scenes):
            if start <= frames[0].pts < end:
                self._asked, self._chosen, self._weight = True, len(self._references) + number, 1.0
                return

    def hints(self, opened: OpenPhoto) -> list[Hint]:
        """What the shot's reference says of a frame of it, upright and open for colouring."""
        if self.is_told:
            return opened.match(self._scenes[self._chosen - len(self._references)][2], size=self._size)
        if not self._asked and float(opened.photo.luma.std()) >= _LEAST_CONTRAST:
            best = best_reference(opened, self._references, self._size)
            self._asked, self._weight = True, best.weight
            self._chosen = _NONE if best.index is None else best.index
        if self._chosen == _NONE:
            return []
        return best_reference(opened, [self._references[self._chosen]], self._size).hints

    def facts(self) -> Facts:
        """The number of the shot's reference, those for single scenes behind the others, -1 for none; and how far it
        was insisted on in the frame that decided."""
        return {"reference": [self._chosen, self._weight]}

    def state(self) -> dict[str, Floats]:
        """What `resume` needs to go on inside a shot."""
        return {"reference": np.array([self._asked, self._chosen, self._weight], np.float64)}

    def resume(self, state: Mapping[str, Floats]) -> None:
        """Go on inside a shot."""
        asked, chosen, weight = (float(value) for value in state["reference"])
        self._asked, self._chosen, self._weight = bool(asked), int(chosen), weight


def check_direction(options: FilmOptions, colorizer: Colorizer, info: FilmInfo) -> None:
    """Refuse hints, and a reference, that cannot be obeyed, before any work begins.

    Raises:
        WeightsError: the model was not trained with hints.
        TintypeError: a hint lies outside the picture or behind the end of the film.
    """
    model = colorizer.model.info
    wide, high = (info.width, info.height) if info.rotation % 180 == 0 else (info.height, info.width)
    wished = options.hints or options.reference or options.references or options.scene_references
    if wished and model.hints != "trained":
        raise WeightsError(
            f"the model {model.name} does not obey hints ({model.hints}), and a reference works by them; "
            "`tintype info MODEL` says which model does"
        )
    for one in options.scene_references:
        if info.seconds is not None and one.start >= info.seconds:
            raise TintypeError(f"a reference is for a scene at {one.start:g} s, the film is {info.seconds:.1f} s long")
    for hint in options.hints:
        if not (0 <= hint.hint.x < wide and 0 <= hint.hint.y < high):
            raise TintypeError(
                f"a hint is at {hint.hint.x:g}, {hint.hint.y:g}, outside the picture of {wide} x {high} pixels"
            )
        if info.seconds is not None and hint.seconds > info.seconds:
            raise TintypeError(f"a hint is at {hint.seconds:g} s, the film is {info.seconds:.1f} s long")


def open_scenes(colorizer: Colorizer, info: FilmInfo, options: FilmOptions) -> list[tuple[float, float, OpenPhoto]]:
    """The references for single scenes as `Director` takes them: timestamps, half a frame early, and the photographs,
    each opened once.

    Raises:
        InputError: a photograph cannot be read.
    """
    half, tick = 0.5 / float(info.rate), float(info.time_base)
    opened = {path: colorizer.open(path) for path in dict.fromkeys(one.photo for one in options.scene_references)}

    def at(seconds: float) -> float:
        return info.first_pts + (seconds - half) / tick

    return [(at(one.start), at(one.end), opened[one.photo]) for one in options.scene_references]


def follow(reader: FilmReader, hints: tuple[FilmHint, ...]) -> HintsAt:
    """Where the hints are in each frame of their scenes: a function from a frame to its hints.

    Points are in pixels of the upright picture.
    """
    if not hints:
        return lambda frame: []
    info = reader.info
    height, width = grid_size(info.height, info.width)
    motion = Motion(height, width)
    starts = {index: info.at(hint.seconds) for index, hint in enumerate(hints)}
    found: dict[int, list[tuple[int, float, float]]] = {}
    live: dict[int, tuple[float, float]] = {}
    scene: list[tuple[int, Step]] = []  # timestamps of the frames of this scene, with the motion from the one before
    first, earlier = info.first_pts, None
    for frame in reader.frames():
        light = info.signal.to_full8(shrink(frame.luma, width, height))
        if earlier is not None:
            step = motion.between(earlier, light)
            if likeness(step, light).is_cut:
                scene, live, first = [], {}, frame.pts
                if not starts:
                    break
            else:
                live = {i: moved for i, at in live.items() if (moved := _step(at, step.forth, step.trust_forth))}
                scene = [*scene[-_BACKWARDS:], (frame.pts, step)] if starts else []
        for index in [i for i, pts in starts.items() if frame.pts >= pts]:
            del starts[index]
            live[index] = at = _to_grid(hints[index].hint, info, width, height)
            times = [first, *(pts for pts, _ in scene)] if len(scene) <= _BACKWARDS else [pts for pts, _ in scene]
            for pts, (_, back) in zip(times[-2::-1], scene[::-1], strict=False):
                moved = _step(at, back.back, back.trust_back)
                if moved is None:
                    break
                at = moved
                found.setdefault(pts, []).append((index, *at))
        for index, (x, y) in live.items():
            found.setdefault(frame.pts, []).append((index, x, y))
        earlier = light

    def at_frame(frame: Frame) -> list[Hint]:
        places = sorted(found.get(frame.pts, []))
        return [_from_grid(hints[index].hint, x, y, info, width, height) for index, x, y in places]

    return at_frame


def _step(at: tuple[float, float], flow: Floats, trust: Floats) -> tuple[float, float] | None:
    """The point one frame further; None where it is lost."""
    column, row = round(at[0]), round(at[1])
    height, width = trust.shape
    if not (0 <= column < width and 0 <= row < height) or trust[row, column] < _TRUST:
        return None
    x, y = at[0] + float(flow[row, column, 0]), at[1] + float(flow[row, column, 1])
    return (x, y) if 0 <= x <= width - 1 and 0 <= y <= height - 1 else None


def _to_grid(hint: Hint, info: FilmInfo, width: int, height: int) -> tuple[float, float]:
    """From pixels of the upright picture to the grid, which lies as the frames are stored."""
    x, y = hint.x, hint.y
    for turn in reversed(range(info.rotation // 90)):  # undo quarter turns counter-clockwise, the last one first
        x, y = (info.height if turn % 2 else info.width) - 1 - y, x
    return x * (width - 1) / max(1, info.width - 1), y * (height - 1) / max(1, info.height - 1)


def _from_grid(hint: Hint, x: float, y: float, info: FilmInfo, width: int, height: int) -> Hint:
    x, y = x * (info.width - 1) / max(1, width - 1), y * (info.height - 1) / max(1, height - 1)
    wide, high = info.width, info.height
    for _ in range(info.rotation // 90):  # a quarter turn counter-clockwise
        x, y, wide, high = y, wide - 1 - x, high, wide
    return replace(hint, x=min(max(x, 0), wide - 1), y=min(max(y, 0), high - 1))
