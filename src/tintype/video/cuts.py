"""Scene cuts, found on luma: after a cut no motion explains the new picture from the old one."""

from dataclasses import dataclass

import numpy as np

from tintype.imaging.types import Floats

from .motion import Small, Step
from .need import need_cv2

# A cut: less than this share of pixels whose motion can be trusted, and less than this correlation of the picture
# with what motion makes of the one before. Measured on made-up films: benchmarks/video.py --cuts.
TRUSTED = 0.12
ALIKE = 0.70


@dataclass(frozen=True)
class Likeness:
    """How much of a frame its predecessor explains: both near 1 within a scene, both small at a cut.

    trusted: share of pixels whose motion there and back agrees. alike: correlation of the frame with its
    predecessor moved along.
    """

    trusted: float
    alike: float

    @property
    def is_cut(self) -> bool:
        """Whether a new scene begins."""
        return self.trusted < TRUSTED and self.alike < ALIKE


def likeness(step: Step, later: Small) -> Likeness:
    """Compare a frame with the one before, of which ``step`` holds what its motion makes."""
    return Likeness(float(step.trust_back.mean()), correlation(step.moved, later))


def correlation(first: Floats | Small, second: Floats | Small) -> float:
    """Pearson correlation of two planes; flat planes are alike where their light is."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    (mean_a, spread_a), (mean_b, spread_b) = (_mean_and_spread(plane) for plane in (a, b))
    if min(spread_a, spread_b) < 2:  # black, white or fog: nothing to correlate
        return 1.0 if abs(mean_a - mean_b) < 12 and max(spread_a, spread_b) < 8 else 0.0
    a -= np.float32(mean_a)
    b -= np.float32(mean_b)
    return float(np.dot(a.reshape(-1), b.reshape(-1))) / (a.size * spread_a * spread_b)


def _mean_and_spread(plane: Floats) -> tuple[float, float]:
    mean, spread = need_cv2().meanStdDev(plane)
    return float(mean[0, 0]), float(spread[0, 0])
