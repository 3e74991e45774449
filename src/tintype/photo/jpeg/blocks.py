"""Chroma for a large JPEG that leaves its light alone: only the 16x16 blocks in which a colour may not fit are
fitted, and of these as many are encoded, decoded and compared as it takes to be sure, packed side by side.

A block's luma and chroma steps are coded by themselves, so a packed block decodes as it does in its place, but for
one thing: decoders smooth half-size chroma across blocks. The check therefore decodes with one colour for every 2x2
pixels, which is the harsher case, since smoothing only mixes colours that each fit where they reach.

Fitted colours do so little harm (an eighth of what is allowed, in the worst of 27 trials on old and new photographs)
that a sample tells: the blocks whose chroma varies most, which JPEG moves most, and as many spread evenly over the
rest. Where that sample comes near the limits, all blocks are checked, and weakened until the limits hold.
"""

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from tintype.imaging.color import CB_TO_B, CB_TO_G, CR_TO_G, CR_TO_R
from tintype.imaging.planes import NEUTRAL, Chroma, grey_of
from tintype.imaging.types import Plane8
from tintype.parallel import spread

from .fit import BLOCK, MEAN_SHARE, MEAN_SLACK, Counts, fit_samples, harm_of, offending, weaker
from .tiles import Indices, Tiles, side_by_side

# How far JPEG's steps may move luma in blocks that are not looked at, at usual qualities. On photographs neither more
# nor less of it changes how far the light ends up from where it was.
_MARGIN = 2
_COARSE_QUALITY = 75

