"""From the colours a network answers with, at low resolution, to planes for a picture of any size."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.errors import WeightsError
from tintype.imaging.borders import Inside
from tintype.imaging.color import lab_to_srgb, rgb_to_ycc, ycc_to_rgb
from tintype.imaging.gamut import chroma_for_luma, reduce_chroma_lab
from tintype.imaging.planes import NEUTRAL, half_size
from tintype.imaging.resize import resize_float
from tintype.imaging.types import Plane8
from tintype.imaging.upsample import raise_chroma, raise_planes
from tintype.photo.photo import Photo

# Colours are matched to the luma at so many pixels along the longer side, or at as many as the network's answer has:
# small enough for exact colour science, and within 0.2 CIEDE2000, on average, of matching them pixel by pixel.
_WORKING_SIDE, _LONGEST_SIDE = 256, 1024


def compose(photo: Photo, ab: NDArray[np.float32]) -> Photo:
    """The photo with the colours `ab`, its luma untouched.

    ab: (h, w, 2) float32, CIE a and b for a grid that covers exactly the whole picture, of any size.

    The chroma planes have half size where the photo's own format stores them so, else full size. They may ask
    for more than fits at some pixel's luma; `Photo.rgb` and `Photo.encode` take back what does not.

    Raises ValueError for another shape and WeightsError for values that are not finite.
    """
    _check_ab(ab)
    width, height = working_size(*_chroma_size(photo), ab)
    luma = photo.small_luma(width, height, Image.Resampling.BOX)
    working = np.stack(raise_planes([ab[..., i] for i in range(2)], luma), axis=-1)
    shown = photo.as_shown(luma)
    chroma = chroma_for_luma(shown, working)
    if shown is not luma:
        rgb = ycc_to_rgb(np.stack([shown, *chroma], axis=-1)).clip(0, 1)
        stored = rgb_to_ycc(photo.as_stored(rgb))
        chroma = stored[..., 1], stored[..., 2]
    guide = photo.half_luma if photo.has_half_chroma else photo.luma
    return photo.with_chroma(*raise_chroma(guide, luma, chroma))


def compose_painting(photo: Photo, lightness: NDArray[np.float32], ab: NDArray[np.float32]) -> Photo:
    """A picture of the photo's size, format and metadata, of which the network painted light and colour.

    lightness: (h, w) float32, L*/50 - 1; ab: (h, w, 2) float32, CIE units. Both cover exactly the whole picture.
    They are enlarged smoothly: the result is as sharp as what the network painted. It is opaque, and sRGB whatever
    the profile of the photo was.

    Raises ValueError for other shapes and WeightsError for values that are not finite.
    """
    _check_ab(ab)
    if lightness.shape != ab.shape[:2]:
        raise ValueError(f"lightness must be {ab.shape[:2]} as ab, not {lightness.shape}")
    if not np.isfinite(lightness).all():
        raise WeightsError("the model answered with values that are not finite: it is broken, or its input was")
    lab = np.concatenate([(50 * lightness[..., None] + 50).clip(0, 100), ab], axis=-1)
    ycc = rgb_to_ycc(lab_to_srgb(reduce_chroma_lab(lab)).clip(0, 1))
    luma = resize_float(ycc[..., 0], photo.width, photo.height)
    chroma = (_to_plane(resize_float(ycc[..., i], *_chroma_size(photo))) for i in (1, 2))
    light = np.round(luma * 255).clip(0, 255).astype(np.uint8)
    return Photo(light, (next(chroma), next(chroma)), None, replace(photo.meta, icc=None))


def neutral_outside(photo: Photo, inside: Inside) -> Photo:
    """The photo without colour outside of that part: borders of prints and scans stay as they are."""
    if photo.chroma is None:
        return photo
    made = []
    for plane in photo.chroma:
        rows, columns = plane.shape[0] / photo.height, plane.shape[1] / photo.width
        kept = np.full_like(plane, NEUTRAL)
        top, bottom = math.floor(inside.top * rows), math.ceil(inside.bottom * rows)
        part = np.s_[top:bottom, math.floor(inside.left * columns) : math.ceil(inside.right * columns)]
        kept[part] = plane[part]
        made.append(kept)
    return photo.with_chroma(made[0], made[1])


def _check_ab(ab: NDArray[np.float32]) -> None:
    if ab.ndim != 3 or ab.shape[2] != 2 or not ab.size:
        raise ValueError(f"ab must be (h, w, 2) and not empty, not {ab.shape}")
    if not np.isfinite(ab).all():
        raise WeightsError("the model answered with values that are not finite: it is broken, or its input was")


def _chroma_size(photo: Photo) -> tuple[int, int]:
    return half_size(photo.width, photo.height) if photo.has_half_chroma else (photo.width, photo.height)


def working_size(width: int, height: int, ab: NDArray[np.float32]) -> tuple[int, int]:
    """Width and height at which the colours ab (h, w, 2) are matched to the luma of a picture of width x height."""
    scale = min(1.0, max(_WORKING_SIDE, min(max(ab.shape), _LONGEST_SIDE)) / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _to_plane(chroma: NDArray[np.float32]) -> Plane8:
    return np.round(chroma * 255 + NEUTRAL).clip(0, 255).astype(np.uint8)
