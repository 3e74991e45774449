"""Colour hints as a person might give them, drawn from the truth for training (Zhang 2017, section 3.1).

A hint is a small square of one colour. How many there are, where and how large is drawn anew for each sample, so that
one network serves everybody: mostly few, now and then a hundred, or the colour of every pixel. Some are a little wrong.

A person also asks for colours that a thing does not have. So some samples get a region of another colour first, hints
and truth alike: a network that only ever sees true colours learns to doubt what it is told.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tintype.imaging.types import Planes

HINT_SCALE = 110.0  # CIE units of ab that the hint planes hold as 1
EVERYWHERE = 0.02  # share of samples that are told the colour of every pixel
MANY = 0.15  # share that gets up to MOST hints; the others get 1 and more, MEAN on average
MEAN, MOST = 6, 120
LARGEST = 9  # pixels, side of a hint
TRUE_SIDE = 5
WRONG, ERROR = 0.1, 5.0  # share of hints that are off, and by how much, CIE units
RECOLOURED = 0.35  # share of samples with a region of another colour
ALIKE = 7.0  # levels by which neighbours may differ inside a region
MOST_CHROMA = 70.0  # CIE units, of a region of middle lightness
SMALLEST_REGION = 0.004  # of the picture
TRIES = 4


def draw_hints(ab: Planes, rng: np.random.Generator) -> Planes:
    """Hint planes (3, S, S) - a/110, b/110, mask of 0 and 1 - for a truth `ab` (S, S, 2) in CIE units."""
    size = ab.shape[0]
    planes = np.zeros((3, size, size), np.float32)
    if rng.random() < EVERYWHERE:
        planes[:2] = ab.transpose(2, 0, 1) / HINT_SCALE
        planes[2] = 1
        return planes
    for y, x, side in draw_places(size, rng):
        colour = ab[y : y + side, x : x + side].mean((0, 1))
        if rng.random() < WRONG:
            colour = colour + rng.normal(0, ERROR, 2)
        put_hint(planes, y, x, side, colour)
    return planes


def true_hints(rgb: NDArray[np.uint8], count: int, rng: np.random.Generator) -> Planes:
    """Hint planes (3, S, S) with `count` true colours of `rgb` (S, S, 3), at random places, each of 5 x 5 pixels."""
    size = rgb.shape[0]
    ab = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2LAB)[..., 1:].astype(np.float32) - 128
    planes = np.zeros((3, size, size), np.float32)
    for y, x in rng.integers(0, size - TRUE_SIDE + 1, (count, 2)):
        colour = ab[y : y + TRUE_SIDE, x : x + TRUE_SIDE].mean((0, 1))
        put_hint(planes, int(y), int(x), TRUE_SIDE, colour)
    return planes


def draw_places(size: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """(top, left, side) in pixels of a drawn number of hints: half of them towards the middle, where people click."""
    many = rng.random() < MANY
    count = int(np.exp(rng.uniform(0, np.log(MOST)))) if many else int(rng.geometric(1 / MEAN))
    central = rng.random() < 0.5
    places = []
    for _ in range(count):
        side = int(rng.integers(1, LARGEST + 1))
        centre = rng.normal(0.5, 0.25, 2).clip(0, 1) if central else rng.random(2)
        y, x = np.minimum((centre * size).astype(int), size - side)
        places.append((int(y), int(x), side))
    return places


def put_hint(planes: Planes, y: int, x: int, side: int, colour: NDArray[np.floating]) -> None:
    """Write one hint, a square of `side` pixels with its corner at (x, y), into hint planes (3, S, S)."""
    planes[:2, y : y + side, x : x + side] = (np.asarray(colour) / HINT_SCALE)[:, None, None]
    planes[2, y : y + side, x : x + side] = 1


def recolour(rgb: NDArray[np.uint8], ab: Planes, rng: np.random.Generator) -> tuple[Planes, tuple[int, int]] | None:
    """Move the colour of one region of `ab` (S, S, 2) to a drawn one; returns the new planes and a point (y, x) in it.

    The region is what a flood fill of `rgb` (S, S, 3) reaches from the point, so that it ends where things end. Its
    shades stay as different from each other as they were. None when the drawn points lie in no region worth it.
    """
    size, picture = ab.shape[0], rgb.copy()
    for _ in range(TRIES):
        y, x = (int(v) for v in rng.integers(0, size, 2))
        filled = np.zeros((size + 2, size + 2), np.uint8)
        flags = 4 | cv2.FLOODFILL_MASK_ONLY | (255 << 8)
        area, *_ = cv2.floodFill(picture, filled, (x, y), 0, (ALIKE,) * 3, (ALIKE,) * 3, flags)
        if area < SMALLEST_REGION * size * size:
            continue
        mask = filled[1:-1, 1:-1]
        inside = mask > 0
        luma = float(rgb[inside].mean()) / 127.5 - 1
        angle = rng.uniform(0, 2 * np.pi)
        chroma = MOST_CHROMA * np.sqrt(rng.random()) * (1 - luma * luma)  # hardly any is possible in black and white
        wanted = np.array([np.cos(angle), np.sin(angle)], np.float32) * np.float32(chroma)
        share = cv2.GaussianBlur(mask, (3, 3), 0).astype(np.float32)[..., None] / 255
        return ab + share * (wanted - ab[inside].mean(0)), (y, x)
    return None
