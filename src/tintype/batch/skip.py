"""Which pictures are left as they are: those that have colour already, and tintype's own results."""

from dataclasses import dataclass

import numpy as np

from tintype.colorizer.provenance import read_record
from tintype.errors import TintypeError
from tintype.imaging.borders import find_inside
from tintype.imaging.tone import Kind, measure_tone
from tintype.photo.photo import Photo

_SIDE = 512  # pixels: tones are measured on a picture of about this size


class LeftAlone(TintypeError):
    """Not an error but a decision: this picture is not to be coloured. ``found`` is what it is, the text says why."""

    def __init__(self, found: str, why: str) -> None:
        super().__init__(why)
        self.found = found


@dataclass(frozen=True)
class Skip:
    """What is left alone.

    Attributes:
        colour: pictures of many colours, hand-tinted ones among them.
        toned: pictures of one colour for each lightness too: sepia, cyanotype.
        again: colour tintype's own results once more, which are left alone else.
    """

    colour: bool = False
    toned: bool = False
    again: bool = False

    def check(self, photo: Photo) -> Kind | None:
        """What the picture is: "grey", "toned" or "colour", None where that does not matter; raises `LeftAlone` where
        it is to be left as it is."""
        if not self.again and read_record(photo.meta) is not None:
            raise LeftAlone("own", "is tintype's own result; add --again to colour it anew")
        if not self.colour:
            return None
        kind = kind_of(photo)
        if kind == "colour" or (kind == "toned" and self.toned):
            raise LeftAlone(kind, "has colour already" if kind == "colour" else "is toned")
        return kind


def kind_of(photo: Photo) -> Kind:
    """Whether a picture is grey, toned or of many colours; its borders are not looked at."""
    if photo.chroma is None:
        return "grey"
    scale = max(1, min(photo.width, photo.height) // _SIDE)
    inside = find_inside(photo.luma)
    rgb = np.asarray(photo.rgb())
    part = rgb if inside is None else np.asarray(inside.of(rgb), np.uint8)
    return measure_tone(np.ascontiguousarray(part[::scale, ::scale])).kind
