"""Make the prediction match each hint at its point, and limit its influence to similar, nearby pixels.

A network that was told one odd colour takes the whole picture for odd. So far from a few hints, and on things unlike
those that they are on, its answer without hints counts (`keep_far`).

At the hint itself a person is right by definition, so what the network leaves between its answer and a hint is spread
by a kernel that falls with geodesic distance, with difference in lightness, with difference in the colour that the
network gave, and with unlikeness of what its encoder found: it reaches over the thing that the hint is on and not over
its border. Lightness counts mostly as the mean of a few cells, so that cloth is one thing and not its threads. With
several hints the kernel's weights are solved for, so that all are met at once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tintype.imaging.resize import resize_float
from tintype.imaging.types import Plane

from .geodesic import geodesic_distances

Cells = npt.NDArray[np.int64]

MANY = 40  # hints from which on the network is free everywhere
RIDGE = 0.02  # keeps two hints at one place that contradict each other from making weights without bound
DISTANCE_GRID = 64  # cells of the short side at most that distances are found on; more are shared by several
KEPT = 4_000_000  # numbers of a kernel that are kept rather than found twice
BROAD = 2  # cells of each side of a block that gives the light of a thing rather than of its texture


@dataclass(frozen=True)
class KernelScale:
    """Scale of each term of the kernel: the difference at which its weight falls to exp(-1/2) = 0.6.

    `distance` in diagonals, `light` and `broad` (of blocks) in shares of the range from black to white, `colour` in CIE
    units. `things` weighs the unlikeness of features, 0 to 2.
    """

    distance: float
    light: float
    broad: float
    colour: float
    things: float


# For what is added, and for what the network itself may change.
ADDED = KernelScale(distance=0.4, light=0.35, broad=0.16, colour=18.0, things=0.5)
CHANGED = KernelScale(distance=0.55, light=0.3, broad=0.18, colour=18.0, things=0.1)


@dataclass(frozen=True)
class GuidanceMaps:
    """Per-image guidance for hint propagation: lightness at three scales, encoder features. Made once for all hints.

    light, broad: (h, w), -1 to 1, of the cells of the network's answer, and of blocks of them. coarse: the same on the
    grid that distances are found on. features: (r, c, D), of length 1, for the whole picture; None without them.
    """

    light: Plane
    broad: Plane
    coarse: Plane
    features: Plane | None

    @classmethod
    def of(cls, light: Plane, features: Plane | None = None) -> "GuidanceMaps":
        """The maps of a picture whose light (h, w) is -1 to 1, and whose features (r, c, D) are as the encoder's."""
        height, width = light.shape
        blocks = _reduced(light, BROAD)
        coarse = _reduced(light, max(1, round(min(height, width) / DISTANCE_GRID)))
        if features is not None:
            centred = features - features.mean((0, 1))
            features = centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-6)
        return cls(light, resize_float(blocks, width, height), coarse, features)


class _Kernel:
    """How near every cell is to each of N places, from 1 there towards 0; a plane at a time where many are large."""

    def __init__(
        self, guidance: GuidanceMaps, ab: Plane, rows: Cells, columns: Cells, distances: Plane, limits: KernelScale
    ) -> None:
        self._guidance, self._distances, self._limits = guidance, distances, limits
        self._places = list(zip(rows.tolist(), columns.tolist(), strict=True))
        described = [
            (guidance.light / np.float32(2 * limits.light))[..., None],
            (guidance.broad / np.float32(2 * limits.broad))[..., None],
            ab / np.float32(limits.colour),
        ]
        self._described = np.concatenate(described, -1)
        self._likeness = _likeness(guidance, rows, columns)
        self._keeps = len(rows) * guidance.light.size <= KEPT
        self._kept: dict[int, Plane] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Plane:
        if index in self._kept:
            return self._kept[index]
        plane = self._plane(index)
        if self._keeps:
            self._kept[index] = plane
        return plane

    def _plane(self, index: int) -> Plane:
        height, width = self._described.shape[:2]
        gaps = self._described - self._described[self._places[index]]
        square = np.einsum("ijk,ijk->ij", gaps, gaps)
        coarse = (self._distances[index] / self._limits.distance) ** 2
        square += coarse if coarse.shape == square.shape else resize_float(coarse, width, height)
        if self._likeness is not None:
            unlike = 2 * self._limits.things * (1 - self._likeness[index])
            square += resize_float(unlike, width, height)
        return np.asarray(np.exp(-0.5 * square), np.float32)


