"""Chroma that fits its luma in a JPEG: limits, and the check sample by sample."""

import numpy as np
from numpy.typing import NDArray

from tintype.imaging.gamut import scale_to_fit
from tintype.imaging.planes import NEUTRAL
from tintype.imaging.types import Plane, Plane8

Counts = NDArray[np.int64]

BLOCK = 16

# How much larger the mean distance may be than the grey JPEG's: a hundredth of it, and so much of 255. Taking the
# last of it back would cost a speckled picture half of its colour, for a difference that nothing shows.
MEAN_SHARE, MEAN_SLACK = 0.01, 0.005


def even_storage(luma: Plane8) -> Plane8:
    """The same plane as a view into one of even height and width, its last row and column repeated.

    TurboJPEG reads luma up to the next whole 2x2 pixels; in a tight plane of odd size that is the start of
    the next row, and past the end of the last one.
    """
    height, width = luma.shape
    if height % 2 or width % 2:
        return np.pad(luma, ((0, height % 2), (0, width % 2)), mode="edge")[:height, :width]
    return np.ascontiguousarray(luma)


def fit_samples(blue: Plane8, red: Plane8, lowest: Plane8, highest: Plane8) -> bool:
    """Scales chroma samples down, in place, until they fit at both limits of luma; four contiguous arrays of one shape.

    Returns whether there were any to scale.
    """
    flat_blue, flat_red, lowest, highest = (plane.reshape(-1) for plane in (blue, red, lowest, highest))
    tight = may_not_fit(flat_blue, flat_red, lowest, highest)
    if not tight.size:
        return False
    cb, cr, low, high = (plane[tight].astype(np.float32) for plane in (flat_blue, flat_red, lowest, highest))
    cb -= NEUTRAL
    cr -= NEUTRAL
    scale = scale_to_fit(cb, cr, low, high, white=255)
    for plane, shifted in ((flat_blue, cb), (flat_red, cr)):
        plane[tight] = (NEUTRAL + np.trunc(shifted * scale)).astype(np.uint8)
    return True


def harm_of(luma: Plane8, grey: Plane8, colour: Plane8) -> tuple[Counts, Counts]:
    """What colour did to the light of each 16x16 block, (rows, columns) of blocks each: by how much its pixels are
    further from `luma` than those of the grey JPEG, all together, and how far the furthest is that colour moved.

    `grey` and `colour` are the lumas that a decoder sees of the JPEG without and with chroma.
    """
    height, width = luma.shape
    shape = -(-height // BLOCK), -(-width // BLOCK)
    changed = np.flatnonzero(colour != grey)
    at, was, now = (np.ravel(plane)[changed].astype(np.int32) for plane in (luma, grey, colour))
    distance = np.abs(now - at)
    block = changed // width // BLOCK * shape[1] + changed % width // BLOCK
    harm = np.bincount(block, distance - np.abs(was - at), shape[0] * shape[1]).astype(np.int64)
    furthest = np.zeros(harm.size, np.int64)
    np.maximum.at(furthest, block, distance)
    return harm.reshape(shape), furthest.reshape(shape)


def offending(harm: Counts, furthest: Counts, limit: int, allowed: float) -> NDArray[np.bool_]:
    """The blocks to weaken, of `harm_of`: those with a pixel beyond `limit`, and the worst ones if the harm of all is
    more than is allowed; none where the light is near enough."""
    found = np.asarray(furthest > limit)
    surplus = int(harm.sum()) - allowed
    if surplus > 0:
        # The worst blocks hold most of the harm: take them, in order, until twice the surplus is covered.
        flat = harm.reshape(-1)
        order = np.argsort(-flat, kind="stable")[: np.count_nonzero(flat > 0)]
        enough = int(np.searchsorted(np.cumsum(flat[order]), 2 * surplus)) + 1
        found.reshape(-1)[order[:enough]] = True
    return found


def weaker(chroma: Plane8, factor: Plane | float) -> Plane8:
    """Chroma scaled towards neutral by a factor, or by one for each sample."""
    shifted = chroma.astype(np.float32) - NEUTRAL
    return (NEUTRAL + np.trunc(shifted * np.asarray(factor, np.float32))).astype(np.uint8)


def may_not_fit(blue: Plane8, red: Plane8, lowest: Plane8, highest: Plane8) -> NDArray[np.intp]:
    """Flat indices of all chroma samples that break a limit, and of few others.

    In 64ths and integers, which is twice as fast, with the coefficients of R and B rounded up and one step
    to spare.
    """
    cb, cr = blue.astype(np.int16) - np.int16(NEUTRAL), red.astype(np.int16) - np.int16(NEUTRAL)
    r, g, b = cr * np.int16(90), cb * np.int16(-22) + cr * np.int16(-46), cb * np.int16(114)
    up, down = np.maximum(np.maximum(r, g), b), np.minimum(np.minimum(r, g), b)
    room_up = (np.uint8(255) - highest).astype(np.int16) * np.int16(64)
    room_down = lowest.astype(np.int16) * np.int16(-64)
    return np.flatnonzero((up > room_up - 64) | (down < room_down + 64))
