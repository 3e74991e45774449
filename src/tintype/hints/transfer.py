"""Colours taken from another picture with the same things in it: matches of features become hints.

Two places match when each is the other's nearest in what the encoder found there (mutual nearest neighbours), and
are alike beyond doubt. The network then spreads the colours of the matches, and colours by itself what has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from tintype.imaging.color import srgb_to_lab
from tintype.imaging.types import Plane

from .alternatives import cell_centre, color_at
from .hint import Hint

MOST = 120  # matches
LEAST_LIKENESS = 0.5  # cosine


@dataclass(frozen=True)
class Match:
    """A place of one picture that is like a place of another: (row, column) in both grids, cosine of the features."""

    place: tuple[int, int]
    other: tuple[int, int]
    likeness: float


def describe(middle: Plane, deep: Plane) -> Plane:
    """One descriptor of length 1 for each place (h, w, D): features (h, w, C) of a scale, and (h/2, w/2, C') of the
    next beside them, each with its mean over the picture taken away, since what all places have tells none apart."""
    rows, columns = middle.shape[:2]
    below, beside = (np.minimum(np.arange(n) // 2, m - 1) for n, m in zip((rows, columns), deep.shape, strict=False))
    spread = deep[below][:, beside]
    parts = []
    for features in (middle, spread):
        centred = features - features.mean((0, 1))
        parts.append(centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-6))
    return np.asarray(np.concatenate(parts, -1) / np.sqrt(2), np.float32)


def match(descriptors: Plane, others: Plane, most: int = MOST, least: float = LEAST_LIKENESS) -> list[Match]:
    """Places of a picture and their likes in another, both described by `describe`; the surest first."""
    flat, flat_others = (d.reshape(-1, d.shape[-1]) for d in (descriptors, others))
    likeness = flat @ flat_others.T
    best, best_back = likeness.argmax(1), likeness.argmax(0)
    mutual = np.flatnonzero(best_back[best] == np.arange(len(flat)))
    values = likeness[mutual, best[mutual]]
    found = []
    for index in np.argsort(-values, kind="stable")[:most]:
        if values[index] < least:
            break
        place, other = int(mutual[index]), int(best[mutual[index]])
        found.append(Match(_place(place, descriptors.shape[1]), _place(other, others.shape[1]), float(values[index])))
    return found


def agreement(matches: Sequence[Match], shape: tuple[int, ...], other_shape: tuple[int, ...]) -> float:
    """How much two pictures show alike, from 0 to about 0.5: the likeness of their matches above the least that counts,
    summed, as a part of the places of the smaller one."""
    places = min(shape[0] * shape[1], other_shape[0] * other_shape[1], 2 * MOST)
    return sum(found.likeness - LEAST_LIKENESS for found in matches) / places


def hints_of(
    matches: Sequence[Match],
    shape: tuple[int, ...],
    other_shape: tuple[int, ...],
    luma: npt.NDArray[np.uint8],
    reference: npt.NDArray[np.uint8],
) -> list[Hint]:
    """Hints for a picture, whose luma is (H, W), with the colours of the matched places of a reference (H', W', 3).

    `shape` and `other_shape` are those of the descriptors of both.
    """
    ab = srgb_to_lab(_cell_means(reference, other_shape[:2]))[..., 1:]
    height, width = luma.shape[0] / shape[0], luma.shape[1] / shape[1]
    hints = []
    for found in matches:
        y, x = cell_centre(found.place[0], height), cell_centre(found.place[1], width)
        a, b = (float(value) for value in ab[found.other])
        sure = min(1.0, found.likeness)  # of the same picture it is 1 and a rounding
        hints.append(Hint(x, y, color_at(luma, x, y, (a, b)), max(0.5, 0.15 * min(height, width)), sure))
    return hints


def _cell_means(rgb: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> Plane:
    """Mean colours (rows, columns, 3), 0 to 1, of a grid of cells that covers the picture."""
    small = Image.fromarray(rgb).resize((shape[1], shape[0]), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / np.float32(255)


def _place(index: int, columns: int) -> tuple[int, int]:
    row, column = divmod(index, columns)
    return row, column
