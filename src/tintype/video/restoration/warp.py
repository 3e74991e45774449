"""A neighbour of a frame moved to where the frame's things are, at full size, by motion found on the small grid."""

import numpy as np

from tintype.imaging.types import Floats
from tintype.video.levels import Luma
from tintype.video.need import need_cv2

from .scene import Shown


class Warp:
    """Moves pictures of one size."""

    def __init__(self, height: int, width: int) -> None:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._here = np.stack([x, y], axis=-1)
        self.size = width, height

    def moved(self, luma: Luma, flow: Floats) -> Luma:
        """The picture (H, W) seen from another frame; flow (h, w, 2) leads from there to it, in pixels of the grid."""
        cv2 = need_cv2()
        width, height = self.size
        flow = flow * np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
        large = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
        cv2.add(large, self._here, dst=large)
        moved: Luma = cv2.remap(luma, large, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return moved

    def neighbours(self, before: Shown | None, shown: Shown, after: Shown | None) -> list[tuple[Luma, Floats]]:
        """The frames on both sides, moved here, each with how far its motion is to be trusted (H, W) in [0, 1]."""
        found = []
        if before is not None and shown.step is not None:
            found.append((self.moved(before.luma, shown.step.back), self._raised(shown.step.trust_back)))
        if after is not None and after.step is not None:
            found.append((self.moved(after.luma, after.step.forth), self._raised(after.step.trust_forth)))
        return found

    def _raised(self, trust: Floats) -> Floats:
        """The trust around each place: a speck is never trusted by itself."""
        cv2 = need_cv2()
        around = cv2.blur(trust, (15, 15))
        raised: Floats = cv2.resize(around, self.size, interpolation=cv2.INTER_LINEAR)
        return raised
