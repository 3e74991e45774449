"""A palette that a picture is held to."""

from collections.abc import Sequence

import numpy as np

from tintype.errors import TintypeError
from tintype.imaging.color import srgb_to_lab
from tintype.imaging.types import Plane

SOFTNESS = 9.0  # CIE units: how near two colours of the palette must be to mix
MOST = 32


def lock_palette(ab: Plane, palette: Sequence[tuple[int, int, int]]) -> Plane:
    """Move every colour of `ab` (h, w, 2), CIE units, to the nearest of the palette's (R, G, B), 0 to 255.

    Between two of them colours mix over a few units, so that no seam appears where there was none. Grey is always
    part of a palette: what the network sees without colour stays so, and pale shades stay paler than vivid ones.

    Raises TintypeError without a colour, or with more than 32.
    """
    if not 0 < len(palette) <= MOST:
        raise TintypeError(f"the palette has {len(palette)} colours; 1 to {MOST} are possible")
    rgb = np.asarray(palette, np.float32) / 255
    colours = np.concatenate([srgb_to_lab(rgb)[:, 1:], np.zeros((1, 2), np.float32)])
    distance = ((ab[..., None, :] - colours) ** 2).sum(-1)
    nearness = np.exp((distance.min(-1, keepdims=True) - distance) / (2 * SOFTNESS**2))
    return np.asarray((nearness / nearness.sum(-1, keepdims=True)) @ colours, np.float32)
