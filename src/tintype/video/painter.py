"""One frame to colour by itself: the network sees it upright, at the size that it likes."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.open_photo import best_reference
from tintype.errors import WeightsError
from tintype.hints.hint import Hint
from tintype.imaging.types import Floats
from tintype.network.preprocess import working_size

from .chroma import shrink
from .direction import Director
from .options import FilmOptions
from .reader import FilmInfo, Frame

Paint = Callable[[Frame], Floats]


def painter(
    colorizer: Colorizer,
    info: FilmInfo,
    options: FilmOptions,
    hints_at: Callable[[Frame], list[Hint]] = lambda frame: [],
    director: Director | None = None,
) -> Paint:
    """A function from a frame to its ab (h, w, 2) in CIE units, at low resolution, lying as the frame does.

    ``hints_at`` tells the hints of a frame, in pixels of the upright picture; ``director`` those of several references,
    of which every frame chooses by itself when it is None.

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
    reference = None if options.reference is None else colorizer.open(options.reference)
    references = [colorizer.open(path) for path in options.references] if director is None else []
    height, width = working_size(info.height, info.width, side)
    turns = info.rotation // 90

    def paint(frame: Frame) -> Floats:
        light = info.signal.to_full8(shrink(frame.luma, width, height))
        upright = np.ascontiguousarray(np.rot90(light, turns))
        scale = upright.shape[1] / (info.width if turns % 2 == 0 else info.height)
        hints = [
            replace(hint, x=hint.x * scale, y=hint.y * scale, radius=hint.radius and hint.radius * scale)
            for hint in hints_at(frame)
        ]
        inside = [hint for hint in hints if hint.y < upright.shape[0] and hint.x < upright.shape[1]]
        opened = colorizer.open(upright)
        if reference is not None:
            inside += opened.match(reference, size=side)
        if director is not None:
            inside += director.hints(opened)
        elif references:
            inside += best_reference(opened, references, side)[1]
        answer = opened.averaged_ab if taste.tta else opened.predict_ab
        sure = opened.confidence(size=side, hints=inside) if taste.strength == "auto" else None
        ab = taste.apply(answer(size=side, hints=inside), opened.photo, sure)
        return np.ascontiguousarray(np.rot90(ab, -turns))

    return paint
