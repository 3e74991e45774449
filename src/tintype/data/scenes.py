"""Which pictures show the same place: for frames of drives and films whose names do not tell which belong together.

Each picture is compared with those that look most like it at thumbnail size. Two show one place when their SIFT
features match and the matches agree with one movement of the camera (Lowe 2004; the epipolar constraint with RANSAC).
Frames a second apart on a drive match; other streets in the same weather do not.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .duplicates import groups

# On the 701 frames of CamVid at 341 x 256: 12 agreeing matches join everything by day, 40 leave single frames.
LEAST_MATCHES = 20
NEIGHBOURS = 25  # candidates of each picture

_SIDE = 256
_FEATURES = 600
_RATIO = 0.75  # of the distances to the best and the second-best match
_TOLERANCE = 2.0  # pixels

Progress = Callable[[int], None]


@dataclass(frozen=True)
class View:
    """A picture as it is compared: `thumbnail` (18 * 24 * 3,), `points` (K, 2) in pixels, `features` (K, 128)."""

    thumbnail: NDArray[np.float32]
    points: NDArray[np.float32]
    features: NDArray[np.float32]


def view_of(rgb: NDArray[np.uint8]) -> View:
    """Thumbnail and features of uint8 RGB (H, W, 3)."""
    scale = min(1.0, _SIDE / min(rgb.shape[:2]))
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    luma = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    sift: Any = cv2.SIFT.create(_FEATURES)
    found, features = sift.detectAndCompute(luma, None)
    thumbnail = cv2.resize(rgb, (24, 18), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    points = np.array([point.pt for point in found], np.float32).reshape(-1, 2)
    return View(thumbnail, points, np.zeros((0, 128), np.float32) if features is None else features)


def same_places(views: list[View], progress: Progress | None = None) -> list[list[int]]:
    """Groups of indices into `views` that show one place, or a chain of places that overlap."""
    found = []
    pairs = sorted({(min(a, b), max(a, b)) for a, near in enumerate(_nearest(views)) for b in near})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda pair: agreeing_matches(views[pair[0]], views[pair[1]]), pairs)
        for done, (pair, count) in enumerate(zip(pairs, counts, strict=True), 1):
            if count >= LEAST_MATCHES:
                found.append(pair)
            if progress and done % 256 == 0:
                progress(done)
    return groups(len(views), found)


def agreeing_matches(one: View, other: View) -> int:
    """How many features of both views match and agree with one movement of the camera."""
    if min(len(one.points), len(other.points)) < LEAST_MATCHES:
        return 0
    best: Any = cv2.BFMatcher().knnMatch(one.features, other.features, k=2)
    matches = [first for first, second in best if first.distance < _RATIO * second.distance]
    if len(matches) < LEAST_MATCHES:
        return 0
    here = one.points[[match.queryIdx for match in matches]]
    there = other.points[[match.trainIdx for match in matches]]
    _, agree = cv2.findFundamentalMat(here, there, cv2.FM_RANSAC, _TOLERANCE, 0.99)
    return 0 if agree is None else int(agree.sum())


def _nearest(views: list[View]) -> Iterable[NDArray[np.int64]]:
    """For each view the indices of the NEIGHBOURS others with the nearest thumbnails."""
    thumbnails = np.stack([view.thumbnail for view in views])
    norms = (thumbnails**2).sum(1)
    for index, thumbnail in enumerate(thumbnails):
        distances = norms - 2 * thumbnails @ thumbnail
        distances[index] = np.inf
        count = min(NEIGHBOURS, len(views) - 1)
        yield np.argpartition(distances, count - 1)[:count] if count else np.zeros(0, np.int64)
