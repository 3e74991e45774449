"""Fixed-lag smoothing of colours: what the keys behind a key say of the same things is carried back to it.

A running mean knows the past alone: it holds on to what the network said first, and lags behind a scene that changes.
So a second running mean runs backwards, from up to half a second later, and the two are put together by what they weigh
(Fraser and Potter, "The optimum linear smoother as a combination of two optimum linear filters", 1969).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tintype.imaging.types import Floats

from .motion import Chain, Motion, Small, Step
from .need import need_cv2
from .reader import Frame
from .wavering import spread


@dataclass(eq=False)
class Key:
    """A frame that the network has seen, and its colours, on the grid.

    light (h, w): its luma, 0 to 255. ab (h, w, 2), CIE units: a running mean of what the keys up to this one say; None
    of a scene's first, which is painted when the frames behind it are known. weight (h, w): how many predictions that
    stands for. answer: the prediction for this frame alone. known: what `ShotMemory` knew when it was made.
    """

    frame: Frame
    light: Small
    weight: Floats
    ab: Floats | None = None
    answer: Floats | None = None
    known: Mapping[str, Floats] | None = None

    @cached_property
    def padded(self) -> Floats:
        """a, b and two planes more (h, w, 4): OpenCV samples four in half the time of two."""
        padded: Floats = need_cv2().merge([painted(self), painted(self)])
        return padded


def painted(key: Key) -> Floats:
    """The colours of a key that has some: (h, w, 2), CIE units."""
    assert key.ab is not None
    return key.ab


def evidence(light: Small) -> np.float32:
    """What a prediction counts for, 0 to 1: little where there is hardly a picture, as in a fade from black."""
    return np.float32(np.clip(light.std() / 20, 0.05, 1))


class Fading:
    """How much of a memory is left after some time."""

    def __init__(self, seconds: float, tick: float) -> None:
        self._seconds, self._tick = seconds, tick

    def between(self, one: Frame, other: Frame) -> np.float32:
        """The share that is left, 0 to 1, from one frame to another."""
        if self._seconds <= 0:
            return np.float32(0)
        return np.float32(np.exp(-abs(float(other.pts - one.pts)) * self._tick / self._seconds))


@dataclass(eq=False)
class Later:
    """The next key, and the ways there: each chain leads from a pixel of a frame to its place in that key, first those
    of the key before, then those of the frames between them."""

    key: Key
    chains: list[Chain]


def ways_on(motion: Motion, size: tuple[int, int], steps: Sequence[Step]) -> list[Chain]:
    """From a key, and from each frame up to the next one, to the next one, by the steps between them."""
    chains = []
    chain = Chain.start(*size)
    for step in reversed(steps):
        chain = chain.then(motion, step.forth, step.trust_forth, step.even_forth)
        chains.append(chain)
    return chains[::-1]


def smoothed(key: Key, later: Sequence[Later], motion: Motion, fading: Fading) -> Key:
    """The key with the colours that it and the keys behind it agree on; as it is where there are none.

    Args:
        later: the keys behind it, in order, each with the ways there from the one before it.
    """
    if not later:
        return key
    ab, weight = _answer(later[-1].key), np.full(key.weight.shape, evidence(later[-1].key.light), np.float32)
    for nearer, further in zip((key, *(one.key for one in later[:-1]))[::-1], reversed(later), strict=True):
        way = further.chains[0]
        ab = motion.sample(ab, way.flow)
        most = motion.sample(weight, way.flow) * fading.between(nearer.frame, further.key.frame)
        weight = most * way.even
        if nearer is key:
            break
        new = evidence(nearer.light)
        ab = (ab * weight[..., None] + _answer(nearer) * new) / (weight + new)[..., None]
        weight = weight + new
    share = weight / (weight + key.weight)
    correction = (ab - painted(key)) * share[..., None]
    trust = share * (most + key.weight) / np.maximum(most, np.float32(1e-6))
    return Key(key.frame, key.light, key.weight, painted(key) + correction + spread(correction, trust, key.light))


def _answer(key: Key) -> Floats:
    return painted(key) if key.answer is None else key.answer
