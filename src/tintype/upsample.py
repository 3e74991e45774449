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

from tintype.planes import NEUTRAL, Chroma, Plane
from tintype.threads import spread, strips

FloatPlane = NDArray[np.float32]

# Luma variance (luma in [0, 1]) up to which a slope is doubted: about a tenth of the scale, 26 of 255.
DOUBT = np.float32(0.01)
_ROUNDS = 2
_TILE = 128
_STRIP_PIXELS = 1 << 17


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel with a = -1/2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0.0))


# The cubic kernel averaged over a cell, for the cells -2..2 around it.
_CELL = _cubic(np.abs(np.arange(-2, 3)[:, None] - (np.arange(64) + 0.5) / 64 + 0.5)).mean(axis=1).astype(np.float32)


def resize_float(plane: FloatPlane, width: int, height: int) -> FloatPlane:
    """Bicubic, antialiased when it shrinks."""
    if plane.shape == (height, width):
        return plane
    image = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def raise_planes(planes: list[FloatPlane], luma: FloatPlane) -> list[FloatPlane]:
    """Planes (h, w) of any unit raised to the (H, W) of luma, guided by it; luma is in [0, 1].

    Planes that are not smaller than luma in both directions are only resized.
    """
    height, width = luma.shape
    low_height, low_width = planes[0].shape
    if low_height >= height or low_width >= width:
        return [resize_float(plane, width, height) for plane in planes]
    low = np.asarray(Image.fromarray(luma).resize((low_width, low_height), Image.Resampling.BOX), np.float32)
    detail = luma - resize_float(_sharpened(low), width, height)
    raised = []
    for plane in planes:
        slope = resize_float(_slope(low, plane), width, height)
        raised.append(resize_float(_sharpened(plane), width, height) + slope * detail)
    return raised


