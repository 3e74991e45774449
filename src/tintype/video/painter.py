"""One frame to colour by itself: the network sees it upright, at the size that it likes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.open_photo import best_reference
from tintype.errors import WeightsError
from tintype.hints.hint import Hint
from tintype.imaging.borders import Inside
from tintype.imaging.embed import embed
from tintype.imaging.types import Floats
from tintype.network.preprocess import working_size

from .chroma import shrink
from .direction import Director, open_scenes
from .options import FilmOptions
from .reader import FilmInfo, Frame
from .shot_borders import ShotBorders

Paint = Callable[[Frame], Floats]


def painter(
    colorizer: Colorizer,
    info: FilmInfo,
    options: FilmOptions,
    hints_at: Callable[[Frame], list[Hint]] = lambda frame: [],
    director: Director | None = None,
    borders: ShotBorders | None = None,
) -> Paint:
    """A function from a frame to its ab (h, w, 2) in CIE units, at low resolution, lying as the frame does.

    ``hints_at`` tells the hints of a frame, in pixels of the upright picture; ``director`` those of the references, and
    of those for single scenes, of which every frame chooses by itself when it is None; ``borders`` what of the shot the
    network is to see, which every frame finds by itself when it is None.

    Raises:
        WeightsError: the model is one for drawings, which paints the light as well.
        TintypeError: `FilmOptions.size` is outside what networks take.
        InputError: the reference cannot be read.
    """
    model = colorizer.model.info
    if model.condition != "lightness":
        raise WeightsError(f"{model.name} colours drawings and paints their light anew; films need one for photographs")
    side = model.size if options.size is None else options.size
    taste = options.taste
    references = [colorizer.open(path) for path in options.all_references] if director is None else []
    scenes = open_scenes(colorizer, info, options) if director is None else []
    whole = Inside(0, 0, info.height, info.width)
    turns = info.rotation // 90

    def paint(frame: Frame) -> Floats:
        told = hints_at(frame)
        inside = (None if borders is None else borders.inside) or whole
        if borders is not None and not all(_upright(inside, info).holds(hint.x, hint.y) for hint in told):
            borders.ignore()
            inside = whole
        height, width = working_size(inside.height, inside.width, side)
        light = info.signal.to_full8(shrink(np.ascontiguousarray(inside.of(frame.luma)), width, height))
        upright = np.ascontiguousarray(np.rot90(light, turns))
        opened = colorizer.open(upright, find_borders=borders is None)
        hints = _seen(told, _upright(inside, info), upright.shape)
        told_for = next((photo for start, end, photo in scenes if start <= frame.pts < end), None)
        if director is not None:
            hints += director.hints(opened)
        elif told_for is not None:
            hints += opened.match(told_for, size=side)
        elif references:
            hints += best_reference(opened, references, side).hints
        answer = opened.averaged_ab if taste.tta else opened.predict_ab
        sure = opened.confidence(size=side, hints=hints) if taste.strength == "auto" else None
        ab = np.rot90(taste.apply(answer(size=side, hints=hints), opened.photo, sure), -turns)
        if inside is whole:
            return np.ascontiguousarray(ab)
        return embed(ab, inside, info.height, info.width, fade=True)

    return paint


def _upright(inside: Inside, info: FilmInfo) -> Inside:
    """A part of the frame as it is stored, as a part of the upright picture."""
    top, left, bottom, right = inside.top, inside.left, inside.bottom, inside.right
    width, height = info.width, info.height
    for _ in range(info.rotation // 90):  # a quarter turn counter-clockwise
        top, left, bottom, right = width - right, top, width - left, bottom
        width, height = height, width
    return Inside(top, left, bottom, right)


def _seen(hints: list[Hint], inside: Inside, shape: tuple[int, ...]) -> list[Hint]:
    """Hints in pixels of the upright picture, as those of its part, which the network sees in another size."""
    scale = shape[1] / inside.width
    moved = [
        replace(
            hint,
            x=(hint.x - inside.left) * scale,
            y=(hint.y - inside.top) * scale,
            radius=hint.radius and hint.radius * scale,
        )
        for hint in hints
    ]
    return [hint for hint in moved if hint.y < shape[0] and hint.x < shape[1]]
