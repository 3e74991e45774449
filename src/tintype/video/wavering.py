"""How what a network answers wavers from frame to frame, for places whose motion is not trusted: as on things alike.

Where motion is trusted, memory takes most of that wavering away. Where it is not, in an even sky, behind what has moved
on, nothing is known of the place itself; but a network wavers as a whole, and more alike on things of like lightness
that lie near one another. So what was taken away there is averaged in a bilateral grid, over place and lightness (Chen,
Paris and Durand, "Real-time edge-aware image processing with the bilateral grid", 2007), and taken away here as well.
"""

import numpy as np

from tintype.imaging.types import Floats

from .motion import Small
from .need import need_cv2

LEVELS = 6  # of lightness
COARSE = 4  # pixels of a cell; means reach over half of the short side
# How fast the means lose their say where little around is trusted: 0 never, 1 in proportion.
DOUBT = 0.75
_LEAST = np.float32(1e-3)


def spread(correction: Floats, share: Floats, light: Small) -> Floats:
    """Means of `correction` (h, w, 2), CIE units, where `share` (h, w), 0 to 1, is small; nothing where it is 1.

    `correction` is what memory changes the answer by, which is `share` times their difference; `light` (h, w) the
    frame, uint8. To be added to `correction`: (h, w, 2) float32.
    """
    cv2 = need_cv2()
    height, width = share.shape
    cells = (-(-width // COARSE), -(-height // COARSE))
    side = min(cells) | 1
    level = light.astype(np.float32) * np.float32((LEVELS - 1) / 255)
    small_level, small_share, small = (
        cv2.resize(x, cells, interpolation=cv2.INTER_AREA) for x in (level, share, correction)
    )
    means = np.zeros_like(correction)
    for number in range(LEVELS):
        like = _likeness(small_level, number)
        around, trusted, given = (
            cv2.blur(x, (side, side)) for x in (like, like * small_share, like[..., None] * small)
        )
        trusted = trusted.clip(0)  # a running sum may end a little below
        belief = (trusted / (around + _LEAST)).clip(0, 1) ** np.float32(DOUBT)
        mean = given * (belief / (trusted + _LEAST))[..., None]
        raised = cv2.resize(mean, (width, height), interpolation=cv2.INTER_LINEAR)
        means += raised * _likeness(level, number)[..., None]
    found: Floats = means * (1 - share)[..., None]
    return found


def _likeness(level: Floats, number: int) -> Floats:
    """How near levels are to one of them: 1 at it, 0 from the next one on."""
    return np.asarray((1 - np.abs(level - np.float32(number))).clip(0), np.float32)
