"""Encoded image: what a picture is at one working size of the network, kept for any number of predictions.

The encoder runs once, as `set_image` of Segment Anything (Kirillov et al., 2023): other hints cost the decoder alone.
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tintype.hints.hint import Hint, check_inside, hint_planes, reach_of
from tintype.hints.propagate import GuidanceMaps, Reach
from tintype.imaging.resize import resize_float
from tintype.imaging.types import Plane
from tintype.network.network import Network
from tintype.parallel import both

DISTRIBUTION = "distribution"
THINGS = "features_16"  # what tells things of one picture apart, for hints


@dataclass
class WorkingCopy:
    """A picture at one working size.

    Attributes:
        network: sees it.
        lightness: (h, w) float32, L*/50 - 1.
        padded: the same, (H, W), as the network takes it.
        lock: held while what is kept for all hints is made, so that two who ask at once do not make it twice.
    """

    network: Network
    lightness: Plane
    padded: Plane
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)
    _plain: Plane | None = None
    _guidance: GuidanceMaps | None = None
    _latest_reach: tuple[tuple[tuple[Hint, ...], tuple[int, int]], Reach] | None = None
    _latest: tuple[tuple[tuple[str, ...], tuple[Hint, ...]], dict[str, Plane]] | None = None

    @cached_property
    def encoded(self) -> dict[str, Plane]:
        """What the encoder finds, which `Network.decode` begins with."""
        return self.network.encode(self.padded[None, None])

    @property
    def is_prepared(self) -> bool:
        """Whether all that hints need has been made."""
        return self._plain is not None and self._guidance is not None

    def run(self, outputs: tuple[str, ...]) -> dict[str, Plane]:
        """Outputs (h', w', channels) of the whole network without hints; its arithmetic in one piece, nothing kept."""
        return self._cropped(self.network.run(self.padded[None, None], outputs=outputs))

    def decode(self, outputs: tuple[str, ...], hints: Plane | None = None) -> dict[str, Plane]:
        """Outputs of the decoder alone, for hint planes (3, H, W)."""
        given = None if hints is None else hints[None]
        with self.lock:
            _ = self.encoded
        return self._cropped(self.network.decode(self.encoded, given, outputs=outputs)) if outputs else {}

    def plain(self) -> Plane:
        """The answer without hints (h', w', 2), CIE units, kept for the next hint, and for the next taste."""
        with self.lock:
            if self._plain is None:
                self._plain = self.run(("ab",))["ab"]
                self._plain.flags.writeable = False
            return self._plain

    def hinted(
        self, outputs: tuple[str, ...], hints: Sequence[Hint], picture: tuple[int, int], *, draft: bool = False
    ) -> dict[str, Plane]:
        """Outputs (h', w', channels) for hints in pixels of a picture of that height and width, which "ab" meets.

        The latest answer is kept: it is composed at several sizes, or with another taste. A ``draft`` of "ab" alone is
        what the hints make of the answer without them. Raises TintypeError for a hint outside the picture.
        """
        question, latest = (outputs, tuple(hints)), self._latest  # which another thread may replace meanwhile
        if latest is not None and latest[0] == question:
            return latest[1]
        check_inside(hints, picture)
        if draft and outputs == ("ab",):
            return {"ab": self._reach(hints, picture).meet(self.plain())}
        knows = self.network.model_file.info.hints == "trained"
        asked = tuple(name for name in outputs if knows or name != "ab")
        given = hint_planes(hints, picture, self.lightness, self.padded.shape) if knows else None
        if "ab" in outputs:
            plain, _ = self.plain(), self.guidance()
            found, reach = both(lambda: self.decode(asked, given), lambda: self._reach(hints, picture))
            found["ab"] = reach.meet(found.get("ab", plain))  # a network that knows nothing of hints has its plain one
        else:
            found = self.decode(asked, given)
        if DISTRIBUTION not in outputs:  # which would be large
            for plane in found.values():
                plane.flags.writeable = False  # nobody may change what is kept
            self._latest = question, found
        return found

    def _reach(self, hints: Sequence[Hint], picture: tuple[int, int]) -> Reach:
        """How far hints reach, kept for the same hints: a draft comes before the answer."""
        latest = self._latest_reach
        if latest is None or latest[0] != (tuple(hints), picture):
            latest = (tuple(hints), picture), reach_of(hints, self.plain(), self.guidance(), picture)
            self._latest_reach = latest
        return latest[1]

    def guidance(self) -> GuidanceMaps:
        """What hints are spread by on the grid of the prediction, whatever hints come."""
        with self.lock:
            if self._guidance is None:
                height, width = self.plain().shape[:2]
                light = resize_float(self.lightness, width, height)
                self._guidance = GuidanceMaps.of(light, self._things())
            return self._guidance

    def _things(self) -> Plane | None:
        """Features by which hints tell things apart; None of a network that shows none."""
        if THINGS in self.encoded:
            return self._cropped({THINGS: self.encoded[THINGS]})[THINGS]
        return self.decode((THINGS,))[THINGS] if THINGS in self.network.outputs else None

    def _cropped(self, answer: dict[str, Plane]) -> dict[str, Plane]:
        """Planes (1, channels, H', W') as (h', w', channels), without what lies in the padding."""
        return {name: self._without_padding(planes[0]) for name, planes in answer.items()}

    def _without_padding(self, planes: Plane) -> Plane:
        rows = math.ceil(self.lightness.shape[0] * planes.shape[1] / self.padded.shape[0])
        columns = math.ceil(self.lightness.shape[1] * planes.shape[2] / self.padded.shape[1])
        return np.ascontiguousarray(planes[:, :rows, :columns].transpose(1, 2, 0))
