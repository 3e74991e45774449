"""Make the prediction match each hint at its point, and limit its influence to similar, nearby pixels.

A network that was told one odd colour takes the whole picture for odd. So far from a few hints, and on things unlike
those that they are on, its answer without hints counts (`keep_far`).

A network often meets a hint around its place and nowhere else on the thing. So the hints' colours are spread by a
kernel that falls with geodesic distance, with difference in lightness, with difference in the colour that the network
gave, and with unlikeness of what its encoder found: it reaches over the thing that a hint is on and not over its
border, being flat on top and steep at its sides. Where the network did not go that way by itself, that fills its answer
(`fill`). Lightness counts mostly as the mean of a few cells, so that cloth is one thing and not its threads.

At the hint itself a person is right by definition: what is still left there between the answer and the hints is added,
by a kernel that falls more gently and whose weights are solved for, so that all are met at once (`propagate`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tintype.imaging.resize import resize_float
from tintype.imaging.types import Plane

from .geodesic import geodesic_distances

Cells = npt.NDArray[np.int64]

MANY = 40  # hints from which on the network is free everywhere
FLAT = 2.8  # square of the difference, in scales, at which a flat kernel has fallen to 1/e; until 1.3 it is above 0.9
ALIKE = 0.4  # unlikeness of features (1 - cosine, 0 to 2) that still counts as the same kind of thing
RIDGE = 0.02  # keeps two hints at one place that contradict each other from making weights without bound
DISTANCE_GRID = 64  # cells of the short side at most that distances are found on; more are shared by several
KEPT = 4_000_000  # numbers of a kernel that are kept rather than found twice
BROAD = 2  # cells of each side of a block that gives the light of a thing rather than of its texture


@dataclass(frozen=True)
class KernelScale:
    """Scale of each term of the kernel: the difference at which its weight falls to exp(-1/2) = 0.6; to 0.96 if flat.

    `distance` in diagonals, `light` and `broad` (of blocks) in shares of the range from black to white, `colour` in CIE
    units. `things` weighs the unlikeness of features, 0 to 2. `flat`: flat on top and steep at the sides, a half at
    1.6 scales, and unlikeness up to `ALIKE` counts for nothing.
    """

    distance: float
    light: float
    broad: float
    colour: float
    things: float
    flat: bool = False


# For what is spread over things, for what the network itself may change, and for what is added at the hints.
FILLED = KernelScale(distance=0.3, light=0.35, broad=0.16, colour=18.0, things=1.0, flat=True)
CHANGED = KernelScale(distance=0.55, light=0.3, broad=0.18, colour=18.0, things=0.5, flat=True)
ADDED = KernelScale(distance=0.4, light=0.35, broad=0.16, colour=18.0, things=0.5)


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
            unlike = 1 - self._likeness[index]
            if self._limits.flat:
                unlike = np.maximum(0, unlike - ALIKE)
            square += resize_float(2 * self._limits.things * unlike, width, height)
        if self._limits.flat:
            square /= np.float32(FLAT)
            fall = square * square * square
        else:
            fall = square * np.float32(0.5)
        return np.asarray(np.exp(-fall), np.float32)


@dataclass(frozen=True)
class Reach:
    """How far hints reach over a picture: what is known of it before the network has answered to them.

    points, wanted, sure: as for `propagate`, and distances, as `distances_from` gives them. near: (h, w), 0 to 1, where
    the network may change its answer without hints, `plain` (h, w, 2). move: (h, w, 2), what the hints ask for on their
    things (`spread`). Both are None for `MANY` hints, which leave everything to the network.
    """

    plain: Plane
    guidance: GuidanceMaps
    points: Plane
    wanted: Plane
    sure: Plane
    distances: Plane
    near: Plane | None
    move: Plane | None

    @classmethod
    def of(cls, plain: Plane, guidance: GuidanceMaps, points: Plane, wanted: Plane, sure: Plane) -> "Reach":
        """The reach of hints over a picture with that answer without hints. Arguments as for `propagate`."""
        distances = distances_from(guidance, points)
        near = move = None
        if len(points) < MANY:
            near = nearness(plain, guidance, points, distances)
            move = spread(plain, guidance, points, wanted, sure, distances)
        return cls(plain, guidance, points, wanted, sure, distances, near, move)

    def meet(self, hinted: Plane) -> Plane:
        """Colours (h, w, 2), CIE units, that meet the hints, from the network's answer to them.

        It is held to its answer without hints far from them (`keep_far`), carried over the things that they are on
        (`fill`), and gets what is then left between itself and the hints (`propagate`).
        """
        result, wanted = hinted, self.wanted
        if self.near is not None and self.move is not None:
            held = keep_far(self.plain, hinted, self.near, len(self.points))
            result = fill(self.plain, held, self.move, len(self.points))
            added = (result - held)[_cells(self.points, held)]
            # An unsure hint is not to count twice.
            wanted = np.asarray(wanted + added * (1 - 1 / self.sure**2)[:, None], np.float32)
        return propagate(result, self.guidance, self.points, wanted, self.sure, self.distances)


def spread(plain: Plane, guidance: GuidanceMaps, points: Plane, wanted: Plane, sure: Plane, distances: Plane) -> Plane:
    """How far (h, w, 2), CIE units, the hints would move `plain` on the things that they are on; where several reach,
    the nearest counts most, and the move is never beyond the farthest of theirs. Arguments as for `propagate`."""
    rows, columns = _cells(points, plain)
    kernel = _Kernel(guidance, plain, rows, columns, distances, FILLED)
    moves = (wanted - plain[rows, columns]) * (sure**2)[:, None]
    reached = np.zeros(plain.shape[:2], np.float32)
    total, shares = np.zeros_like(plain), np.full(plain.shape[:2], 1e-12, np.float32)
    for index, move in enumerate(moves):
        reached = np.maximum(reached, kernel[index])
        share = np.square(np.square(kernel[index]))  # the nearest takes most of a place
        total += share[..., None] * move
        shares += share
    return total * (reached / shares)[..., None]


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


def nearness(plain: Plane, guidance: GuidanceMaps, points: Plane, distances: Plane) -> Plane:
    """How near every cell (h, w) is to the nearest hint, 0 to 1, in place, light, and the colour of `plain`, the answer
    without hints. Arguments as for `propagate`."""
    rows, columns = _cells(points, plain)
    kernel = _Kernel(guidance, plain, rows, columns, distances, CHANGED)
    near = np.zeros(plain.shape[:2], np.float32)
    for index in range(len(kernel)):
        near = np.maximum(near, kernel[index])
    return near


def keep_far(plain: Plane, hinted: Plane, near: Plane, hints: int) -> Plane:
    """Colours (h, w, 2), CIE units: `hinted` near the hints and on what is like their places, and `plain`, the answer
    without hints, elsewhere.

    Args:
        plain, hinted: (h, w, 2).
        near: (h, w), of `nearness`.
        hints: their number; the more there are, the more is left to the network, at `MANY` all.
    """
    held = (1 - near) * np.float32(1 - min(hints, MANY) / MANY)
    return hinted + held[..., None] * (plain - hinted)


def fill(plain: Plane, near: Plane, move: Plane, hints: int) -> Plane:
    """Colours (h, w, 2), CIE units: `near`, and the part of a move that the network left out.

    What the network itself changed counts as far as it goes the same way, so nothing is added twice.

    Args:
        plain: (h, w, 2), the answer without hints.
        near: (h, w, 2), the answer with hints (`keep_far`).
        move: (h, w, 2), what the hints ask for on their things (`spread`).
        hints: their number, below `MANY`, which leave everything to the network.
    """
    square = np.maximum(np.einsum("ijk,ijk->ij", move, move), 1e-3)
    share = np.clip(np.einsum("ijk,ijk->ij", near - plain, move) / square, 0, 1)
    return np.asarray(near + ((1 - share) * np.float32(1 - hints / MANY))[..., None] * move, np.float32)


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
