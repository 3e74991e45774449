"""Colours that a person asks for at points of a picture, and the planes that tell a network of them (Zhang 2017)."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tintype.errors import TintypeError
from tintype.imaging.color import srgb_to_lab
from tintype.imaging.gamut import reduce_chroma_lab
from tintype.imaging.types import Plane

from .propagate import GuidanceMaps, Reach

SCALE = 110.0  # CIE units of ab that the planes hold as 1
SIDE = 5  # of the square, in its own pixels, that the network sees of a hint without a radius; trained are 1 to 9
LARGEST_SIDE = 25

_HINT = re.compile(r"\s*([-+\d.eE]+)\s*,\s*([-+\d.eE]+)\s*,\s*(#?\w+)\s*(?:,\s*([-+\d.eE]+)\s*)?")
_COLOR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


@dataclass(frozen=True)
class Hint:
    """A colour for the thing at one point.

    Attributes:
        x, y: pixels of the upright picture, from its left and top edge.
        color: (R, G, B), 0 to 255. Its hue and chroma count; the picture keeps its own light.
        radius: pixels of the picture around the point that surely have this colour; None lets the model decide.
        confidence: above 0 to 1. A hint of 1 is met; the less sure it is, the more the network may deviate.

    Raises:
        TintypeError: a value is impossible.
    """

    x: float
    y: float
    color: tuple[int, int, int]
    radius: float | None = None
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if len(self.color) != 3 or not all(0 <= value <= 255 for value in self.color):
            raise TintypeError(f"the colour of a hint is {self.color}; wanted are red, green and blue, each 0 to 255")
        if not (np.isfinite(self.x) and np.isfinite(self.y)):
            raise TintypeError(f"a hint is at {self.x}, {self.y}; wanted are pixels of the picture")
        if self.radius is not None and not 0 < self.radius < np.inf:
            raise TintypeError(f"the radius of a hint is {self.radius}; wanted is a number of pixels above 0")
        if not 0 < self.confidence <= 1:
            raise TintypeError(f"the confidence of a hint is {self.confidence}; wanted is a number above 0, at most 1")

    @classmethod
    def parse(cls, text: str) -> "Hint":
        """A hint from `X,Y,#RRGGBB` or `X,Y,#RRGGBB,R`.

        Raises:
            TintypeError: the text is none.
        """
        found = _HINT.fullmatch(text)
        try:
            if found is None:
                raise ValueError
            x, y, color, radius = found.groups()
            return cls(float(x), float(y), parse_color(color), None if radius is None else float(radius))
        except ValueError:
            raise TintypeError(f"hint {text!r}: write it as X,Y,#RRGGBB or X,Y,#RRGGBB,RADIUS, in pixels") from None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Hint":
        """A hint from {"x": 120, "y": 80, "color": "#8b1a2b", "radius": 12, "confidence": 1}; the last two may be
        missing.

        Raises:
            TintypeError: a value is missing, unknown or impossible.
        """
        if unknown := values.keys() - {"x", "y", "color", "radius", "confidence"}:
            raise TintypeError(
                f"hint {dict(values)}: {sorted(unknown)[0]!r} is none of x, y, color, radius, confidence"
            )
        try:
            radius = values.get("radius")
            color = parse_color(str(values["color"]))
            sure = float(values.get("confidence", 1))
            return cls(float(values["x"]), float(values["y"]), color, None if radius is None else float(radius), sure)
        except KeyError as error:
            raise TintypeError(f"hint {dict(values)}: {error} is missing") from None
        except (TypeError, ValueError):
            raise TintypeError(f"hint {dict(values)}: x, y, radius and confidence are numbers") from None


def parse_color(text: str) -> tuple[int, int, int]:
    """(R, G, B) of `#8b1a2b`, `8b1a2b` or `#812`.

    Raises:
        TintypeError: the text is none of these.
    """
    found = _COLOR.fullmatch(text.strip())
    if found is None:
        raise TintypeError(f"colour {text!r}: write it as #RRGGBB, for example #8b1a2b")
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    red, green, blue = (int(digits[start : start + 2], 16) for start in (0, 2, 4))
    return red, green, blue


def read_hints(path: str | os.PathLike[str]) -> list[Hint]:
    """Hints from a JSON file: a list of what `Hint.from_mapping` takes.

    Raises:
        TintypeError: the file cannot be read, or is not that.
    """
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise TintypeError(f"{path}: cannot be read ({error.strerror or error})") from error
    except ValueError as error:
        raise TintypeError(f"{path}: not JSON ({error})") from error
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise TintypeError(f'{path}: wanted is a list such as [{{"x": 120, "y": 80, "color": "#8b1a2b"}}]')
    try:
        return [Hint.from_mapping(value) for value in values]
    except TintypeError as error:
        raise TintypeError(f"{path}: {error}") from None


def hint_planes(hints: Sequence[Hint], picture: tuple[int, int], light: Plane, padded: tuple[int, int]) -> Plane:
    """Planes (3, H, W) for a network: a/110, b/110 and a mask of 0 and 1.

    A colour stronger than the light of its place allows is told as strong as it can be there, with its hue: in training
    there are hardly any others, and a network may answer to them with anything, to red with blue. `Reach.meet`
    adds the rest.

    Args:
        hints: where they overlap, the later ones count.
        picture: height and width that the hints' pixels are of.
        light: (h, w), -1 to 1, what the network sees of it.
        padded: height and width of the planes; what is beyond `light` has no hints.

    Raises:
        TintypeError: a hint lies outside the picture.
    """
    check_inside(hints, picture)
    seen = light.shape
    squares = []
    for hint in hints:
        scale = seen[1] / picture[1]
        side = SIDE if hint.radius is None else min(LARGEST_SIDE, max(1, round(2 * hint.radius * scale)))
        top = _start((hint.y + 0.5) * seen[0] / picture[0], side, seen[0])
        left = _start((hint.x + 0.5) * scale, side, seen[1])
        squares.append(np.s_[top : top + side, left : left + side])
    lightness = np.array([50 + 50 * light[square].mean() for square in squares], np.float32).clip(0, 100)
    told = reduce_chroma_lab(np.column_stack([lightness, _colours(hints)]))[:, 1:] / SCALE
    planes = np.zeros((3, *padded), np.float32)
    for square, (a, b) in zip(squares, told, strict=True):
        planes[0][square], planes[1][square], planes[2][square] = a, b, 1
    return planes


def check_inside(hints: Sequence[Hint], picture: tuple[int, int]) -> None:
    """Raise TintypeError for a hint outside a picture of that height and width."""
    for hint in hints:
        if not (0 <= hint.x < picture[1] and 0 <= hint.y < picture[0]):
            raise TintypeError(
                f"a hint is at {hint.x:g}, {hint.y:g}, outside the picture of {picture[1]} x {picture[0]} pixels"
            )


def ab_of(hint: Hint) -> tuple[float, float]:
    """The colour of a hint, CIE a and b."""
    a, b = _colours([hint])[0]
    return float(a), float(b)


def _colours(hints: Sequence[Hint]) -> Plane:
    """The colours of hints, (N, 2), CIE a and b."""
    return srgb_to_lab(np.array([hint.color for hint in hints], np.float32).reshape(-1, 3) / 255)[:, 1:]


def reach_of(hints: Sequence[Hint], plain: Plane, guidance: GuidanceMaps, picture: tuple[int, int]) -> Reach:
    """How far hints reach over a picture, whose `meet` makes a network's answer match them (`Reach`).

    Args:
        hints: in pixels of the picture.
        plain: (h, w, 2), CIE units, the network's answer without hints.
        guidance: the picture's, at that size.
        picture: height and width that hints are in.
    """
    scale = np.array(plain.shape[:2], np.float32) / np.array(picture, np.float32)
    places = np.array([[hint.y + 0.5, hint.x + 0.5] for hint in hints], np.float32)
    sure = np.array([hint.confidence for hint in hints], np.float32)
    return Reach.of(plain, guidance, np.asarray(places * scale, np.float32), _colours(hints), sure)


def _start(centre: float, side: int, length: int) -> int:
    """First pixel of a square of `side` around `centre` that lies inside."""
    return max(0, min(round(centre - side / 2), length - side))
