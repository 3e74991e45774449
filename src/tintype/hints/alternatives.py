"""Other plausible colours: what a distribution holds besides its mean, proposed as hints.

A network that is undecided between a red and a blue dress answers with a pale mixture, and drawing each pixel for
itself gives noise. So whole regions are asked for one of their colours, by hints of the network's own making: what
comes back is coherent, because the network then colours the picture as if a person had asked for it.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tintype.imaging.color import lab_to_srgb, lightness_from_luma
from tintype.imaging.gamut import reduce_chroma_lab
from tintype.imaging.types import Plane

from .hint import Hint

CELL = 4  # positions of the network's answer along one side of a cell that is judged as one
ALIKE = 0.88  # least overlap of two distributions (Bhattacharyya) for one region
SMALLEST = 0.02  # of the picture, a region
REGIONS = 4
SPOTS = 3  # hints in a region
WIDTH = 10.0  # CIE units that a mode of a distribution is wide
APART = 24.0  # CIE units between two modes
CONFIDENCE = 0.7  # of a hint that nobody has asked for
LEAST_MASS = 0.05  # probability near a mode


@dataclass(frozen=True)
class Mode:
    """One of the colours that a distribution holds: ab in CIE units, and the probability near it."""

    ab: tuple[float, float]
    probability: float


def modes(probability: npt.NDArray[np.floating], bins: Plane, count: int) -> list[Mode]:
    """Up to `count` colours of a distribution (Q,) over bins (Q, 2), the likeliest first."""
    distance = ((bins[:, None] - bins[None]) ** 2).sum(-1)
    density = np.exp(-distance / (2 * WIDTH**2)) @ probability
    left = np.ones(len(bins), bool)
    found: list[Mode] = []
    while len(found) < count and left.any():
        best = int(np.where(left, density, -1).argmax())
        near = distance[best] <= APART**2 / 4
        mass = float(probability[near].sum())
        if mass < LEAST_MASS and found:
            break
        colour = (probability[near, None] * bins[near]).sum(0) / max(mass, 1e-9)
        found.append(Mode((float(colour[0]), float(colour[1])), mass))
        left &= distance[best] > APART**2
    return found


def probabilities(logits: Plane) -> Plane:
    """Distributions (..., Q) of logits (..., Q)."""
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(weights / weights.sum(-1, keepdims=True), np.float32)


def cells_of(logits: Plane) -> Plane:
    """Distributions (R, C, Q) of cells of `CELL` x `CELL` positions, from logits (h, w, Q)."""
    rows, columns = (max(1, length // CELL) for length in logits.shape[:2])
    weights = probabilities(logits)
    down = np.linspace(0, logits.shape[0], rows + 1).astype(int)[:-1]
    across = np.linspace(0, logits.shape[1], columns + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(weights, down, 0), across, 1)
    return np.asarray(sums / sums.sum(-1, keepdims=True), np.float32)


def find_regions(cells: Plane) -> list[npt.NDArray[np.bool_]]:
    """Masks (R, C) of the parts of a picture that are undecided in one way, those that matter most first."""
    entropies = -(cells * np.log(cells + 1e-12)).sum(-1)
    roots = np.sqrt(cells)
    free = np.ones(entropies.shape, bool)
    regions = []
    for flat in np.argsort(-entropies, axis=None):
        seed = np.unravel_index(flat, entropies.shape)
        if not free[seed]:
            continue
        region = _connected((roots @ roots[seed] >= ALIKE) & free, (int(seed[0]), int(seed[1])))
        free &= ~region
        if region.mean() >= SMALLEST:
            regions.append(region)
    weight = [float(entropies[region].sum()) for region in regions]
    return [regions[i] for i in np.argsort(weight)[::-1][:REGIONS]]


def _connected(mask: npt.NDArray[np.bool_], seed: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The part of a mask that hangs together with the seed."""
    found = np.zeros_like(mask)
    found[seed] = True
    waiting = deque([seed])
    while waiting:
        row, column = waiting.popleft()
        for y, x in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1] and mask[y, x] and not found[y, x]:
                found[y, x] = True
                waiting.append((y, x))
    return found


def _inner_spots(region: npt.NDArray[np.bool_], count: int) -> list[tuple[int, int]]:
    """Up to `count` cells (row, column) of a region, far from its border and from each other."""
    depth, layer = np.zeros(region.shape), region
    while layer.any():
        depth += layer
        padded = np.pad(layer, 1)
        layer = layer & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    places = np.argwhere(region)
    worth = depth[region].astype(np.float64)
    spots: list[tuple[int, int]] = []
    for _ in range(min(count, len(places))):
        row, column = places[int(worth.argmax())]
        spots.append((int(row), int(column)))
        worth = np.minimum(worth, 0.5 * np.abs(places - [row, column]).max(1))
    return spots


def propose(logits: Plane, bins: Plane, luma: npt.NDArray[np.uint8], count: int) -> list[list[Hint]]:
    """Hints for `count` colourings that differ from the plain one and from each other.

    logits (h, w, Q) cover the whole picture, whose luma is (H, W). Each region takes its second colour in the first
    proposal, its third in the next; which goes with which is turned from region to region, so that few
    repeat. Fewer than `count` come back where the network is undecided nowhere.
    """
    cells = cells_of(logits)
    regions = find_regions(cells)
    choices = [modes(cells[region].mean(0), bins, count + 1) for region in regions]
    proposals: list[list[Hint]] = []
    for number in range(1, 2 * count + 1):
        hints = []
        for index, (region, found) in enumerate(zip(regions, choices, strict=True)):
            chosen = (number + (index if number > count else 0)) % len(found) if index else number
            if 0 < chosen < len(found):
                hints += [_hint_at(spot, cells.shape, luma, found[chosen].ab) for spot in _inner_spots(region, SPOTS)]
        if hints and hints not in proposals:
            proposals.append(hints)
    return proposals[:count]


def _hint_at(
    spot: tuple[int, int], shape: tuple[int, ...], luma: npt.NDArray[np.uint8], ab: tuple[float, float]
) -> Hint:
    cell = luma.shape[0] / shape[0], luma.shape[1] / shape[1]
    y, x = (cell_centre(at, side) for at, side in zip(spot, cell, strict=True))
    return Hint(x, y, color_at(luma, x, y, ab), max(0.5, 0.3 * min(cell)), CONFIDENCE)


def cell_centre(index: int, side: float) -> float:
    """Where the middle of cell `index` of a grid lies, in pixels, as hints count them: 0 is the middle of the first."""
    return max(0.0, (index + 0.5) * side - 0.5)


def color_at(luma: npt.NDArray[np.uint8], x: float, y: float, ab: tuple[float, float]) -> tuple[int, int, int]:
    """(R, G, B), 0 to 255, of the colour ab, CIE units, in the light that a picture (H, W) has at a point."""
    light = lightness_from_luma(np.float32(luma[int(y), int(x)] / 255))
    lab = np.array([[float(light), *ab]], np.float32)
    red, green, blue = (lab_to_srgb(reduce_chroma_lab(lab))[0].clip(0, 1) * 255 + 0.5).astype(int)
    return int(red), int(green), int(blue)