def propagate(
    ab: Plane, guidance: GuidanceMaps, points: Plane, wanted: Plane, sure: Plane, distances: Plane | None = None
) -> Plane:
    """Colours (h, w, 2), CIE units, that meet the hints.

    Args:
        ab: (h, w, 2), the answer of a network that was told the hints.
        guidance: of the picture.
        points: (N, 2), row and column of each hint in cells of ab; fractions are allowed.
        wanted: (N, 2), the colours asked for.
        sure: (N,), above 0 to 1: how much of each is insisted on; a half leaves three quarters to the network.
        distances: what `distances_from` gives for these points, if it is known already.
    """
    rows, columns = _cells(points, ab)
    kernel = _Kernel(
        guidance, ab, rows, columns, distances_from(guidance, points) if distances is None else distances, ADDED
    )
    between = np.array([kernel[i][rows, columns] for i in range(len(kernel))], np.float64)
    missing = wanted - ab[rows, columns]
    ridge = RIDGE + 1 / sure.astype(np.float64) ** 2 - 1
    weights = np.linalg.solve(_possible(between) + np.diag(ridge), missing)
    corrected = ab.copy()
    for index, weight in enumerate(weights.astype(np.float32)):
        corrected += kernel[index][..., None] * weight
    return corrected


def keep_far(
    plain: Plane, hinted: Plane, guidance: GuidanceMaps, points: Plane, distances: Plane | None = None
) -> Plane:
    """Colours (h, w, 2), CIE units: `hinted` near the hints and on what is like their places in light and in the colour
    of `plain`, the answer without hints, and `plain` elsewhere. Arguments as for `propagate`."""
    if len(points) >= MANY:
        return hinted
    rows, columns = _cells(points, plain)
    kernel = _Kernel(
        guidance, plain, rows, columns, distances_from(guidance, points) if distances is None else distances, CHANGED
    )
    near = np.zeros(plain.shape[:2], np.float32)
    for index in range(len(kernel)):
        near = np.maximum(near, kernel[index])
    held = (1 - near) * np.float32(1 - len(points) / MANY)
    return hinted + held[..., None] * (plain - hinted)


def distances_from(guidance: GuidanceMaps, points: Plane) -> Plane:
    """Geodesic distances (N, r, c) from points (N, 2), in cells, to all cells of the coarse grid."""
    scale = np.array(guidance.coarse.shape, np.float32) / np.array(guidance.light.shape, np.float32)
    rows, columns = _cells(np.asarray(points * scale, np.float32), guidance.coarse)
    return geodesic_distances(guidance.coarse, rows, columns)


def _possible(between: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The nearest symmetric matrix without negative eigenvalues: geodesic distances are not those of a
    flat space, so a kernel of them may have some, and the weights would then swing."""
    values, vectors = np.linalg.eigh((between + between.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)


def _likeness(guidance: GuidanceMaps, rows: Cells, columns: Cells) -> Plane | None:
    """Cosines (N, r, c) of what the encoder found at N cells, and everywhere; None without features."""
    features = guidance.features
    if features is None:
        return None
    height, width = guidance.light.shape
    down = rows * features.shape[0] // height
    across = columns * features.shape[1] // width
    return np.asarray(np.einsum("nd,rcd->nrc", features[down, across], features, optimize=True), np.float32)


def _reduced(plane: Plane, factor: int) -> Plane:
    """Means of blocks of factor x factor; what is left of a block at the right and at the bottom counts as one."""
    if factor == 1 or min(plane.shape) < factor:
        return plane
    for axis in (0, 1):
        length = plane.shape[axis]
        starts = np.arange(0, length, factor)
        counts = np.minimum(factor, length - starts)
        shape = (-1, 1) if axis == 0 else (1, -1)
        plane = np.add.reduceat(plane, starts, axis) / counts.reshape(shape).astype(np.float32)
    return plane


def _cells(points: Plane, plane: npt.NDArray[np.float32]) -> tuple[Cells, Cells]:
    """Rows and columns of the cells that points (N, 2) lie in."""
    rows, columns = np.minimum(points.astype(np.int64), np.array(plane.shape[:2]) - 1).T
    return rows, columns
