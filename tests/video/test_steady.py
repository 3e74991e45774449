"""Motion, cuts and steady colour."""

import itertools
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from little_films import scene
from tintype import parallel
from tintype.parallel import alone
from tintype.video.cuts import correlation, likeness
from tintype.video.levels import Signal
from tintype.video.motion import Chain, Motion, grid_size
from tintype.video.options import FilmOptions
from tintype.video.reader import FilmInfo, Frame
from tintype.video.stabilize import Coloured, PartEnd, Stabilizer

HEIGHT, WIDTH = 96, 128


def grey(frames: list[NDArray[np.float64]]) -> list[NDArray[np.uint8]]:
    return [np.round(frame * 255).astype(np.uint8) for frame in frames]


def info() -> FilmInfo:
    signal = Signal(8, True, 6, 1, 1)
    plain = (Fraction(25), Fraction(1, 25), 0, None, None, False, 0, None, None)
    return FilmInfo("made.mkv", "made", "none", WIDTH, HEIGHT, "gray", signal, *plain)


def frames_of(lumas: list[NDArray[np.uint8]]) -> list[Frame]:
    return [Frame(i, 1, luma) for i, luma in enumerate(lumas)]


def noisy_paint(seed: int = 0):
    """A network that never gives the same answer twice: the true colour of a thing, off by a random tint."""
    rng = np.random.default_rng(seed)

    def paint(frame: Frame) -> NDArray[np.float32]:
        light = frame.luma[::4, ::4].astype(np.float32) / 255
        true = np.stack([60 * light - 30, 20 - 40 * light], axis=-1)
        return (true + rng.normal(0, 6, 2)).astype(np.float32)

    return paint


def run(stabilizer: Stabilizer, frames: list[Frame], state=None) -> tuple[list[Coloured], list[PartEnd]]:
    items = list(stabilizer.run(frames, state))
    return [i for i in items if isinstance(i, Coloured)], [i for i in items if isinstance(i, PartEnd)]


def test_flow_finds_a_shift() -> None:
    first, second = grey(scene(HEIGHT, WIDTH, 2, speed=3))
    step = Motion(HEIGHT, WIDTH).between(first, second)
    inner = step.back[16:-16, 16:-16]
    assert np.abs(np.median(inner, axis=(0, 1)) - 3).max() < 0.3
    assert step.trust_back[16:-16, 16:-16].mean() > 0.8


def test_a_chain_of_steps_leads_back_to_the_start() -> None:
    frames = grey(scene(HEIGHT, WIDTH, 6, speed=2))
    motion, chain = Motion(HEIGHT, WIDTH), Chain.start(HEIGHT, WIDTH)
    for earlier, later in itertools.pairwise(frames):
        step = motion.between(earlier, later)
        chain = chain.then(motion, step.back, step.trust_back)
    assert np.abs(np.median(chain.flow[24:-24, 24:-24], axis=(0, 1)) - 10).max() < 0.5
    moved = motion.sample(frames[0].astype(np.float32), chain.flow)
    sure = chain.trust > 0.5
    assert sure.mean() > 0.5
    assert np.abs(moved - frames[-1])[sure].mean() < 4


def test_light_is_carried_to_where_the_later_frame_has_it() -> None:
    earlier, later = grey(scene(HEIGHT, WIDTH, 2, speed=2))
    step = Motion(HEIGHT, WIDTH).between(earlier, later)
    gap = np.abs(step.moved - later)[16:-16, 16:-16]
    assert gap.mean() < 3
    assert gap.mean() < np.abs(earlier.astype(np.float32) - later)[16:-16, 16:-16].mean() / 2


def test_planes_sampled_together_are_those_sampled_apart() -> None:
    motion, rng = Motion(HEIGHT, WIDTH), np.random.default_rng(0)
    pair, flow = (rng.normal(0, 3, (HEIGHT, WIDTH, 2)).astype(np.float32) for _ in range(2))
    single, second = (rng.random((HEIGHT, WIDTH), dtype=np.float32) for _ in range(2))
    both, one, other = motion.sample_together(pair, single, second, flow)
    # OpenCV rounds places to 1/32 of a pixel for some numbers of channels and not for others.
    assert np.abs(both - motion.sample(pair, flow)).max() < 1
    assert np.abs(both - np.stack([motion.sample(pair[..., i].copy(), flow) for i in range(2)], axis=-1)).max() < 1e-4
    assert np.abs(one - motion.sample(single, flow)).max() < 1e-4
    assert np.abs(other - motion.sample(second, flow)).max() < 1e-4
    assert not np.shares_memory(both, motion.sample_together(pair, single, second, flow)[0])


