"""Chroma for a large JPEG that leaves its light alone: only the 16x16 blocks in which a colour may not fit are
fitted, encoded, decoded and checked, packed side by side into pictures of their own.

A block's luma and chroma steps are coded by themselves, so a packed block decodes as it does in its place, but for
one thing: decoders smooth half-size chroma across blocks. The check therefore decodes with one colour for every 2x2
pixels, which is the harsher case, since smoothing only mixes colours that each fit where they reach.
"""

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from tintype.jpeg_light import BLOCK, MEAN_SHARE, MEAN_SLACK, fit_samples
from tintype.planes import NEUTRAL, Chroma, Plane, grey_of
from tintype.threads import spread

# How far JPEG's steps move luma and chroma in blocks that are not looked at, at most, at usual qualities.
_LUMA_MARGIN, _CHROMA_MARGIN = 3, 1
_COARSE_QUALITY = 75

_ACROSS = 64
_PACKED = 32 * _ACROSS


@dataclass(frozen=True, eq=False)
class _Checked:
    """What coding did to some blocks: each one's surplus distance and its furthest pixel; the grey picture's own."""

    harm: NDArray[np.int64]
    furthest: NDArray[np.int64]
    grey_most: int
    grey_sum: int


def fit_blocks(luma: Plane, chroma: Chroma, quality: int) -> Chroma:
    """As `tintype.jpeg_light.fit_chroma`; the furthest pixel of all may be a little further off."""
    picture = _Picture(luma, chroma, quality)
    wanted = _doubtful(luma, chroma, picture.step, quality)
    doubtful = np.argwhere(wanted)
    if not len(doubtful):
        return chroma
    harm, furthest = np.zeros(wanted.shape, np.int64), np.zeros(wanted.shape, np.int64)
    stale, limit, grey_sum, factors = doubtful, 0, 0, (0.4, 0.4, 0.0, 0.0, 0.0)
    for factor in (None, *factors):
        if factor is not None:
            picture.weaken(stale, factor)
        check = picture.fit_and_check if factor is None else picture.check
        for part, checked in zip(_parts(stale), spread(check, _parts(stale)), strict=True):
            harm[part[:, 0], part[:, 1]] = checked.harm
            furthest[part[:, 0], part[:, 1]] = checked.furthest
            if factor is None:
                limit, grey_sum = max(limit, checked.grey_most), grey_sum + checked.grey_sum
        # The grey picture's distance in the blocks not looked at is taken to be as in the others.
        grey_mean = grey_sum / (len(doubtful) * BLOCK**2)
        stale = _offending(harm, furthest, limit, (MEAN_SHARE * grey_mean + MEAN_SLACK) * luma.size)
        if not len(stale):
            break
    return picture.chroma()


