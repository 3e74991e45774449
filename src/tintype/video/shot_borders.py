"""Letterbox and pillarbox detection for films: borders found once for each shot, in the mean of several of its frames.

In one frame a night may look like a border, and noise moves its edge by a line; over half a second what is no border
moves, and noise is averaged away. Rounded corners of a small gauge's frame lie within the rectangle that is found.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tintype.imaging.borders import Inside, find_inside
from tintype.imaging.types import Floats

from .memory import Facts
from .reader import FilmInfo, Frame

_LOOKS = 5  # frames, spread evenly, of those that are known when the first one is coloured
# Standard deviation of 8-bit luma below which a frame says nothing of borders: a fade, a black frame.
_LEAST_CONTRAST = 6.0


class ShotBorders:
    """What lies inside the borders of a shot, in pixels of the frames as they are stored.

    ``inside`` is None where there are none, or nothing was to be seen yet.
    """

    def __init__(self, info: FilmInfo) -> None:
        self._info = info
        self.inside: Inside | None = None
        self._known = False

    def new_shot(self) -> None:
        """A cut: borders are looked for anew."""
        self.inside, self._known = None, False

    def look(self, frames: Sequence[Frame]) -> None:
        """Look for borders, unless it is known where they are; in frames that show next to nothing none are found."""
        if self._known:
            return
        chosen = sorted({round(at) for at in np.linspace(0, len(frames) - 1, min(_LOOKS, len(frames)))})
        total, count = np.zeros(frames[0].luma.shape, np.float32), 0
        for index in chosen:
            light = self._info.signal.to_full8(frames[index].luma)
            if float(light[::4, ::4].std()) >= _LEAST_CONTRAST:
                total += light
                count += 1
        if 2 * count >= len(chosen):
            self.inside, self._known = find_inside(np.round(total / np.float32(count)).astype(np.uint8)), True

    def ignore(self) -> None:
        """Somebody wants a border coloured: the network sees all of the picture to the end of the shot."""
        self.inside, self._known = None, True

    def facts(self) -> Facts:
        """Left, top, width and height of the inside, where there are borders."""
        inside = self.inside
        return {} if inside is None else {"inside": [inside.left, inside.top, inside.width, inside.height]}

    def state(self) -> dict[str, Floats]:
        """What `resume` needs to go on inside a shot."""
        found = self.inside or Inside(0, 0, 0, 0)
        return {"inside": np.array([self._known, found.top, found.left, found.bottom, found.right], np.float32)}

    def resume(self, state: Mapping[str, Floats]) -> None:
        """Go on inside a shot."""
        known, *sides = (int(value) for value in state["inside"])
        self._known, self.inside = bool(known), Inside(*sides) if any(sides) else None
