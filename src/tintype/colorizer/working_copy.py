"""Encoded image: what a picture is at one working size of the network, kept for any number of predictions.

The encoder runs once, as `set_image` of Segment Anything (Kirillov et al., 2023): other hints cost the decoder alone.
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tintype.hints.hint import Hint
from tintype.hints.propagate import GuidanceMaps
from tintype.imaging.resize import resize_float
from tintype.imaging.types import Plane
from tintype.network.network import Network

THINGS = "features_16"  # what tells things of one picture apart, for hints


@dataclass
class WorkingCopy:
    """A picture at one working size.

    Attributes:
        network: sees it.
        lightness: (h, w) float32, L*/50 - 1.
        padded: the same, (H, W), as the network takes it.
        plain_ab: (h', w', 2), the prediction without hints, once it has been made.
        lock: held while what is kept for all hints is made, so that two who ask at once do not make it twice.
    """

    network: Network
    lightness: Plane
    padded: Plane
    plain_ab: Plane | None = None
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)
    _guidance: GuidanceMaps | None = None
    _latest: tuple[tuple[tuple[str, ...], tuple[Hint, ...]], dict[str, Plane]] | None = None

    @cached_property
    def encoded(self) -> dict[str, Plane]:
        """What the encoder finds, which `Network.decode` begins with."""
        return self.network.encode(self.padded[None, None])

    @property
    def is_prepared(self) -> bool:
        """Whether all that hints need has been made."""
        return self.plain_ab is not None and self._guidance is not None

    def run(self, outputs: tuple[str, ...]) -> dict[str, Plane]:
        """Outputs (h', w', channels) of the whole network without hints; its arithmetic in one piece, nothing kept."""
        return self._cropped(self.network.run(self.padded[None, None], outputs=outputs))

    def decode(self, outputs: tuple[str, ...], hints: Plane | None = None) -> dict[str, Plane]:
        """Outputs of the decoder alone, for hint planes (3, H, W)."""
        given = None if hints is None else hints[None]
        with self.lock:
            _ = self.encoded
        return self._cropped(self.network.decode(self.encoded, given, outputs=outputs)) if outputs else {}

    def recall(self, outputs: tuple[str, ...], hints: Sequence[Hint]) -> dict[str, Plane] | None:
        """The latest answer, if it was to the same question: it is composed at several sizes, or with another taste."""
        latest = self._latest
        return latest[1] if latest is not None and latest[0] == (outputs, tuple(hints)) else None

    def keep(self, outputs: tuple[str, ...], hints: Sequence[Hint], answer: dict[str, Plane]) -> None:
        """Keep an answer for `recall`; nobody may change it any more."""
        for plane in answer.values():
            plane.flags.writeable = False
        self._latest = (outputs, tuple(hints)), answer

    def guidance(self, height: int, width: int) -> GuidanceMaps:
        """What hints are spread by on the grid of the prediction, whatever hints come."""
        with self.lock:
            if self._guidance is None:
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
