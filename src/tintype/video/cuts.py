"""Scene cuts, found on luma: after a cut no motion explains the new picture from the old one."""

from dataclasses import dataclass

import numpy as np

from .motion import Motion, Small, Step
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


def likeness(motion: Motion, step: Step, earlier: Small, later: Small) -> Likeness:
    """Compare a frame with the one before; both on the grid of the motion."""
    cv2 = need_cv2()
    moved = cv2.remap(earlier, motion.here + step.back, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Likeness(float(step.trust_back.mean()), correlation(moved, later))


def correlation(first: Small, second: Small) -> float:
    """Pearson correlation of two planes; flat planes are alike where their light is."""
    a, b = first.astype(np.float32), second.astype(np.float32)
    spread_a, spread_b = float(a.std()), float(b.std())
    if min(spread_a, spread_b) < 2:  # black, white or fog: nothing to correlate
        return 1.0 if abs(float(a.mean()) - float(b.mean())) < 12 and max(spread_a, spread_b) < 8 else 0.0
    return float(((a - a.mean()) * (b - b.mean())).mean() / (spread_a * spread_b))