def raise_chroma(luma: Plane, low_luma: FloatPlane, chroma: tuple[FloatPlane, FloatPlane]) -> Chroma:
    """Cb and Cr planes of luma's size.

    luma: (H, W) uint8, of a picture or made half as large; low_luma: its area means on the (h, w) grid of `chroma`,
    in [0, 1]; chroma: Cb and Cr on that grid, in [-0.5, 0.5]. The work is done in strips, in threads, so that no float
    plane of the size of luma is made.
    """
    height, width = luma.shape
    cb, cr = np.empty((height, width), np.uint8), np.empty((height, width), np.uint8)
    if chroma[0].shape == (height, width):
        return _to_plane(chroma[0]), _to_plane(chroma[1])
    planes = coefficients(low_luma, list(chroma))
    planes[0::2] = planes[0::2] * 255 + np.float32(NEUTRAL + 0.5)
    enlarger = Enlarger(planes, width, height)

    def work(rows: slice) -> None:
        light = luma[rows].astype(np.float32)
        planes = enlarger.rows(rows.start, rows.stop)
        for target, constant, slope in ((cb, planes[0], planes[1]), (cr, planes[2], planes[3])):
            np.multiply(slope, light, out=slope)
            np.add(constant, slope, out=constant)
            np.clip(constant, 0, 255, out=constant)
            target[rows] = constant  # the half for rounding is in the constant

    spread(work, strips(height, max(8, _STRIP_PIXELS // width)))
    return cb, cr


def coefficients(low_luma: FloatPlane, planes: list[FloatPlane]) -> NDArray[np.float32]:
    """(2 k, h, w): constant and slope of each of k planes, which enlarged give it as constant + slope * luma.

    plane + slope (luma - low_luma), all enlarged, is (plane - slope low_luma) + slope luma: fewer planes to enlarge.
    """
    base, result = _sharpened(low_luma), []
    for plane in planes:
        slope = _slope(low_luma, plane)
        result += [_sharpened(plane) - slope * base, slope]
    return np.stack(result)


class Enlarger:
    """Bicubic enlargement of (k, h, w) float planes, any rows at a time: two products with narrow band matrices."""

    def __init__(self, planes: NDArray[np.float32], width: int, height: int) -> None:
        self._planes = np.ascontiguousarray(planes, np.float32)
        self._down = _bands(planes.shape[1], height)
        self._across = _bands(planes.shape[2], width)
        self._width = width

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Rows start..stop of the result: (k, stop - start, width) float32, a new array."""
        count = len(self._planes)
        squeezed = np.empty((count, stop - start, self._planes.shape[2]), np.float32)
        at = start
        while at < stop:
            band = self._down[at // _TILE]
            end = min(stop, band.stop)
            weights = band.weights[:, at - band.start : end - band.start].T
            np.matmul(weights, self._planes[:, band.first : band.last], out=squeezed[:, at - start : end - start])
            at = end
        result = np.empty((count, stop - start, self._width), np.float32)
        for band in self._across:
            np.matmul(squeezed[..., band.first : band.last], band.weights, out=result[..., band.start : band.stop])
        return result


@dataclass(frozen=True, eq=False)
class _Band:
    """Weights (last - first, stop - start): what inputs first..last give to outputs start..stop."""

    start: int
    stop: int
    first: int
    last: int
    weights: NDArray[np.float32]


@lru_cache(maxsize=16)
def _bands(length: int, wanted: int) -> tuple[_Band, ...]:
    """The cubic kernel, widened where it has to shrink; weights outside the picture are left out."""
    scale = length / wanted
    support = 2 * max(scale, 1.0)
    bands = []
    for start in range(0, wanted, _TILE):
        stop = min(start + _TILE, wanted)
        centres = (np.arange(start, stop) + 0.5) * scale - 0.5
        first = max(0, int(np.floor(centres[0] - support)))
        last = min(length, int(np.ceil(centres[-1] + support)) + 1)
        distance = np.abs(np.arange(first, last)[:, None] - centres) / max(scale, 1.0)
        weights = _cubic(distance)
        bands.append(_Band(start, stop, first, last, (weights / weights.sum(axis=0)).astype(np.float32)))
    return tuple(bands)


def _sharpened(plane: FloatPlane) -> FloatPlane:
    """The plane such that, enlarged by the bicubic kernel and averaged again, it comes near the one given.

    A grid of averages, enlarged as if it were one of points, is blurred by a cell; two rounds of back-projection
    (Irani and Peleg, 1991) take that away.
    """
    result = plane
    for _ in range(_ROUNDS):
        result = result + (plane - _blurred(_blurred(result).T).T)
    return np.ascontiguousarray(result, np.float32)


def _blurred(plane: FloatPlane) -> FloatPlane:
    """What enlarging rows of cells by the cubic kernel and averaging them again makes of them."""
    padded = np.pad(plane, ((2, 2), (0, 0)), mode="edge")
    blurred = _CELL[2] * plane
    for tap, weight in enumerate(_CELL):
        if tap != 2:
            blurred += weight * padded[tap : tap + len(plane)]
    return np.asarray(blurred)


def _slope(light: FloatPlane, plane: FloatPlane) -> FloatPlane:
    """How much the plane rises with luma around each cell, weakened by how little of it that explains."""
    mean_light, mean = _mean(light), _mean(plane)
    variance = np.maximum(_mean(light * light) - mean_light * mean_light, 0)
    spread = np.maximum(_mean(plane * plane) - mean * mean, 0)
    covariance = _mean(light * plane) - mean_light * mean
    tiny = np.float32(1e-9)
    explained = np.clip(covariance * covariance / (variance * spread + tiny), 0, 1)
    return _mean(np.asarray(covariance / (variance + DOUBT) * explained, np.float32))


def _mean(plane: FloatPlane) -> FloatPlane:
    """The mean over 3x3 cells, of those inside the picture."""
    return np.asarray(_sum(plane) / _sum(np.ones_like(plane)), np.float32)


def _sum(plane: FloatPlane) -> FloatPlane:
    padded = np.pad(plane, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:], np.float32)


def _to_plane(chroma: FloatPlane) -> Plane:
    return np.round(chroma * 255 + NEUTRAL).clip(0, 255).astype(np.uint8)
