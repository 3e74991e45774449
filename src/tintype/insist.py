"""Hints are met: what a network leaves between its answer and a hint is added, around the hint, within the thing.

The network decides how far a colour goes. At the hint itself a person is right by definition, so the rest is spread
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
    height, width = ab.shape[:2]
    rows, columns = np.minimum(points.astype(int), [height - 1, width - 1]).T
    grid = np.indices((height, width), np.float32).transpose(1, 2, 0)
    described = np.concatenate(
        [
            grid / np.float32(REACH * np.hypot(height, width)),
            lightness[..., None] / np.float32(2 * LIGHT),
            ab / np.float32(COLOUR),
        ],
        -1,
    )
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
