"""Colours that a person asks for in a film: which reference each shot takes, and what cannot be obeyed.

Hints, points of one moment, are followed through their scenes in following.py.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.open_photo import OpenPhoto, best_reference
from tintype.errors import TintypeError, WeightsError
from tintype.hints.hint import Hint
from tintype.imaging.types import Floats

from .memory import Facts
from .options import FilmOptions
from .reader import FilmInfo, Frame

# Standard deviation of luma, of 255, below which a frame does not tell which reference suits its shot: a fade.
_LEAST_CONTRAST = 12.0
_NONE = -1


class Director:
    """Which of the references each shot takes its colours from, the same to its end.

    The one that was given for this very scene; else the one most like the first of its frames that shows something, or
    none; an only one as well, which so does not bleed past a cut into a shot of other things. Frames that show little,
    a fade or an even sky, take what suits each of them and decide nothing.

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
        if not self._asked:
            best = best_reference(opened, self._references, self._size)
            self._asked, self._weight = float(opened.photo.luma.std()) >= _LEAST_CONTRAST, best.weight
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
