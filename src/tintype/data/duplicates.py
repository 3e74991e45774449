"""Near-duplicates: the same picture in another size or coding, found by a perceptual hash and checked by a thumbnail.

Two pictures are near-duplicates when their 64-bit hashes differ in at most 7 bits and their thumbnails by at most 10 of
255 levels. Measured on 42,646 small pictures: all of 2,139 copies that were resized to 0.4 to 1 and coded as JPEG at
quality 40 to 90 stay within 5 bits and 4.9 levels, and of the pairs found none that was looked at showed two different
scenes. Hashes alone would also pair faces, and objects on white.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_BITS = 7  # one more would need another kind of index: see close_pairs
MOST_LEVELS = 10.0

_BANDS = 4
_BAND_BITS = 16


@dataclass(frozen=True)
class Likeness:
    """What is remembered of a picture to compare it: `hash` of 64 bits, `thumbnail` uint8 (16, 16, 3)."""

    hash: np.uint64
    thumbnail: NDArray[np.uint8]


def likeness_of(rgb: NDArray[np.uint8]) -> Likeness:
    """Hash and thumbnail of uint8 RGB (H, W, 3), whatever the aspect ratio.

    The hash is 64 signs: the lowest frequencies, 8 x 8 of a 32 x 32 cosine transform of the luma, against their median.
    """
    luma = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)
    waves = cv2.dct(cv2.resize(luma, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32))[:8, :8].ravel()
    waves[0] = 0  # brightness says nothing about what is seen
    bits = np.packbits(waves > np.median(waves[1:])).view(np.uint64)[0]
    return Likeness(bits, np.asarray(cv2.resize(rgb, (16, 16), interpolation=cv2.INTER_AREA), np.uint8))


def close_pairs(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Index pairs (P, 2), the first smaller, of hashes (N,) that differ in at most MOST_BITS bits.

    Of 7 differing bits at least one of four 16-bit bands holds one or none. So for each band every hash is looked up
    under its 17 nearest values: time grows with N and the number of pairs, not with N squared.
    """
    found = [np.empty((0, 2), np.int64)]
    for band in range(_BANDS):
        values = ((hashes >> np.uint64(band * _BAND_BITS)) & np.uint64(0xFFFF)).astype(np.int64)
        order = np.argsort(values, kind="stable")
        ranked = values[order]
        for flip in (0, *(1 << bit for bit in range(_BAND_BITS))):
            low = np.searchsorted(ranked, values ^ flip, "left")
            counts = np.searchsorted(ranked, values ^ flip, "right") - low
            left = np.repeat(np.arange(len(hashes)), counts)
            start = np.repeat(np.cumsum(counts) - counts, counts)
            right = order[np.repeat(low, counts) + np.arange(len(left)) - start]
            near = (left < right) & (np.bitwise_count(hashes[left] ^ hashes[right]) <= MOST_BITS)
            found.append(np.stack([left[near], right[near]], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def twins(likenesses: Sequence[Likeness]) -> list[list[int]]:
    """Groups of near-duplicates, each a rising list of at least two indices into `likenesses`."""
    if not likenesses:
        return []
    first: dict[bytes, int] = {}
    keys = (likeness.hash.tobytes() + likeness.thumbnail.tobytes() for likeness in likenesses)
    copies = [(first.setdefault(key, index), index) for index, key in enumerate(keys)]
    kept = np.array(list(first.values()), np.int64)  # a thousand copies of one picture are not a million pairs
    hashes = np.array([likenesses[index].hash for index in kept], np.uint64)
    thumbnails = np.stack([likenesses[index].thumbnail for index in kept])
    pairs = close_pairs(hashes)
    alike = [_differ(thumbnails, some) <= MOST_LEVELS for some in np.array_split(pairs, 1 + len(pairs) // 65536)]
    near = kept[pairs[np.concatenate(alike)]]
    return [group for group in groups(len(likenesses), [*copies, *near.tolist()]) if len(group) > 1]


def _differ(thumbnails: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean absolute difference in levels of each pair (P, 2) of thumbnails."""
    left, right = (thumbnails[pairs[:, side]].astype(np.int16) for side in (0, 1))
    return np.asarray(np.abs(left - right).mean(axis=(1, 2, 3), dtype=np.float32))


def groups(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The numbers below `count`, those that pairs connect together; groups in order of their first member."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for left, right in pairs:
        a, b = root(left), root(right)
        parent[max(a, b)] = min(a, b)
    members: dict[int, list[int]] = {}
    for item in range(count):
        members.setdefault(root(item), []).append(item)
    return list(members.values())
