"""Lines and areas drawn over a picture, as hints: places along the line, or spread over the area."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tintype.colorizer.open_photo import OpenPhoto
from tintype.hints.alternatives import color_at
from tintype.hints.hint import Hint, parse_color

from .schemas.common import Stroke

MOST = 60  # hints of one stroke: more tell the network nothing new
AREA_SIDE = 96  # pixels of the long side at which areas are filled
_GREY = (128, 128, 128)

Points = NDArray[np.float64]


def stroke_hints(opened: OpenPhoto, strokes: Sequence[Stroke], size: int | None = None) -> list[Hint]:
    """The strokes as hints in pixels of the opened picture.

    What is to stay as it is gets the colours that the network gives without any hint; that is asked for once.
    """
    photo = opened.photo
    plain = None
    if any(stroke.kind == "keep" for stroke in strokes):
        plain = opened.predict_ab(size=size)
    hints = []
    for stroke in strokes:
        radius = max(1.0, stroke.width * min(photo.width, photo.height) / 2)
        for x, y in places(stroke, photo.width, photo.height):
            at = (min(x * photo.width, photo.width - 1.0), min(y * photo.height, photo.height - 1.0))
            if stroke.kind == "keep" and plain is not None:
                row, column = int(at[1] / photo.height * len(plain)), int(at[0] / photo.width * plain.shape[1])
                a, b = plain[row, column]
                color = color_at(photo.luma, *at, (float(a), float(b)))
            else:
                color = _GREY if stroke.kind == "grey" else parse_color(stroke.color)
            hints.append(Hint(*at, color, radius, stroke.strength))
    return hints


def places(stroke: Stroke, width: int, height: int) -> Points:
    """Where hints stand for a stroke: (n, 2) x and y in [0, 1], at most `MOST`, a brush's width apart."""
    points = np.array(stroke.points, np.float64)
    step = max(stroke.width, 0.01) * min(width, height)
    if stroke.area and len(points) > 2:
        return _inside(points, width, height, step)
    return _along(points, width, height, step)


def _along(points: Points, width: int, height: int, step: float) -> Points:
    scale = np.array([width, height], np.float64)
    lengths = np.concatenate([[0.0], np.hypot(*(np.diff(points, axis=0) * scale).T).cumsum()])
    count = int(np.clip(round(lengths[-1] / step) + 1, 1, MOST))
    wanted = np.linspace(0, lengths[-1], count)
    return np.stack([np.interp(wanted, lengths, points[:, axis]) for axis in (0, 1)], axis=1)


def _inside(points: Points, width: int, height: int, step: float) -> Points:
    factor = AREA_SIDE / max(width, height)
    small = max(1, round(width * factor)), max(1, round(height * factor))
    mask = Image.new("1", small)
    ImageDraw.Draw(mask).polygon([(x * small[0], y * small[1]) for x, y in points], fill=1, outline=1)
    rows, columns = np.nonzero(np.asarray(mask))
    if not len(rows):
        return _along(points, width, height, step)
    apart = max(1, round(step * factor))
    while True:
        chosen = (rows % apart == apart // 2) & (columns % apart == apart // 2)
        if chosen.sum() <= MOST:
            break
        apart += 1
    if not chosen.any():
        chosen = np.arange(len(rows)) == len(rows) // 2
    return np.stack([(columns[chosen] + 0.5) / small[0], (rows[chosen] + 0.5) / small[1]], axis=1)
