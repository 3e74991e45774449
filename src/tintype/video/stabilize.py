"""Steady colour: predicted on some frames, carried along motion to those between, corrected towards new predictions.

A *key* is a frame that the network has seen. The colours there are a running mean: what the keys before said of the
same things, carried along motion and fading with time, and what the network says now; and, the other way round, what
the keys within the next half second say (smoothing.py). A frame between two keys gets the colours of both, the earlier
carried forwards and the later backwards, each as far as its motion can be trusted; what only one of them has seen gets
its colour from that one. What a key changes where motion is trusted it changes on like things around as well
(wavering.py). Nothing crosses a cut.
"""

from collections.abc import Container, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

import numpy as np

from tintype.imaging.borders import Inside
from tintype.imaging.types import Floats
from tintype.parallel import begin

from .chroma import shrink
from .cuts import likeness
from .direction import Director
from .memory import Facts, ShotMemory
from .motion import Chain, Motion, Small, Step, first_two, grid_size
from .need import need_cv2
from .options import FilmOptions
from .painter import Paint
from .reader import FilmInfo, Frame
from .shot_borders import ShotBorders
from .smoothing import Fading, Key, Later, evidence, painted, smoothed, ways_on
from .wavering import spread

State = dict[str, Floats]

# With `every` auto: the longest time between keys, the fewest and most frames, and the share of the picture that may
# get out of sight of the last key before a new one is due.
KEY_SECONDS = 0.5
FEWEST, MOST = 4, 24
LOST = 0.6
# Seconds of memory at a stability of one half.
MEMORY = 1.0
# The colours around a place that no key has seen are looked for on a grid coarser by this much.
_COARSE = 4


@dataclass(eq=False)
class Coloured:
    """A frame and its colours: ab (h, w, 2) float32 in CIE units on a coarse grid; ``inside`` its shot's borders."""

    frame: Frame
    ab: Floats
    predicted: bool
    inside: Inside | None = None


@dataclass(eq=False)
class PartEnd:
    """The frames since the last of these can be written for good.

    ``state`` is what is needed to go on from here; empty where a new scene begins. ``facts`` are what is known of the
    shot that the frames belong to.
    """

    state: State = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)


@dataclass(eq=False)
class _Span:
    """The frames from one key up to the next, of which the network is being asked meanwhile."""

    key: Key
    window: list[Frame]
    steps: list[Step]
    chains: list[Chain]
    frame: Frame
    light: Small
    answer: "Future[Floats]"


@dataclass(eq=False)
class _Held:
    """The frames from one key up to the next, until enough of the keys behind them are known."""

    key: Key
    window: list[Frame]
    chains: list[Chain]
    later: Later
    inside: Inside | None
    smoothed: Key | None = None  # its key, once enough is known


