"""How the frames of one film are coloured, put together: what each shot remembers, the painter, the stabilizer."""

from tintype.colorizer.colorizer import Colorizer

from .direction import Director, open_scenes
from .following import NO_HINTS, HintsAt
from .options import FilmOptions
from .painter import painter
from .reader import FilmInfo
from .shot_borders import ShotBorders
from .stabilize import Stabilizer


def stabilizer_of(
    colorizer: Colorizer, info: FilmInfo, options: FilmOptions, hints_at: HintsAt = NO_HINTS
) -> Stabilizer:
    """A `Stabilizer` for a film, its shots with their borders and references.

    Raises:
        WeightsError, TintypeError, InputError: as those of `painter`.
    """
    if options.frame_by_frame:  # no shots: every frame finds borders and reference by itself
        return Stabilizer(painter(colorizer, info, options, hints_at), info, options)
    borders, director = ShotBorders(info), None
    if options.all_references or options.scene_references:
        size = colorizer.model.info.size if options.size is None else options.size
        references = [colorizer.open(path) for path in options.all_references]
        director = Director(references, size, open_scenes(colorizer, info, options))
    paint = painter(colorizer, info, options, hints_at, director, borders)
    return Stabilizer(paint, info, options, borders, director, hints_at.given)