def test_correlation_is_that_of_pearson() -> None:
    first, second = (np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH), np.uint8) for seed in range(2))
    mixed = (first // 2 + second // 2).astype(np.uint8)
    assert correlation(first, mixed) == pytest.approx(np.corrcoef(first.ravel(), mixed.ravel())[0, 1], abs=1e-5)
    assert correlation(np.zeros_like(first), np.full_like(first, 5)) == 1


@pytest.mark.parametrize("gain", [1.0, 0.85], ids=["steady light", "flickering light"])
def test_cuts_are_found_and_nothing_else(gain: float) -> None:
    motion = Motion(HEIGHT, WIDTH)
    lumas = [luma for seed in range(8) for luma in grey(scene(HEIGHT, WIDTH, 5, seed=seed, speed=2))]
    lumas = [np.round(luma * (gain if i % 2 else 1)).astype(np.uint8) for i, luma in enumerate(lumas)]
    found = [
        i
        for i, (earlier, later) in enumerate(itertools.pairwise(lumas), 1)
        if likeness(motion.between(earlier, later), later).is_cut
    ]
    assert found == list(range(5, 40, 5))


def test_a_fade_from_black_is_no_row_of_cuts() -> None:
    lumas = [np.round(luma * min(1, i / 12)).astype(np.uint8) for i, luma in enumerate(grey(scene(HEIGHT, WIDTH, 20)))]
    coloured, ends = run(Stabilizer(noisy_paint(), info(), FilmOptions()), frames_of(lumas))
    assert len(coloured) == 20
    assert len(ends) <= 3


def test_colours_hold_still_with_few_predictions() -> None:
    frames = frames_of(grey(scene(HEIGHT, WIDTH, 48, speed=0.5)))
    single, _ = run(Stabilizer(noisy_paint(), info(), FilmOptions(stability=0, every=1)), frames)
    stabilizer = Stabilizer(noisy_paint(), info(), FilmOptions())
    steady, _ = run(stabilizer, frames)

    def flicker(items: list[Coloured]) -> float:
        means = np.array([item.ab.mean(axis=(0, 1)) for item in items])
        return float(np.linalg.norm(np.diff(means, axis=0), axis=1).mean())

    assert [item.frame.pts for item in steady] == [frame.pts for frame in frames]
    assert stabilizer.predictions < len(frames) / 4
    assert flicker(steady) < flicker(single) / 5


def test_what_cannot_be_followed_holds_still_with_the_rest() -> None:
    rng, width = np.random.default_rng(5), WIDTH // 6
    films = grey(scene(HEIGHT, WIDTH, 96, speed=0))
    for frame in films:  # a strip that is new in every frame, as sparkling water is
        frame[:, -width:] = rng.permutation(frame[:, :width].ravel()).reshape(HEIGHT, -1)

    def jumps(stability: float) -> float:
        options = FilmOptions(stability=stability, every=8)
        coloured, _ = run(Stabilizer(noisy_paint(), info(), options), frames_of(films))
        tints = np.array([item.ab[:, -width:].mean((0, 1)) for item in coloured if item.predicted])
        return float(np.abs(np.diff(tints, axis=0)).mean())

    assert jumps(0.75) < 0.6 * jumps(0)


def test_more_stability_remembers_longer() -> None:
    frames = frames_of(grey(scene(HEIGHT, WIDTH, 200, speed=0.2)))
    spreads = []
    for stability in (0.0, 0.2, 0.9):
        keys, _ = run(Stabilizer(noisy_paint(), info(), FilmOptions(stability=stability, every=4)), frames)
        means = np.array([item.ab.mean(axis=(0, 1)) for item in keys if item.predicted][4:])
        spreads.append(float(means.std(axis=0).sum()))
    assert spreads[0] > 1.5 * spreads[1] > 1.5 * spreads[2]


def test_nothing_crosses_a_cut() -> None:
    dark = [np.full((HEIGHT, WIDTH), 40, np.uint8) + (luma // 8) for luma in grey(scene(HEIGHT, WIDTH, 15, seed=1))]
    light = [np.full((HEIGHT, WIDTH), 180, np.uint8) + (luma // 5) for luma in grey(scene(HEIGHT, WIDTH, 15, seed=2))]

    def paint(frame: Frame) -> NDArray[np.float32]:
        return np.full((24, 32, 2), 40 if frame.luma.mean() > 128 else -40, np.float32)

    coloured, ends = run(Stabilizer(paint, info(), FilmOptions(stability=1)), frames_of([*dark, *light]))
    assert len(ends) == 2
    values = np.array([item.ab for item in coloured])
    np.testing.assert_allclose(values[:15], -40, atol=1e-3)
    np.testing.assert_allclose(values[15:], 40, atol=1e-3)


def test_a_colour_goes_with_the_thing_that_moves() -> None:
    """A bright disc crosses a dark ground; between the predictions, at both ends, its colour is where the disc is."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    ground = grey(scene(HEIGHT, WIDTH, 1, seed=3))[0] // 3
    grain = np.random.default_rng(0).integers(0, 50, (40, 40))
    lumas, places = [], []
    for i in range(9):
        left, top = 20 + 6 * i, 30
        luma = ground.copy()
        disc = (x - left - 20) ** 2 + (y - top - 20) ** 2 < 18**2
        patch = np.zeros_like(ground)
        patch[top : top + 40, left : left + 40] = 200 + grain
        luma[disc] = patch[disc]
        lumas.append(luma)
        places.append(disc)

    def paint(frame: Frame) -> NDArray[np.float32]:
        a = np.where(frame.luma > 150, 50, -10).astype(np.float32)
        return np.stack([a, a], axis=-1)

    stabilizer = Stabilizer(paint, info(), FilmOptions(every=8))
    coloured, _ = run(stabilizer, frames_of(lumas))
    assert stabilizer.predictions == 2
    middle = coloured[4].ab[..., 0]
    inner = np.asarray(places[4])
    assert middle[inner].mean() > 30
    assert middle[places[0] & ~inner].mean() < 10


def test_between_two_keys_both_have_their_colours_where_things_are() -> None:
    """A texture moves by three pixels a frame; what either key says of it alone is carried to its place."""
    frames = frames_of(grey(scene(HEIGHT, WIDTH, 9, speed=3)))

    def true(frame: Frame) -> NDArray[np.float32]:
        return np.repeat(frame.luma[..., None].astype(np.float32) / 4, 2, axis=-1)

    def off(known: int, shift: int) -> float:
        """How far colours are, two frames from a key that alone knows them, from those of a frame `shift` further."""

        def paint(frame: Frame) -> NDArray[np.float32]:
            return true(frame) if frame.pts == known else np.zeros_like(true(frame))

        coloured, _ = run(Stabilizer(paint, info(), FilmOptions(stability=0, every=8)), frames)
        at = known + (2 if known == 0 else -2)
        found, wanted = coloured[at].ab[20:-20, 20:-20], true(frames[at + shift])[20:-20, 20:-20]
        return float(np.abs(found / found.mean() - wanted / wanted.mean()).mean())

    for known in (0, 8):
        assert off(known, 0) < 0.5 * min(off(known, -1), off(known, 1))


def test_keys_behind_have_a_say_up_to_half_a_second_and_a_cut() -> None:
    """The first answer is wrong; those behind it in its shot take most of it back, others have no say."""
    shots = grey(scene(HEIGHT, WIDTH, 40, speed=0, seed=1)) + grey(scene(HEIGHT, WIDTH, 20, speed=0, seed=2))

    def first(answers: list[float], stability: float = 0.75) -> float:
        told = iter(answers + [answers[-1]] * 60)

        def paint(frame: Frame) -> NDArray[np.float32]:
            return np.full((24, 32, 2), next(told), np.float32)

        options = FilmOptions(stability=stability, every=4)
        coloured, _ = run(Stabilizer(paint, info(), options), frames_of(shots))
        return float(coloured[0].ab.mean())

    assert 3 < first([20, 0, 0, 0, 0]) < 10
    assert first([20, 0, 0, 0, 0], stability=0) == pytest.approx(20, abs=1e-3)
    assert first([0, 0, 0, 0, 20]) == pytest.approx(0, abs=1e-3)
    assert first([0, 0, 0, 20, 0]) > 2
    assert first([0] * 11 + [20] * 9) == pytest.approx(0, abs=1e-3)


def test_colours_are_believed_further_where_light_is_even() -> None:
    """In an even sky motion is anybody's guess, and colours are alike wherever it leads."""
    rng = np.random.default_rng(0)
    earlier, later = grey(scene(HEIGHT, WIDTH, 2, speed=2))
    half = HEIGHT // 2
    for frame, drift in ((earlier, 0), (later, 6)):  # clouds that next to nothing is seen of, and that change
        clouds = 180 + np.linspace(0, 1.5, WIDTH) + rng.normal(0, 0.6, (half, WIDTH))
        frame[:half] = np.roll(np.round(clouds), drift, axis=1)
    step = Motion(HEIGHT, WIDTH).between(earlier, later)
    sky, ground = np.s_[8 : half - 8, 8:-8], np.s_[half + 8 : -8, 8:-8]
    assert (step.even_forth >= step.trust_forth - 1e-6).all()
    assert 1 - step.even_forth[sky].mean() < 0.5 * (1 - step.trust_forth[sky].mean())
    np.testing.assert_allclose(step.even_forth[ground], step.trust_forth[ground], atol=0.1)


def test_trust_is_the_same_wherever_its_memory_lies() -> None:
    first, second = grey(scene(HEIGHT, WIDTH, 2, speed=2))
    steps, held = [], []
    for size in range(8):
        held.append(np.empty(24 + 16 * size, np.uint8))  # moves what is asked for next
        steps.append(Motion(HEIGHT, WIDTH).between(first, second))
    for step in steps[1:]:
        assert (step.trust_back == steps[0].trust_back).all()
        assert (step.trust_forth == steps[0].trust_forth).all()


def test_state_carries_over_parts() -> None:
    frames = frames_of(grey(scene(HEIGHT, WIDTH, 50)))
    options = FilmOptions(every=5, part_frames=10)
    whole, ends = run(Stabilizer(noisy_paint(), info(), options), frames)
    assert [bool(end.state) for end in ends] == [True, True, True, False]
    first = [item for item in whole if item.frame.pts < 10]
    paint = noisy_paint()
    for _ in range(3):  # what the network said in the first part, and at the frame that the state is from
        paint(frames[0])
    again, _ = run(Stabilizer(paint, info(), options), frames[10:], ends[0].state)
    assert len(first) + len(again) == 50
    for a, b in zip(whole[10:], again, strict=True):
        np.testing.assert_array_equal(a.ab, b.ab)


@pytest.mark.parametrize("pause", [0.0, 0.05])
def test_colours_are_the_same_however_long_the_network_takes(pause: float) -> None:
    """Frames behind a key are read while the network looks at it, and no answer comes out of its turn."""
    shots = grey(scene(HEIGHT, WIDTH, 40, speed=1)) + grey(scene(HEIGHT, WIDTH, 20, speed=2))[::-1]
    frames, options = frames_of(shots), FilmOptions(part_frames=15)

    def painted(wait: float) -> tuple[list[Coloured], list[PartEnd]]:
        paint = noisy_paint()

        def slow(frame: Frame) -> NDArray[np.float32]:
            time.sleep(wait)
            return paint(frame)

        return run(Stabilizer(slow, info(), options), frames)

    with alone():  # no other thread: the network is waited for at once
        plain, plain_ends = painted(0.0)
    found, ends = painted(pause)
    assert [one.frame.pts for one in found] == [frame.pts for frame in frames]
    assert [one.predicted for one in found] == [one.predicted for one in plain]
    assert all((one.ab == other.ab).all() for one, other in zip(found, plain, strict=True))
    assert [end.state.keys() for end in ends] == [end.state.keys() for end in plain_ends]


def test_an_error_of_the_network_comes_out() -> None:
    paint, asked = noisy_paint(), itertools.count()

    def broken(frame: Frame) -> NDArray[np.float32]:
        if next(asked) == 2:
            raise ValueError("no answer")
        return paint(frame)

    with pytest.raises(ValueError, match="no answer"):
        run(Stabilizer(broken, info(), FilmOptions()), frames_of(grey(scene(HEIGHT, WIDTH, 60, speed=1))))


def test_a_film_left_early_leaves_no_network_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORKERS", 2)
    paint, busy, seen, here = noisy_paint(), [0], threading.Event(), threading.current_thread()

    def slow(frame: Frame) -> NDArray[np.float32]:
        busy[0] += 1
        if threading.current_thread() is not here:  # a scene's first frame is waited for
            seen.wait(60)  # until the next frame was read, however long a busy machine needs for it
        time.sleep(0.2)
        busy[0] -= 1
        return paint(frame)

    items = Stabilizer(slow, info(), FilmOptions()).run(_until_asked(busy, seen))
    with pytest.raises(KeyboardInterrupt):
        list(items)
    assert busy == [0]


def _until_asked(busy: list[int], seen: threading.Event) -> Iterator[Frame]:
    """Frames up to the first that is read while the network is at work, which `seen` then knows."""
    for frame in frames_of(grey(scene(HEIGHT, WIDTH, 60, speed=1))):
        if busy[0]:
            seen.set()
            raise KeyboardInterrupt
        yield frame


def test_the_grid_keeps_the_shape() -> None:
    assert grid_size(1080, 1920) == (144, 256)
    assert grid_size(144, 176) == (144, 176)
    assert grid_size(10, 4000) == (32, 256)
