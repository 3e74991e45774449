"""Black-and-white negatives: the film base found in the rebate, and density inversion to a positive.

A scan tells how much light the negative lets through: its density is D = -log10(T / T0), T0 that of the clear film
base, which the rebate around a frame shows. Film answers to log exposure by a nearly straight line (Hurter and
Driffield, 1890), so that the light of the scene was 10^(D / gamma), with the gamma of ordinary development. Turning
levels upside down instead, as image editors do, crushes the lights and leaves the shadows flat.

One roll has one base and one scale: measured over all of its frames, so that they keep their exposures to one another.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.imaging.color import linear_to_srgb, srgb_to_linear
from tintype.imaging.types import Plane
from tintype.photo.photo import Photo

GAMMA = 0.62  # of a negative developed for printing, contrast index as makers state it
# The rim of a scan in which the rebate is looked for, as a part of its sides, and the part that is surely picture.
_RIM, _MIDDLE = 0.05, 0.7
_SIDE = 512  # pixels: what is measured is a copy of about this side
_HOLDER = 0.0005  # transmittance below which there is no film but its holder, or what the scanner cannot see
# A side shows the rebate where so much of it is film, and so much of that is of one brightness; two sides must.
_LEAST_FILM, _REBATE_SHARE, _SIDES = 0.2, 0.5, 2
_NEAR = 0.04  # density around that of the base
_TAIL = 0.1  # percent of the picture that may be white
_LEAST_RANGE = 0.4  # of density from black to white: less is fog, or a blank frame
_LEVELS_8, _LEVELS_16 = 256, 65536


@dataclass(frozen=True)
class Roll:
    """What the frames of a roll have in common.

    Attributes:
        base: transmittance of the clear film, 0 to 1, as the scans show it.
        white: density above the base at which the positive is white.
        rebate: whether the base was found in a rebate; else it is the clearest place of the pictures.
    """

    base: float
    white: float
    rebate: bool

    def positive(self, transmittance: Plane) -> Plane:
        """The positive in linear light, 0 to 1, of transmittances of any shape."""
        density = -np.log10(np.maximum(transmittance, np.float32(1e-6)) / np.float32(self.base))
        exposure = np.power(np.float32(10), (density - np.float32(self.white)) / np.float32(GAMMA))
        black = np.float32(10 ** (-self.white / GAMMA))
        return np.asarray(((exposure - black) / (1 - black)).clip(0, 1), np.float32)


def measure_roll(photos: Iterable[Photo]) -> Roll:
    """The base and the scale of scans of one roll. The base is that of the frames whose rebate is seen, the clearest
    place of any where none is; white is the densest of the frames' whites, so that none is cut off.

    Raises:
        ValueError: there is no scan.
    """
    measured = [_measure(photo) for photo in photos]
    if not measured:
        raise ValueError("no scan to measure")
    with_rebate = [base for base, _, rebate in measured if rebate]
    base = float(np.median(with_rebate)) if with_rebate else max(base for base, _, _ in measured)
    white = max(np.log10(base) - dense for _, dense, _ in measured)
    return Roll(base, max(_LEAST_RANGE, float(white)), bool(with_rebate))


def to_positive(photo: Photo, roll: Roll | None = None) -> Photo:
    """The positive of a scanned negative, grey; in 16 bits where the scan has them.

    ``roll`` is what its frames have in common; measured on this one alone when None.
    """
    roll = roll or measure_roll([photo])
    if photo.deep is None:
        return Photo(_table(photo, roll, _LEVELS_8).astype(np.uint8)[photo.luma], None, photo.alpha, photo.meta)
    table = _table(photo, roll, _LEVELS_16).astype(np.uint16)
    deep = type(photo.deep)(table[photo.deep.luma], photo.deep.alpha)
    luma = ((deep.luma.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return Photo(luma, None, photo.alpha, photo.meta, deep)


def curve(roll: Roll, shown: Plane) -> Plane:
    """sRGB values, 0 to 1, of the positive where the scan shows the sRGB values ``shown``."""
    return linear_to_srgb(roll.positive(srgb_to_linear(shown)))


def _table(photo: Photo, roll: Roll, levels: int) -> NDArray[np.float32]:
    """What each level of the scan becomes, of as many levels, under the picture's own profile."""
    stored = np.linspace(0, 1, levels, dtype=np.float32)
    made = photo.as_stored(curve(roll, photo.as_shown(stored)))
    return np.asarray(np.round(made.clip(0, 1) * (levels - 1)), np.float32)


def _measure(photo: Photo) -> tuple[float, float, bool]:
    """Transmittance of the base, log10 of that of the densest place of the picture, and whether a rebate is seen."""
    scale = min(1.0, _SIDE / max(photo.width, photo.height))
    width, height = max(8, round(photo.width * scale)), max(8, round(photo.height * scale))
    if photo.deep is not None:
        small = np.asarray(Image.fromarray(photo.deep.luma.astype(np.float32)).resize((width, height)), np.float32)
        small = small / np.float32(65535)
    else:
        small = photo.small_luma(width, height, Image.Resampling.BOX)
    return measure_shown(photo.as_shown(small))


def measure_shown(shown: Plane) -> tuple[float, float, bool]:
    """The same of a small copy (h, w) of a scan in sRGB values, 0 to 1."""
    light = srgb_to_linear(shown)
    height, width = light.shape
    rows, columns = max(1, round(height * _RIM)), max(1, round(width * _RIM))
    edge = (1 - _MIDDLE) / 2
    picture = light[round(height * edge) : round(height * (1 - edge)), round(width * edge) : round(width * (1 - edge))]
    film = picture[picture > _HOLDER]
    if not film.size:
        film = np.full(1, _HOLDER, np.float32)
    clearest = float(np.percentile(film, 99.9))
    strips = [light[:rows], light[height - rows :], light[:, :columns], light[:, width - columns :]]
    on_rim = [strip[strip > _HOLDER] for strip in strips]
    base, rebate = clearest, False
    if any(strip.size for strip in on_rim):
        bright = float(np.percentile(np.concatenate(on_rim), 90))
        near = [strip[np.abs(np.log10(strip / bright)) < _NEAR] for strip in on_rim]
        even = sum(
            film.size > _LEAST_FILM * whole.size and same.size > _REBATE_SHARE * film.size
            for whole, film, same in zip(strips, on_rim, near, strict=True)
        )
        # Nothing of the picture is clearer than the base.
        if even >= _SIDES and bright >= clearest * 10**-_NEAR:
            base, rebate = float(np.median(np.concatenate(near))), True
    dense = float(np.log10(max(float(np.percentile(film, _TAIL)), _HOLDER)))
    return base, dense, rebate