_ACROSS = 64
_PACKED = 32 * _ACROSS
# At least so many blocks are checked, or this share of the doubtful ones; so much of the harm allowed passes.
_SAMPLE, _SAMPLE_SHARE, _NEAR = 512, 12, 0.5
_FACTORS = (0.4, 0.4, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class _Checked:
    """What coding did to some blocks: each one's surplus distance and its furthest pixel; the grey picture's own."""

    harm: Counts
    furthest: Counts
    grey_most: int
    grey_sum: int


def fit_blocks(luma: Plane8, chroma: Chroma, quality: int) -> Chroma:
    """As `tintype.photo.jpeg.whole.fit_chroma`; the furthest pixel of all may be a little further off."""
    picture = _Picture(luma, chroma, quality)
    doubtful = np.argwhere(_doubtful(luma, chroma, picture.step, quality))
    if len(doubtful):
        risk = np.concatenate(spread(picture.fit, _parts(doubtful)))
        if not picture.is_harmless(doubtful, risk):
            picture.mend(doubtful)
    return picture.chroma


def _parts(blocks: Indices) -> list[Indices]:
    return [blocks[i : i + _PACKED] for i in range(0, len(blocks), _PACKED)]


class _Picture:
    """The planes as blocks that can be picked by their row and column; the chroma is a copy, to be changed."""

    def __init__(self, luma: Plane8, chroma: Chroma, quality: int) -> None:
        self.quality = quality
        self.step = BLOCK if chroma[0].shape == luma.shape else BLOCK // 2
        self.chroma: Chroma = np.array(chroma[0], order="C"), np.array(chroma[1], order="C")
        self._pixels = luma.size
        self._blocks = -(-luma.shape[0] // BLOCK), -(-luma.shape[1] // BLOCK)
        self._light = Tiles(np.ascontiguousarray(luma), BLOCK)
        self._chroma = tuple(Tiles(plane, self.step) for plane in self.chroma)

    def fit(self, blocks: Indices) -> NDArray[np.int64]:
        """Takes chroma back, in place, to what fits at every luma that a decoder may mix it with; how much the chroma
        of each block varies then."""
        if self.step == BLOCK:
            lowest = highest = self._light.take(blocks)
        else:
            light = self._light.take(blocks, ring=1)
            lowest, highest = _reach(light, np.minimum), _reach(light, np.maximum)
        blue, red = (tiles.take(blocks) for tiles in self._chroma)
        if fit_samples(blue, red, lowest, highest):
            for tiles, fitted in zip(self._chroma, (blue, red), strict=True):
                tiles.put(blocks, fitted)
        return _range(blue) + _range(red)

    def is_harmless(self, blocks: Indices, risk: NDArray[np.int64]) -> bool:
        """Whether a sample of these blocks says so: the riskiest, and as many of the others."""
        count = max(_SAMPLE, len(blocks) // _SAMPLE_SHARE)
        if len(blocks) <= 2 * count:
            return False
        order = np.argsort(-risk, kind="stable")
        top, others = order[: count // 2], order[count // 2 :]
        spaced = others[np.linspace(0, len(others) - 1, count - len(top)).astype(np.intp)]
        worst, usual = spread(self.check, [blocks[np.sort(chosen)] for chosen in (top, spaced)])
        limit = max(worst.grey_most, usual.grey_most)
        grey_mean = (worst.grey_sum + usual.grey_sum) / (count * BLOCK**2)
        harm = worst.harm.sum() + usual.harm.sum() * (len(others) / len(spaced))
        furthest = max(worst.furthest.max(), usual.furthest.max())
        # One more than the grey picture's furthest, because a sample of that is too low rather than too high.
        return bool(furthest <= limit + 1 and harm <= _NEAR * self._allowed(grey_mean))

    def _allowed(self, grey_mean: float) -> float:
        # The grey picture's distance in the blocks not looked at is taken to be as in the others.
        return (MEAN_SHARE * grey_mean + MEAN_SLACK) * self._pixels

    def mend(self, blocks: Indices) -> None:
        """Checks all of these blocks and weakens chroma, in rounds, where it does the most harm."""
        harm, furthest = (np.zeros(self._blocks, np.int64) for _ in range(2))
        stale, limit, grey_sum = blocks, 0, 0
        for factor in (None, *_FACTORS):
            if factor is not None:
                self._weaken(stale, factor)
            for part, checked in zip(_parts(stale), spread(self.check, _parts(stale)), strict=True):
                harm[part[:, 0], part[:, 1]] = checked.harm
                furthest[part[:, 0], part[:, 1]] = checked.furthest
                if factor is None:
                    limit, grey_sum = max(limit, checked.grey_most), grey_sum + checked.grey_sum
            allowed = self._allowed(grey_sum / (len(blocks) * BLOCK**2))
            stale = np.argwhere(offending(harm, furthest, limit, allowed))
            if not len(stale):
                break

    def check(self, blocks: Indices) -> _Checked:
        """Encodes the blocks, decodes them in grey and in colour, and compares."""
        filled = np.concatenate([blocks, np.repeat(blocks[-1:], -len(blocks) % _ACROSS, axis=0)])
        light, *chroma = (side_by_side(tiles.take(filled), _ACROSS) for tiles in (self._light, *self._chroma))
        jpeg = simplejpeg.encode_jpeg_yuv_planes(light, *chroma, self.quality)
        grey = np.asarray(simplejpeg.decode_jpeg(jpeg, "GRAY"))[..., 0]
        rgb = np.asarray(simplejpeg.decode_jpeg(jpeg, "RGB", fastupsample=True))
        colour = grey_of(Image.fromarray(rgb))
        harm, furthest = (each.reshape(-1)[: len(blocks)] for each in harm_of(light, grey, colour))
        before = np.maximum(light, grey) - np.minimum(light, grey)
        return _Checked(harm, furthest, int(before.max()), int(before.sum(dtype=np.int64)))

    def _weaken(self, blocks: Indices, factor: float) -> None:
        for tiles in self._chroma:
            tiles.put(blocks, weaker(tiles.take(blocks), factor))


def _doubtful(luma: Plane8, chroma: Chroma, step: int, quality: int) -> NDArray[np.bool_]:
    """The blocks in which some colour might not fit at some luma, decoding included."""
    coarse = 1.0 if quality >= _COARSE_QUALITY else _COARSE_QUALITY / quality
    planes = [(luma, BLOCK), (chroma[0], step), (chroma[1], step)]
    (lowest, highest), (least_blue, most_blue), (least_red, most_red) = spread(lambda each: _extremes(*each), planes)
    room_up, room_down = 255 - highest - _MARGIN * coarse, lowest - _MARGIN * coarse
    least_blue, most_blue, least_red, most_red = (
        plane - NEUTRAL for plane in (least_blue, most_blue, least_red, most_red)
    )
    up = np.maximum.reduce([CR_TO_R * most_red, CB_TO_B * most_blue, CB_TO_G * least_blue + CR_TO_G * least_red])
    down = np.minimum.reduce([CR_TO_R * least_red, CB_TO_B * least_blue, CB_TO_G * most_blue + CR_TO_G * most_red])
    return np.asarray((up > room_up) | (-down > room_down))


def _extremes(plane: Plane8, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The smallest and largest value of each step x step block; blocks at the edge may be smaller."""
    height, width = plane.shape
    whole = height // step * step

    def reduced(extreme: np.ufunc) -> NDArray[np.float32]:
        tall = extreme.reduce(plane[:whole].reshape(-1, step, width), axis=1)
        if whole < height:
            tall = np.concatenate([tall, extreme.reduce(plane[whole:], axis=0, keepdims=True)])
        if width % step:
            tall = np.pad(tall, ((0, 0), (0, -width % step)), mode="edge")
        # Transposed, the pixels of all blocks are reduced at once, and not block by block.
        across = np.ascontiguousarray(tall.reshape(-1, step).T)
        return np.asarray(extreme.reduce(across, axis=0).reshape(len(tall), -1), np.float32)

    return reduced(np.minimum), reduced(np.maximum)


def _reach(light: Plane8, extreme: np.ufunc) -> Plane8:
    """The extreme of the 4x4 pixels around each half-size sample: (18, n, 18) to (8, n, 8)."""
    rows = extreme(light[0::2], light[1::2])
    rows = extreme(rows[:-1], rows[1:])
    columns = extreme(rows[..., 0::2], rows[..., 1::2])
    return np.asarray(extreme(columns[..., :-1], columns[..., 1:]))


def _range(tiles: Plane8) -> NDArray[np.int64]:
    """The largest less the smallest sample of each tile."""
    most, least = tiles.max(axis=0).max(axis=1), tiles.min(axis=0).min(axis=1)
    return np.asarray(most.astype(np.int64) - least)
