"""Clouds of colour where the picture itself has none: chroma energy at places and scales where lightness has none.

A colouring is believed when colour ends where things end. Things that differ in colour mostly differ in lightness too;
a blotch in a clear sky, or a red haze that spills over a wall, has no edge in lightness under it. So L*, a and b are
taken apart into bands of scale, and chroma counts in each band as far as lightness is quiet in the same band and place.

Photographs have such colour as well, a red flower among leaves as bright as itself. What a colouring has *beyond its
truth* at the same place and scale is therefore given beside the plain figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tintype.imaging import color
from tintype.imaging.types import Pixels, Plane

# Pictures are looked at with this short side, so that scales are shares of the picture, not pixels of a camera.
SIDE = 128
LONGEST = 512
# Distances of the taps of one smoothing after another; the differences between them are the bands. The first one only
# removes the finest structure (JPEG's chroma is no finer). Bands centre on about 1/20, 1/9, 1/4 and 1/2 of that side.
FINEST, STEPS = 1, (2, 4, 8, 16)
# The lightness that is barely something: a band with this root mean square, in L*, hides three quarters of the chroma.
QUIET = 1.0

_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


@dataclass(frozen=True)
class Blotches:
    """total: root mean square, over the picture, of chroma in quiet places, all bands together, in CIE units.
    excess: the same of what goes beyond the truth's own chroma energy at the same place and scale.
    """

    total: float
    excess: float


def blotchiness(rgb: Pixels) -> float:
    """`Blotches.total` of one uint8 sRGB picture (H, W, 3); 0 for a grey one, larger for more colour out of place."""
    return _root([quiet * chroma for quiet, chroma in _bands(rgb)])


def blotches(pictures: Sequence[Pixels], truth: Pixels) -> list[Blotches]:
    """The figures of several colourings of one picture; all uint8 (H, W, 3) of one size."""
    true_chroma = [chroma for _, chroma in _bands(truth)]
    found = []
    for rgb in pictures:
        bands = _bands(rgb)
        total = _root([quiet * chroma for quiet, chroma in bands])
        beyond = [quiet * np.maximum(chroma - own, 0) for (quiet, chroma), own in zip(bands, true_chroma, strict=True)]
        found.append(Blotches(total, _root(beyond)))
    return found


def _bands(rgb: Pixels) -> list[tuple[Plane, Plane]]:
    """For each band, from fine to coarse: how quiet lightness is, in (0, 1], and the local energy of chroma."""
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        raise ValueError(f"a picture of shape {rgb.shape} and type {rgb.dtype}: give uint8 (H, W, 3)")
    lab = color.srgb_to_lab(_reduced(rgb) * np.float32(1 / 255)).astype(np.float32)
    smooth = smoothed(lab, FINEST)
    bands = []
    for step in STEPS:
        smoother = smoothed(smooth, step)
        energy = smoothed((smooth - smoother) ** 2, 2 * step)
        quiet = (1 + energy[..., 0] / QUIET**2) ** -2
        bands.append((quiet, energy[..., 1] + energy[..., 2]))
        smooth = smoother
    return bands


def _reduced(rgb: Pixels) -> Pixels:
    height, width = rgb.shape[:2]
    scale = SIDE / min(height, width)
    size = (min(LONGEST, max(1, round(width * scale))), min(LONGEST, max(1, round(height * scale))))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BILINEAR))


def smoothed(planes: Plane, step: int) -> Plane:
    """Each plane of (H, W, C) under a binomial filter along both sides, its five taps `step` apart; edges mirrored."""
    for axis in (0, 1):
        margin = [(0, 0)] * 3
        margin[axis] = (2 * step, 2 * step)
        padded = np.moveaxis(np.pad(planes, margin, mode="symmetric"), axis, 0)
        length = planes.shape[axis]
        total = np.zeros((length, *padded.shape[1:]), np.float32)
        for index, weight in enumerate(_BINOMIAL):
            total += np.float32(weight) * padded[index * step : index * step + length]
        planes = np.moveaxis(total, 0, axis)
    return planes


def _root(energies: Sequence[Plane]) -> float:
    return float(np.sqrt(sum(float(energy.mean(dtype=np.float64)) for energy in energies)))
