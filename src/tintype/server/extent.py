"""Which places a hint would colour, told before it does: the network is asked with a vivid colour and without."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from tintype.colorizer.open_photo import OpenPhoto
from tintype.hints.alternatives import color_at
from tintype.hints.hint import Hint
from tintype.imaging.types import Plane

VIVID = 60.0  # CIE units of the colour that is tried, away from what the place has
_SHOWN_FROM = 0.25  # of the colour: less is not seen as coloured


def extent(opened: OpenPhoto, points: Sequence[tuple[float, float, bool]]) -> Plane:
    """The share, 0 to 1, (h, w), of a hint's colour that each place would take; points are (x, y, whether it is on the
    thing), x and y in [0, 1]. What is beside the thing is held by hints of its own colour."""
    photo, plain = opened.photo, opened.predict_ab()

    on_it = [(x, y) for x, y, plus in points if plus]
    if not on_it:
        return np.zeros(plain.shape[:2], np.float32)
    mean = np.mean([_at(plain, *place) for place in on_it], axis=0)
    length = float(np.hypot(*mean))
    away = -mean / length if length > 1 else np.array([0.0, -1.0])  # from what it has to the other side of grey
    hints = []
    for x, y, plus in points:
        a, b = _at(plain, x, y) + VIVID * away if plus else _at(plain, x, y)
        place = min(x * photo.width, photo.width - 1.0), min(y * photo.height, photo.height - 1.0)
        hints.append(Hint(*place, color_at(photo.luma, *place, (float(a), float(b)))))
    moved = (opened.predict_ab(hints=hints) - plain) @ away.astype(np.float32)
    reached = float(np.median([_at(moved, *place) for place in on_it]))
    return np.asarray((moved / max(reached, 1.0)).clip(0, 1), np.float32)


def _at(plane: Plane, x: float, y: float) -> Plane:
    """What a plane (h, w, ...) has at a place, x and y in [0, 1]."""
    height, width = plane.shape[:2]
    found: Plane = plane[min(int(y * height), height - 1), min(int(x * width), width - 1)]
    return found


def extent_image(share: Plane) -> Image.Image:
    """The extent as a picture: black, opaque where the colour would be seen."""
    opacity = ((share - _SHOWN_FROM) / (1 - _SHOWN_FROM)).clip(0, 1)
    plane = np.round(opacity * 255).astype(np.uint8)
    return Image.merge("LA", [Image.new("L", plane.shape[::-1]), Image.fromarray(plane)])
