"""Hints are met, and stay where they belong.

A network that was told one odd colour takes the whole picture for odd. So far from a few hints, and on things unlike
those that they are on, its answer without hints counts (`keep_far`).

At the hint itself a person is right by definition, so what the network leaves between its answer and a hint is spread
by a kernel that falls with distance, with difference in light, and with difference in the colour that the network
gave: it reaches over the thing that the hint is on and not over its border. With several hints the kernel's weights
are solved for, so that all are met at once.
"""

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

REACH = 0.18  # of the diagonal: distance at which a correction has lost two fifths
LIGHT = 0.13  # of the range from black to white, likewise
COLOUR = 10.0  # CIE units, likewise
# The same three for what the network itself may change; with MANY hints and more it is free.
FAR_REACH, FAR_LIGHT, FAR_COLOUR = 0.4, 0.2, 15.0
MANY = 40
RIDGE = 0.02  # keeps two hints at one place that contradict each other from making weights without bound


def insist(ab: Plane, lightness: Plane, points: Plane, wanted: Plane, sure: Plane) -> Plane:
    """Colours (h, w, 2), CIE units, that meet the hints.

    Args:
        ab: (h, w, 2), the answer of a network that was told the hints.
        lightness: (h, w), -1 to 1, of the picture at that size.
        points: (N, 2), row and column of each hint in cells of ab; fractions are allowed.
        wanted: (N, 2), the colours asked for.
        sure: (N,), above 0 to 1: how much of each is insisted on; a half leaves three quarters to the network.
    """
    described = _described(ab, lightness, REACH, LIGHT, COLOUR)
    rows, columns = _cells(points, ab)
    places = described[rows, columns]
    between = np.exp(-0.5 * ((places[:, None] - places[None]) ** 2).sum(-1))
    missing = wanted - ab[rows, columns]
    ridge = RIDGE + 1 / sure.astype(np.float64) ** 2 - 1
    weights = np.linalg.solve(between + np.diag(ridge), missing)
    corrected = ab.copy()
    for place, weight in zip(places, weights.astype(np.float32), strict=True):
        near = np.exp(-0.5 * ((described - place) ** 2).sum(-1))
        corrected += near[..., None] * weight
    return corrected


def keep_far(plain: Plane, hinted: Plane, lightness: Plane, points: Plane) -> Plane:
    """Colours (h, w, 2), CIE units: `hinted` near the hints and on what is like their places in light and in the colour
    of `plain`, the answer without hints, and `plain` elsewhere. Arguments as for `insist`."""
    described = _described(plain, lightness, FAR_REACH, FAR_LIGHT, FAR_COLOUR)
    rows, columns = _cells(points, plain)
    near = np.zeros(plain.shape[:2], np.float32)
    for place in described[rows, columns]:
        near = np.maximum(near, np.exp(-0.5 * ((described - place) ** 2).sum(-1)))
    held = (1 - near) * np.float32(max(0.0, 1 - len(points) / MANY))
    return hinted + held[..., None] * (plain - hinted)


def _described(ab: Plane, lightness: Plane, reach: float, light: float, colour: float) -> Plane:
    """Place, light and colour of each cell (h, w, 5), in units in which a distance of 1 is far."""
    height, width = ab.shape[:2]
    grid = np.indices((height, width), np.float32).transpose(1, 2, 0)
    return np.concatenate(
        [
            grid / np.float32(reach * np.hypot(height, width)),
            lightness[..., None] / np.float32(2 * light),
            ab / np.float32(colour),
        ],
        -1,
    )


def _cells(points: Plane, ab: Plane) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows and columns of the cells that points (N, 2) lie in."""
    rows, columns = np.minimum(points.astype(np.int64), np.array(ab.shape[:2]) - 1).T
    return rows, columns