def _parts(blocks: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [blocks[i : i + _PACKED] for i in range(0, len(blocks), _PACKED)]


class _Picture:
    """The planes as blocks that can be picked by their row and column, the edge repeated to whole blocks."""

    def __init__(self, luma: Plane, chroma: Chroma, quality: int) -> None:
        self.quality = quality
        self.step = BLOCK if chroma[0].shape == luma.shape else BLOCK // 2
        self._size = chroma[0].shape
        ringed = _padded(luma, BLOCK, 1)
        self._light = _windows(ringed[1:-1, 1:-1], BLOCK, BLOCK)
        self._ringed_light = _windows(ringed, BLOCK + 2, BLOCK)
        self._planes = [_padded(plane, self.step, 0) for plane in chroma]
        self._chroma = [_windows(plane, self.step, self.step, writeable=True) for plane in self._planes]

    def chroma(self) -> Chroma:
        height, width = self._size
        blue, red = (np.ascontiguousarray(plane[:height, :width]) for plane in self._planes)
        return blue, red

    def fit(self, blocks: NDArray[np.intp]) -> None:
        """Takes chroma back, in place, to what fits at every luma that a decoder may mix it with."""
        at = blocks[:, 0], blocks[:, 1]
        if self.step == BLOCK:
            lowest = highest = self._light[at]
        else:
            light = self._ringed_light[at]
            lowest, highest = _reach(light, np.minimum), _reach(light, np.maximum)
        blue, red = self._chroma[0][at], self._chroma[1][at]
        fit_samples(blue, red, lowest, highest)
        self._chroma[0][at], self._chroma[1][at] = blue, red

    def fit_and_check(self, blocks: NDArray[np.intp]) -> _Checked:
        self.fit(blocks)
        return self.check(blocks)

    def check(self, blocks: NDArray[np.intp]) -> _Checked:
        """Encodes the blocks, decodes them in grey and in colour, and compares."""
        light = _packed(self._light, blocks)
        jpeg = simplejpeg.encode_jpeg_yuv_planes(
            light, *(_packed(plane, blocks) for plane in self._chroma), self.quality
        )
        grey = np.asarray(simplejpeg.decode_jpeg(jpeg, "GRAY"))[..., 0]
        rgb = np.asarray(simplejpeg.decode_jpeg(jpeg, "RGB", fastupsample=True))
        colour = grey_of(Image.fromarray(rgb))
        changed = np.flatnonzero(colour != grey)
        at, was, now = (np.ravel(plane)[changed].astype(np.int32) for plane in (light, grey, colour))
        distance = np.abs(now - at)
        row = _ACROSS * BLOCK
        block = changed // row // BLOCK * _ACROSS + changed % row // BLOCK
        harm = np.bincount(block, distance - np.abs(was - at), light.size // BLOCK**2).astype(np.int64)
        furthest = np.zeros(harm.size, np.int64)
        np.maximum.at(furthest, block, distance)
        before = np.maximum(light, grey) - np.minimum(light, grey)
        count = len(blocks)
        return _Checked(harm[:count], furthest[:count], int(before.max()), int(before.sum(dtype=np.int64)))

    def weaken(self, blocks: NDArray[np.intp], factor: float) -> None:
        at = blocks[:, 0], blocks[:, 1]
        for plane in self._chroma:
            shifted = plane[at].astype(np.float32) - NEUTRAL
            plane[at] = (NEUTRAL + np.trunc(shifted * factor)).astype(np.uint8)


def _padded(plane: Plane, step: int, ring: int) -> Plane:
    """A copy with its edge repeated: to whole blocks, and by a ring."""
    height, width = plane.shape
    return np.pad(plane, ((ring, -height % step + ring), (ring, -width % step + ring)), mode="edge")


def _windows(plane: Plane, side: int, step: int, writeable: bool = False) -> Plane:
    """A view (rows, columns, side, side) of squares whose corners are `step` apart."""
    view = np.lib.stride_tricks.sliding_window_view(plane, (side, side), writeable=writeable)
    return np.asarray(view[::step, ::step])


def _doubtful(luma: Plane, chroma: Chroma, step: int, quality: int) -> NDArray[np.bool_]:
    """The blocks in which some colour might not fit at some luma, decoding included."""
    coarse = 1.0 if quality >= _COARSE_QUALITY else _COARSE_QUALITY / quality
    lowest, highest = _extremes(luma, BLOCK)
    (least_blue, most_blue), (least_red, most_red) = (_extremes(plane, step) for plane in chroma)
    room_up = 255 - highest - _LUMA_MARGIN * coarse
    room_down = lowest - _LUMA_MARGIN * coarse
    margin = _CHROMA_MARGIN * coarse - NEUTRAL
    most_blue, most_red = most_blue + margin, most_red + margin
    least_blue, least_red = least_blue - (margin + 2 * NEUTRAL), least_red - (margin + 2 * NEUTRAL)
    up = np.maximum.reduce([1.402 * most_red, 1.772 * most_blue, -0.344136 * least_blue - 0.714136 * least_red])
    down = np.minimum.reduce([1.402 * least_red, 1.772 * least_blue, -0.344136 * most_blue - 0.714136 * most_red])
    return np.asarray((up > room_up) | (-down > room_down))


def _extremes(plane: Plane, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The smallest and largest value of each step x step block; blocks at the edge may be smaller."""
    rows = np.arange(0, plane.shape[0], step)
    columns = np.arange(0, plane.shape[1], step)

    def reduced(extreme: np.ufunc) -> NDArray[np.float32]:
        whole = plane.shape[0] // step * step
        tall = extreme.reduce(plane[:whole].reshape(-1, step, plane.shape[1]), axis=1)
        if whole < plane.shape[0]:
            tall = np.concatenate([tall, extreme.reduce(plane[whole:], axis=0, keepdims=True)])
        assert len(tall) == len(rows)
        return np.asarray(extreme.reduceat(tall, columns, axis=1), np.float32)

    return reduced(np.minimum), reduced(np.maximum)


def _reach(light: Plane, extreme: np.ufunc) -> Plane:
    """The extreme of the 4x4 pixels around each half-size sample: (n, 18, 18) to (n, 8, 8)."""
    rows = extreme(light[:, 0::2], light[:, 1::2])
    rows = extreme(rows[:, :-1], rows[:, 1:])
    columns = extreme(rows[:, :, 0::2], rows[:, :, 1::2])
    return np.asarray(extreme(columns[:, :, :-1], columns[:, :, 1:]))


def _packed(windows: Plane, blocks: NDArray[np.intp]) -> Plane:
    """Blocks side by side in rows of `_ACROSS`; the last is repeated to fill its row."""
    missing = -len(blocks) % _ACROSS
    if missing:
        blocks = np.concatenate([blocks, np.repeat(blocks[-1:], missing, axis=0)])
    tiles = windows[blocks[:, 0], blocks[:, 1]]
    side = tiles.shape[1]
    rows = tiles.reshape(-1, _ACROSS, side, side).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(rows).reshape(-1, _ACROSS * side)


def _offending(harm: NDArray[np.int64], furthest: NDArray[np.int64], limit: int, allowed: float) -> NDArray[np.intp]:
    """The blocks to weaken: those with a pixel too far off, and the worst ones if the mean is too large."""
    offending = furthest > limit
    surplus = int(harm.sum()) - allowed
    if surplus > 0:
        flat = harm.reshape(-1)
        order = np.argsort(-flat, kind="stable")[: np.count_nonzero(flat > 0)]
        enough = int(np.searchsorted(np.cumsum(flat[order]), 2 * surplus)) + 1
        offending.reshape(-1)[order[:enough]] = True
    return np.argwhere(offending)
