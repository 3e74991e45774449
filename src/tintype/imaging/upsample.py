"""Raise low-resolution colour to a picture's size with its luma as guide, so that colour stops at edges.

The method is regression-based detail injection, known from the pan-sharpening of satellite pictures (Aiazzi,
Baronti and Selva, IEEE TGRS 45, 2007): a plane is enlarged by a bicubic kernel, and where it goes up and down with
luma on the low-resolution grid, the luma detail that the grid cannot hold is added in that proportion. Where the
two have nothing to do with each other nothing is added, so luma texture does not become colour.
docs/photos.md has the measurements against bicubic, nearest, the guided filter and joint bilateral upsampling.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.parallel import strips

from .planes import NEUTRAL, Chroma
from .resize import resize_float
from .types import Plane, Plane8

# Luma variance (luma in [0, 1]) up to which a slope is doubted: about a tenth of the scale, 26 of 255.
DOUBT = np.float32(0.01)
_ROUNDS = 2
# Pixels of a row, and rows, that are made by one product of matrices; fewer waste less on zeros.
_ACROSS, _DOWN = 64, 24
# Above so many multiplications OpenBLAS takes threads of its own, which cost more than they bring here.
_MOST_PRODUCTS = 1 << 18


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel with a = -1/2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))


# The cubic kernel averaged over a cell, for the cells -2..2 around it.
_CELL = _cubic(np.abs(np.arange(-2, 3)[:, None] - (np.arange(64) + 0.5) / 64 + 0.5)).mean(axis=1).astype(np.float32)


def raise_planes(planes: list[Plane], luma: Plane) -> list[Plane]:
    """Planes (h, w) of any unit raised to the (H, W) of luma, guided by it; luma is in [0, 1].

    Planes that are not smaller than luma in both directions are only resized.
    """
    height, width = luma.shape
    low_height, low_width = planes[0].shape
    if low_height >= height or low_width >= width:
        return [resize_float(plane, width, height) for plane in planes]
    low = np.asarray(Image.fromarray(luma).resize((low_width, low_height), Image.Resampling.BOX), np.float32)
    raised = Enlarger(coefficients(low, planes), width, height).rows(0, height)
    return [raised[i] + raised[i + 1] * luma for i in range(0, len(raised), 2)]


def raise_chroma(luma: Plane8, low_luma: Plane, chroma: tuple[Plane, Plane]) -> Chroma:
    """Cb and Cr planes of luma's size.

    luma: (H, W) uint8, of a picture or made half as large; low_luma: its area means on the (h, w) grid of `chroma`,
    in [0, 1]; chroma: Cb and Cr on that grid, in [-0.5, 0.5]. The work is done in strips that stay in the cache, and
    not spread over threads: its steps are so short that threads wait for Python's lock longer than they work.
    """
    height, width = luma.shape
    if chroma[0].shape == (height, width):
        return _to_plane(chroma[0]), _to_plane(chroma[1])
    planes = coefficients(low_luma, list(chroma))
    planes[0::2] = planes[0::2] * 255 + np.float32(NEUTRAL + 0.5)  # the half is for rounding
    enlarger = Enlarger(planes[[0, 2, 1, 3]], width, height)
    raised = np.empty((2, height, width), np.uint8)
    light, made = np.empty((_DOWN, width), np.float32), np.empty((2, _DOWN, width), np.float32)
    for rows in strips(height, _DOWN):
        count = rows.stop - rows.start
        both = enlarger.rows(rows.start, rows.stop)
        constant, slope, plane = both[:2], both[2:], made[:, :count]
        light[:count] = luma[rows]
        np.multiply(slope, light[:count], out=plane)
        plane += constant
        np.clip(plane, 0, 255, out=plane)
        raised[:, rows] = plane
    return raised[0], raised[1]


def coefficients(low_luma: Plane, planes: list[Plane]) -> NDArray[np.float32]:
    """(2 k, h, w): constant and slope of each of k planes, which enlarged give it as constant + slope * luma.

    plane + slope (luma - low_luma), all enlarged, is (plane - slope low_luma) + slope luma: fewer planes to enlarge.
    """
    base, *sharp = _sharpened(np.stack([low_luma, *planes]))
    result = []
    for plane, slope in zip(sharp, _slopes(low_luma, planes), strict=True):
        result += [plane - slope * base, slope]
    return np.stack(result)


class Enlarger:
    """Bicubic enlargement of (k, h, w) float planes, any rows at a time: two products with narrow band matrices."""

    def __init__(self, planes: NDArray[np.float32], width: int, height: int) -> None:
        count, low_height, low_width = planes.shape
        self._down = _bands(low_height, height, _DOWN)
        self._shape = count, width
        self._wide = np.empty((low_height, count * width), np.float32)
        low = np.ascontiguousarray(planes.transpose(1, 0, 2), np.float32).reshape(-1, low_width)
        wide = self._wide.reshape(-1, width)
        for band in _bands(low_width, width, _ACROSS):
            rows = max(1, _MOST_PRODUCTS // band.weights.size)
            for part in strips(len(low), rows):
                np.matmul(low[part, band.first : band.last], band.weights, out=wide[part, band.start : band.stop])

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Rows start..stop of the result: (k, stop - start, width) float32, a new array."""
        result = np.empty((stop - start, self._wide.shape[1]), np.float32)
        at = start
        while at < stop:
            band = self._down[at // _DOWN]
            end = min(stop, band.stop)
            weights = band.weights[:, at - band.start : end - band.start].T
            low, out = self._wide[band.first : band.last], result[at - start : end - start]
            for part in strips(low.shape[1], _MOST_PRODUCTS // weights.size):
                np.matmul(weights, low[:, part], out=out[:, part])
            at = end
        return result.reshape(-1, *self._shape).transpose(1, 0, 2)


@dataclass(frozen=True, eq=False)
class _Band:
    """Weights (last - first, stop - start): what inputs first..last give to outputs start..stop."""

    start: int
    stop: int
    first: int
    last: int
    weights: NDArray[np.float32]


@lru_cache(maxsize=16)
def _bands(length: int, wanted: int, tile: int) -> tuple[_Band, ...]:
    """The cubic kernel, widened where it has to shrink; weights outside the picture are left out."""
    scale = length / wanted
    support = 2 * max(scale, 1.0)
    bands = []
    for start in range(0, wanted, tile):
        stop = min(start + tile, wanted)
        centres = (np.arange(start, stop) + 0.5) * scale - 0.5
        first = max(0, int(np.floor(centres[0] - support)))
        last = min(length, int(np.ceil(centres[-1] + support)) + 1)
        distance = np.abs(np.arange(first, last)[:, None] - centres) / max(scale, 1.0)
        weights = _cubic(distance)
        bands.append(_Band(start, stop, first, last, (weights / weights.sum(axis=0)).astype(np.float32)))
    return tuple(bands)


def _sharpened(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Planes (k, h, w) such that, enlarged by the bicubic kernel and averaged again, they come near those given.

    A grid of averages, enlarged as if it were one of points, is blurred by a cell; two rounds of back-projection
    (Irani and Peleg, 1991) take that away.
    """
    result = planes
    for _ in range(_ROUNDS):
        result = result - _blurred(_blurred(result, 1), 2)
        result += planes
    return result


def _blurred(planes: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """What enlarging cells by the cubic kernel and averaging them again makes of them, along one axis of (k, h, w)."""
    margins = [(0, 0)] * 3
    margins[axis] = (2, 2)
    padded, length = np.pad(planes, margins, mode="edge"), planes.shape[axis]
    taps = [padded[:, t : t + length] if axis == 1 else padded[..., t : t + length] for t in range(5)]
    blurred = _CELL[2] * planes
    for near, far, weight in ((taps[1], taps[3], _CELL[1]), (taps[0], taps[4], _CELL[0])):  # the kernel is symmetric
        both = near + far
        both *= weight
        blurred += both
    return np.asarray(blurred)


def _slopes(light: Plane, planes: list[Plane]) -> list[Plane]:
    """How much each plane rises with luma around each cell, weakened by how little of it that explains."""
    share = _mean_share(*light.shape)
    mean_light = _mean(light, share)
    variance = np.maximum(_mean(light * light, share) - mean_light * mean_light, 0)
    slopes = []
    for plane in planes:
        mean = _mean(plane, share)
        spread = np.maximum(_mean(plane * plane, share) - mean * mean, 0)
        covariance = _mean(light * plane, share) - mean_light * mean
        spread *= variance
        spread += np.float32(1e-9)
        explained = covariance * covariance
        explained /= spread
        np.minimum(explained, 1, out=explained)
        covariance /= variance + DOUBT
        covariance *= explained
        slopes.append(_mean(covariance, share))
    return slopes


def _mean(plane: Plane, share: Plane) -> Plane:
    """The mean over 3x3 cells, of those inside the picture."""
    mean = _sum(plane)
    mean *= share
    return mean


@lru_cache(maxsize=4)
def _mean_share(height: int, width: int) -> Plane:
    """What each of the 3x3 cells around a cell counts for."""
    return np.asarray(1 / _sum(np.ones((height, width), np.float32)), np.float32)


def _sum(plane: Plane) -> Plane:
    rows = plane.copy()
    rows[1:] += plane[:-1]
    rows[:-1] += plane[1:]
    columns = rows.copy()
    columns[:, 1:] += rows[:, :-1]
    columns[:, :-1] += rows[:, 1:]
    return columns


def _to_plane(chroma: Plane) -> Plane8:
    return np.round(chroma * 255 + NEUTRAL).clip(0, 255).astype(np.uint8)