class Stabilizer:
    """Colours the frames of one film, in order.

    While the network looks at a key in another thread, the motion of the frames behind it is found in this one.

    Args:
        paint: colours one frame by itself.
        info: of the film.
        options: `stability`, `every` and `part_frames` are used.
        borders, director: what each shot remembers; told of cuts and of the frames behind them.
        given: timestamps of frames that are to be keys, since somebody gave hints for them.
    """

    def __init__(
        self,
        paint: Paint,
        info: FilmInfo,
        options: FilmOptions,
        borders: ShotBorders | None = None,
        director: Director | None = None,
        given: Container[int] = (),
    ) -> None:
        self._given = given
        self._borders = borders
        self._memories: list[ShotMemory] = [memory for memory in (borders, director) if memory is not None]
        self._paint, self._info, self._options = paint, info, options
        self._grid = grid_size(info.height, info.width)
        self._motion = Motion(*self._grid)
        self._auto = options.every is None
        rate = float(info.rate)
        self._every = options.every or int(np.clip(round(KEY_SECONDS * rate), FEWEST, MOST))
        stability = options.stability
        memory = np.inf if stability == 1 else MEMORY * stability / (1 - stability)
        self._fading = Fading(memory, float(info.time_base))
        # Frames, from a key on, within which the keys behind it have a say.
        self._lag = int(np.clip(round(KEY_SECONDS * rate), FEWEST, MOST)) if stability > 0 else 0
        self._held: list[_Held] = []
        self.scenes = 0
        self.predictions = 0
        self._done = 0  # frames since the last part ended

    def run(self, frames: Iterable[Frame], state: State | None = None) -> Generator[Coloured | PartEnd, None, None]:
        """The frames with their colours, and where parts end; ``state`` is that of the last part of an earlier run."""
        if self._options.frame_by_frame:
            yield from self._each(frames)
            return
        yield from self._steady(frames, state)

    def _steady(self, frames: Iterable[Frame], state: State | None) -> Generator[Coloured | PartEnd, None, None]:
        key: Key | None = None
        light: Small | None = None
        span: _Span | None = None  # whose last key, which is the next one's first, is not known yet
        window: list[Frame] = []
        steps: list[Step] = []
        chains = [Chain.start(*self._grid)]
        self._done, self._held = 0, []
        try:
            for frame in frames:
                earlier, light = light, self._light(frame)
                if key is None or earlier is None:
                    for memory in self._memories if state else ():
                        memory.resume(state or {})
                    key = Key(frame, light, state["weight"], state["ab"]) if state else self._first_key(frame, light)
                else:
                    step = self._motion.between(earlier, light)
                    cut = likeness(step, light).is_cut
                    if not cut:
                        steps.append(step)
                        chains.append(chains[-1].then(self._motion, step.back, step.trust_back))
                    due = not cut and (frame.pts in self._given or self._is_due(len(window), chains[-1]))
                    if span is not None and (cut or due or span.answer.done()):
                        key, span = (yield from self._finished(span)), None
                    if cut:
                        yield from self._close(key, window, steps, chains, earlier)
                        yield PartEnd(facts=self._facts())
                        key, window, steps, chains, self._done = self._first_key(frame, light), [], [], chains[:1], 0
                    elif due:
                        span = self._begun(key, window, steps, chains, frame, light)
                        window, steps, chains = [], [], chains[:1]
                window.append(frame)
            if span is not None:
                key, span = (yield from self._finished(span)), None
            if key is not None and light is not None:
                yield from self._close(key, window, steps, chains, light)
            yield PartEnd(facts=self._facts())
        finally:
            if span is not None:  # left early: nobody is to use the network when this is closed
                wait([span.answer])

    def _begun(
        self, key: Key, window: list[Frame], steps: list[Step], chains: list[Chain], frame: Frame, light: Small
    ) -> _Span:
        """The network is asked about a frame that is due; nothing that `paint` knows may change before it answers."""
        self._learn(key, [*window, frame])
        self.predictions += 1
        return _Span(key, window, steps, chains, frame, light, begin(lambda: self._answer(frame)))

    def _finished(self, span: _Span) -> Generator[Coloured | PartEnd, None, Key]:
        """The key behind a span; and frames with their colours, as far as the keys behind them are known."""
        following = self._next_key(span.key, span.frame, span.light, span.chains[-1], span.answer.result())
        self._hold(span.key, span.window, span.steps, span.chains, following)
        while self._held and self._reaches(self._held[1:]):
            behind = self._held[0].later.key
            yield from self._let_go()
            if self._done >= self._options.part_frames:
                yield PartEnd(self._state(behind), self._facts())
                self._done = 0
        return following

    def _hold(self, key: Key, window: list[Frame], steps: list[Step], chains: list[Chain], following: Key) -> None:
        later = Later(following, ways_on(self._motion, self._grid, steps))
        inside = None if self._borders is None else self._borders.inside
        self._held.append(_Held(key, window, chains, later, inside))

    def _reaches(self, spans: Sequence[_Held]) -> bool:
        """Whether these spans, one behind another, are as long as keys look ahead."""
        return sum(len(span.window) for span in spans) >= self._lag

    def _let_go(self) -> Iterator[Coloured]:
        """The frames of the first span that is held, with their colours."""
        first = self._held[0]
        key, following = self._smoothed(0), self._smoothed(1)
        yield from self._between(key, following, first)
        self._done += len(first.window)
        del self._held[0]

    def _smoothed(self, number: int) -> Key:
        """The key at which a held span begins, or the last one ends, with what the keys within the lag say."""
        if number == len(self._held):
            return self._held[-1].later.key
        spans = self._held[number:]
        first = spans[0]
        if first.smoothed is None:
            enough = next((n for n in range(1, len(spans)) if self._reaches(spans[:n])), len(spans))
            later = [span.later for span in spans[:enough]] if self._lag else []
            first.smoothed = smoothed(first.key, later, self._motion, self._fading)
        return first.smoothed

    def _facts(self) -> Facts:
        return {name: value for memory in self._memories for name, value in memory.facts().items()}

    def _state(self, key: Key) -> State:
        return {"ab": painted(key), "weight": key.weight} | dict(key.known or {})

    def _learn(self, key: Key, frames: Sequence[Frame]) -> None:
        """Look at the frames from a key on, and paint it if it is a scene's first."""
        for memory in self._memories:
            memory.look(frames)
        if key.ab is None:
            key.ab = self._predict(key.frame)

    def _each(self, frames: Iterable[Frame]) -> Iterator[Coloured | PartEnd]:
        """Frame by frame: no motion, no memory."""
        count = 0
        for count, frame in enumerate(frames, 1):
            yield Coloured(frame, self._predict(frame), True)
            if count % self._options.part_frames == 0:
                yield PartEnd()
        if count % self._options.part_frames or not count:
            yield PartEnd()

    def _is_due(self, gap: int, chain: Chain) -> bool:
        if gap >= self._every:
            return True
        return self._auto and gap >= FEWEST and float(chain.trust.mean()) < 1 - LOST

    def _light(self, frame: Frame) -> Small:
        height, width = self._grid
        return self._info.signal.to_full8(shrink(frame.luma, width, height))

    def _predict(self, frame: Frame) -> Floats:
        self.predictions += 1
        return self._answer(frame)

    def _answer(self, frame: Frame) -> Floats:
        """The network's answer on the grid."""
        cv2 = need_cv2()
        height, width = self._grid
        ab: Floats = cv2.resize(self._paint(frame), (width, height), interpolation=cv2.INTER_LINEAR)
        return ab

    def _first_key(self, frame: Frame, light: Small) -> Key:
        self.scenes += 1
        for memory in self._memories:
            memory.new_shot()
        return Key(frame, light, np.full(self._grid, evidence(light), np.float32))

    def _next_key(self, key: Key, frame: Frame, light: Small, chain: Chain, predicted: Floats) -> Key:
        """The colours at a new key: the last key's, carried here, and a new prediction, by their weights."""
        kept = self._fading.between(key.frame, frame)
        old = self._motion.sample(key.weight, chain.flow) * chain.trust * kept
        carried = self._motion.sample(painted(key), chain.flow)
        weight = old + evidence(light)
        share = old / weight
        correction = (carried - predicted) * share[..., None]
        known = {name: plane for memory in self._memories for name, plane in memory.state().items()}
        ab = predicted + correction + spread(correction, share, light)
        return Key(frame, light, weight, ab, predicted, known)

    def _between(self, key: Key, following: Key, span: _Held) -> Iterator[Coloured]:
        """The colours of the frames of a span, from one key up to, not including, the next."""
        time = following.frame.pts - key.frame.pts
        yield Coloured(key.frame, painted(key), True, span.inside)
        for frame, forth, back in zip(span.window[1:], span.chains[1:], span.later.chains[1:], strict=False):
            share = np.float32((frame.pts - key.frame.pts) / time)
            yield Coloured(frame, self._blend(key, forth, following, back, share), False, span.inside)

    def _blend(self, key: Key, forth: Chain, following: Key, back: Chain, share: np.float32) -> Floats:
        earlier = self._motion.sample(key.padded, forth.flow)
        later = self._motion.sample(following.padded, back.flow)
        weight_earlier = (1 - share) * forth.trust + np.float32(1e-3) * (1 - share)
        weight_later = share * back.trust + np.float32(1e-3) * share
        weight_later /= weight_earlier + weight_later
        mixed = need_cv2().blendLinear(earlier, later, 1 - weight_later, weight_later)
        return _fill(mixed, np.maximum(forth.trust, back.trust))

    def _close(
        self, key: Key, window: list[Frame], steps: list[Step], chains: list[Chain], light: Small
    ) -> Iterator[Coloured]:
        """The last frames of a scene: the very last one is a key, unless the last key is near."""
        self._learn(key, window)
        inside = None if self._borders is None else self._borders.inside
        if len(window) - 1 >= max(2, self._every // 3):
            last = self._next_key(key, window[-1], light, chains[-1], self._predict(window[-1]))
            self._hold(key, window[:-1], steps, chains, last)
            key, window = last, window[-1:]
        while self._held:
            yield from self._let_go()
        for i, frame in enumerate(window):
            carried = self._motion.sample(key.padded, chains[i].flow)
            yield Coloured(frame, _fill(carried, chains[i].trust), i == 0, inside)


def _fill(padded: Floats, trust: Floats) -> Floats:
    """ab (h, w, 2) of a, b and what else there is, with the colours around them for pixels that no key has seen."""
    cv2 = need_cv2()
    ab = first_two(padded)
    if float(trust.mean()) > 0.99:
        return ab
    height, width = trust.shape
    small = (-(-width // _COARSE), -(-height // _COARSE))  # what lies around is smooth
    side = max(3, min(small) // 6 | 1)
    a, b, *_ = cv2.split(cv2.resize(padded, small, interpolation=cv2.INTER_AREA))
    sure = cv2.resize(trust, small, interpolation=cv2.INTER_AREA) + np.float32(1e-3)
    a, b, sure = (cv2.blur(plane, (side, side)) for plane in (a * sure, b * sure, sure))
    around = cv2.resize(cv2.merge([a / sure, b / sure]), (width, height), interpolation=cv2.INTER_LINEAR)
    unseen = 1 - trust
    unseen *= unseen
    filled: Floats = cv2.blendLinear(around, ab, unseen, 1 - unseen)
    return filled
