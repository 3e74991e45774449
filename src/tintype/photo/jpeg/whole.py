"""Chroma for a JPEG that leaves its light alone.

Decoding to RGB clips where a colour does not fit at its luma, and a clipped pixel has changed its light. What
luma a decoder will see depends on the luma plane and the quality alone, so it is known in advance: chroma is
taken back to what fits there. What the coarse steps of JPEG chroma still do is found by decoding the result,
and chroma is weakened in the blocks that do the most harm until the picture's light is as near as the grey
JPEG's.

Small pictures are checked whole, in horizontal bands of 16x16 blocks, in threads: a band with one more row of blocks
above and below decodes exactly as it does inside the whole picture. In large ones most blocks have room to spare at
every pixel; only the others are looked at (blocks.py).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from tintype.imaging.planes import Chroma, grey_of
from tintype.imaging.types import Plane8
from tintype.parallel import spread

from .fit import BLOCK, MEAN_SHARE, MEAN_SLACK, fit_samples, harm_of, offending, weaker

_ROUNDS = 8
_BAND_PIXELS = 1 << 21
_FIT_PIXELS = 1 << 16


@dataclass(frozen=True)
class _Band:
    """Luma rows start..stop, within rows outer_start..outer_stop that also hold its neighbours."""

    start: int
    stop: int
    outer_start: int
    outer_stop: int

    @property
    def outer(self) -> slice:
        return slice(self.outer_start, self.outer_stop)

    @property
    def inner(self) -> slice:
        return slice(self.start, self.stop)

    @property
    def inner_of_outer(self) -> slice:
        return slice(self.start - self.outer_start, self.stop - self.outer_start)

    @property
    def blocks(self) -> slice:
        return slice(self.start // BLOCK, -(-self.stop // BLOCK))


class _Fitter:
    def __init__(self, luma: Plane8, chroma: Chroma, quality: int) -> None:
        self.luma, self.quality = luma, quality
        self.wanted = chroma
        self.half = 1 if chroma[0].shape == luma.shape else 2
        self.fitted = np.empty_like(chroma[0]), np.empty_like(chroma[1])
        self.decoded = np.empty(luma.shape, np.uint8)
        height, width = luma.shape
        self.blocks = -(-height // BLOCK), -(-width // BLOCK)
        self.harm, self.furthest = (np.zeros(self.blocks, np.int64) for _ in range(2))
        self.bands = self._bands_of(np.ones(self.blocks[0], np.bool_))

    def fit(self) -> Chroma:
        limits, sums = zip(*spread(self._prepare, self.bands), strict=True)
        allowed = MEAN_SHARE * sum(sums) + MEAN_SLACK * self.luma.size
        stale = self.bands
        for attempt in range(_ROUNDS):
            spread(self._check, stale)
            worst = offending(self.harm, self.furthest, max(limits), allowed)
            if not worst.any():
                break
            self._weaken(worst, 0.4 if attempt < 2 else 0.0)
            stale = self._bands_of(np.asarray(_grow(_grow(_grow(worst))).any(axis=1)))
        return self.fitted

    def _bands_of(self, wanted: NDArray[np.bool_]) -> list[_Band]:
        """The wanted rows of blocks as bands of neighbours, none above `_BAND_PIXELS` by more than a row."""
        height, width = self.luma.shape
        most = max(1, _BAND_PIXELS // width // BLOCK)
        bands, row = [], 0
        while row < len(wanted):
            stop = row
            while stop < len(wanted) and wanted[stop] and stop - row < most:
                stop += 1
            if stop > row:
                start, end = row * BLOCK, min(stop * BLOCK, height)
                bands.append(_Band(start, end, max(start - BLOCK, 0), min(end + BLOCK, height)))
            row = max(stop, row + 1)
        return bands

    def _chroma_rows(self, rows: slice) -> slice:
        return slice(rows.start // self.half, -(-rows.stop // self.half))

    def _prepare(self, band: _Band) -> tuple[int, int]:
        """Decodes the band as a grey JPEG and fits its chroma to that; the largest and the summed distance."""
        luma = self.luma[band.outer]
        grey = simplejpeg.encode_jpeg_yuv_planes(luma, None, None, self.quality)
        decoded = np.asarray(simplejpeg.decode_jpeg(grey, "GRAY"))[..., 0]
        outer, inner = self._chroma_rows(band.outer), self._chroma_rows(band.inner)
        keep = slice(inner.start - outer.start, inner.stop - outer.start)
        fitted = _fit_to_luma(decoded, (self.wanted[0][outer], self.wanted[1][outer]))
        for target, plane in zip(self.fitted, fitted, strict=True):
            target[inner] = plane[keep]
        luma, decoded = luma[band.inner_of_outer], decoded[band.inner_of_outer]
        self.decoded[band.inner] = decoded
        distance = np.maximum(luma, decoded) - np.minimum(luma, decoded)
        return int(distance.max()), int(distance.sum(dtype=np.int64))

    def _check(self, band: _Band) -> None:
        """Decodes the band in colour and notes, for each block, what that did to its light."""
        rows = self._chroma_rows(band.outer)
        jpeg = simplejpeg.encode_jpeg_yuv_planes(
            self.luma[band.outer], self.fitted[0][rows], self.fitted[1][rows], self.quality
        )
        rgb = np.asarray(simplejpeg.decode_jpeg(jpeg, "RGB"))[band.inner_of_outer]
        colour = grey_of(Image.fromarray(rgb))
        harm, furthest = harm_of(self.luma[band.inner], self.decoded[band.inner], colour)
        self.harm[band.blocks], self.furthest[band.blocks] = harm, furthest

    def _weaken(self, blocks: NDArray[np.bool_], factor: float) -> None:
        """Scales chroma in these blocks and their neighbours, with a ramp around them: hard edges would show."""
        step = BLOCK // self.half
        weights = Image.fromarray(np.where(_grow(blocks), factor, 1).astype(np.float32))
        size = blocks.shape[1] * step, blocks.shape[0] * step
        height, width = self.fitted[0].shape
        weight = np.asarray(weights.resize(size, Image.Resampling.BILINEAR))[:height, :width]
        marked = weight < 1
        for plane in self.fitted:
            plane[marked] = weaker(plane[marked], weight[marked])


def _grow(blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The marked blocks and all their neighbours."""
    padded = np.pad(blocks, 1)
    height, width = blocks.shape
    shifted = [padded[i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return np.asarray(np.any(shifted, axis=0))


def _fit_to_luma(luma: Plane8, chroma: Chroma) -> Chroma:
    """Chroma scaled down, sample by sample, until it fits at every luma it is decoded with.

    A half-size sample reaches, through the decoder's triangle filter, the 4x4 pixels around it. The limits
    are linear in chroma, so if each sample fits at each luma it reaches, so do their mixtures.
    """
    lowest, highest = luma, luma
    if chroma[0].shape != luma.shape:
        lowest, highest = _reach(luma, np.minimum), _reach(luma, np.maximum)
    blue, red = np.array(chroma[0]), np.array(chroma[1])
    rows = max(1, _FIT_PIXELS // luma.shape[1])
    for start in range(0, blue.shape[0], rows):
        part = slice(start, start + rows)
        fit_samples(blue[part], red[part], lowest[part], highest[part])
    return blue, red


def _reach(luma: Plane8, extreme: Callable[..., Plane8]) -> Plane8:
    """The smallest or largest luma of each 2x2 pixels and the ring of one pixel around: (ceil(H/2),
    ceil(W/2))."""
    height, width = luma.shape
    if height % 2 or width % 2:
        luma = np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")

    def pairs(first: Plane8, second: Plane8) -> Plane8:
        result = extreme(first, second)
        extreme(result[1:], second[:-1], out=result[1:])
        extreme(result[:-1], first[1:], out=result[:-1])
        return result

    rows = pairs(luma[0::2], luma[1::2])
    columns = np.ascontiguousarray(rows.T)
    return np.ascontiguousarray(pairs(columns[0::2], columns[1::2]).T)
