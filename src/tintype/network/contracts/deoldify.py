"""DeOldify (Jason Antic 2018): a whole picture for a grey one, in one of two scales.

Some exports go from 0..255 to 0..255, others from 0..1 to 0..1; both normalise inside. Which it is shows when the
network is given 128: one for 0..1 takes it for far beyond white, and its answers are bounded, so they stay near 1 and
are no grey of 255. The larger scale is therefore tried first. Of the answer only the chroma counts, laid over
the light of the original as DeOldify's own code does it, in Y'CbCr of BT.601; nothing is clipped before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tintype.imaging.color import luma_from_lightness, rgb_to_ycc, srgb_to_lab, ycc_to_rgb
from tintype.imaging.resize import resize_float
from tintype.imaging.types import Planes
from tintype.network.graph_reader import Port

from .contract import Contract, star_of

# Mean of an answer to mid grey, as a share of white.
LEAST_MEAN, MOST_MEAN = 0.15, 0.85


@dataclass(frozen=True)
class DeOldify(Contract):
    """One input of three planes, an answer of three, both with white at `white`."""

    white: float = 1.0

    def feed(self, lightness: Planes, hints: Planes | None, inputs: Sequence[Port]) -> list[Planes]:
        grey = luma_from_lightness(star_of(lightness)) * np.float32(self.white)
        return [np.repeat(grey, 3, axis=1)]

    def ab(self, answer: Planes, lightness: Planes) -> Planes:
        grey = luma_from_lightness(star_of(lightness))[:, 0]
        if grey.shape[1:] != answer.shape[2:]:
            height, width = answer.shape[2:]
            grey = np.stack([resize_float(plane, width, height) for plane in grey])
        ycc = rgb_to_ycc(answer.transpose(0, 2, 3, 1) / np.float32(self.white))
        ycc[..., 0] = grey
        return np.ascontiguousarray(srgb_to_lab(ycc_to_rgb(ycc))[..., 1:].transpose(0, 3, 1, 2))

    def believes(self, answer: Planes) -> bool:
        return bool(LEAST_MEAN * self.white <= float(answer.mean()) <= MOST_MEAN * self.white)


CONTRACTS = tuple(
    DeOldify(f"deoldify-{white:g}", f"DeOldify, 0..{white:g}", (3,), 3, size=560, multiple=32, white=white)
    for white in (255.0, 1.0)
)
