"""Letterboxes, pillarboxes and rounded corners of films: found once a shot, left out of what the network sees."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from little_films import Recipe, make, read
from tintype.colorizer.colorizer import Colorizer
from tintype.hints.hint import Hint
from tintype.imaging.borders import Inside
from tintype.imaging.color import srgb_to_lab
from tintype.video import FilmHint, FilmOptions, FilmReport, colorize_film
from tintype.video.chroma import ChromaMaker
from tintype.video.film import FilmRun
from tintype.video.levels import Signal
from tintype.video.reader import FilmInfo, FilmReader, Frame
from tintype.video.shot_borders import ShotBorders

Array = NDArray[Any]
HEIGHT, WIDTH = 192, 256


@pytest.fixture(scope="module")
def small() -> Colorizer:
    return Colorizer("tint-small", precision="f32", threads=1)


def pan(path: Path, count: int) -> list[Array]:
    """Frames (HEIGHT, WIDTH) in [0, 1] of a slow pan over a photograph."""
    with Image.open(path) as image:
        grey = np.asarray(image.convert("L").resize((WIDTH + 2 * count, HEIGHT)), np.float64) / 255
    return [grey[:, 2 * i : 2 * i + WIDTH] for i in range(count)]


def boxed(frames: list[Array], across: int, down: int, level: float = 0.0) -> list[Array]:
    return [np.pad(frame, ((down, down), (across, across)), constant_values=level) for frame in frames]


def rounded(frames: list[Array]) -> list[Array]:
    """As the gate of an 8 mm projector shows them: corners of a twelfth, in a black rebate of a few pixels."""
    mask = Image.new("L", (WIDTH, HEIGHT), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, WIDTH - 1, HEIGHT - 1), HEIGHT // 12, fill=255)
    return boxed([frame * (np.asarray(mask) / 255) for frame in frames], 14, 10)


def pictures(film: Path) -> list[Array]:
    return [frame.picture.to_ndarray(format="rgb24") for frame in FilmReader(film, keep_pictures=True).frames()]


def chroma(rgb: Array) -> float:
    return float(np.linalg.norm(srgb_to_lab(rgb / np.float32(255))[..., 1:], axis=-1).mean())


def coloured(frames: list[Array], folder: Path, colorizer: Colorizer, **options: Any) -> tuple[FilmReport, list[Array]]:
    folder.mkdir()
    make(folder / "in.mkv", frames, Recipe("ffv1", audio=None, options={"slices": "4"}))
    chosen = FilmOptions(codec="ffv1", **options)
    report = colorize_film(str(folder / "in.mkv"), str(folder / "out.mkv"), colorizer, chosen)
    return report, pictures(folder / "out.mkv")


SHAPES: list[tuple[Callable[[list[Array]], list[Array]], Inside]] = [
    (lambda frames: boxed(frames, 0, 40), Inside(40, 0, 40 + HEIGHT, WIDTH)),
    (lambda frames: boxed(frames, 64, 0), Inside(0, 64, HEIGHT, 64 + WIDTH)),
    (lambda frames: boxed(frames, 30, 30, 0.95), Inside(30, 30, 30 + HEIGHT, 30 + WIDTH)),
    (rounded, Inside(10, 14, 10 + HEIGHT, 14 + WIDTH)),
]


@pytest.mark.parametrize(("shape", "place"), SHAPES, ids=["letterbox", "pillarbox", "white", "rounded"])
def test_borders_take_nothing_from_the_colours_inside(
    shape: Callable[[list[Array]], list[Array]], place: Inside, small: Colorizer, examples: list[Path], tmp_path: Path
) -> None:
    photo = next(path for path in examples if path.stem == "coffee")
    plain = pan(photo, 6)
    _, without = coloured(plain, tmp_path / "plain", small)
    report, found = coloured(shape(plain), tmp_path / "boxed", small)
    (shot,) = report.borders
    assert shot["inside"] == [place.left, place.top, place.width, place.height]
    assert (shot["start"], shot["frames"]) == (0, 6)
    if shape is rounded:
        # The corners are black and have no colour; what of the picture is left is compared.
        seen = np.asarray(place.of(shape(plain)[0])) > 0
        values = [(chroma(a[seen][None]), chroma(place.of(b)[seen][None])) for a, b in zip(without, found, strict=True)]
    else:
        values = [(chroma(a), chroma(np.asarray(place.of(b)))) for a, b in zip(without, found, strict=True)]
    one, other = np.mean(values, axis=0)
    assert other == pytest.approx(one, rel=0.03)
    assert f"{place.width} x {place.height} at {place.left}, {place.top}" in " ".join(report.notes)
    for rgb in found:
        outside = np.ones(rgb.shape[:2], bool)
        outside[place.top : place.bottom, place.left : place.right] = False
        assert np.ptp(rgb[outside].astype(int), axis=-1).max() <= 1, "borders stay grey"


def test_a_film_without_borders_has_none(small: Colorizer, examples: list[Path], tmp_path: Path) -> None:
    for number, photo in enumerate(examples[:3]):
        report, _ = coloured(pan(photo, 6), tmp_path / str(number), small)
        assert report.borders == []


def test_a_hint_on_a_border_colours_it(small: Colorizer, examples: list[Path], tmp_path: Path) -> None:
    """Somebody wants the border coloured: the network sees all of it."""
    frames = boxed(pan(examples[0], 6), 0, 40, 0.8)
    hint = FilmHint(0, Hint(WIDTH // 2, 20, (60, 160, 60), 20))
    for name, hints, coloured_there in (("without", (), False), ("with", (hint,), True)):
        _, found = coloured(frames, tmp_path / name, small, hints=hints)
        assert (chroma(found[0][15:25, WIDTH // 2 - 5 : WIDTH // 2 + 5]) > 8) is coloured_there


def info() -> FilmInfo:
    signal = Signal(8, True, 6, 1, 1)
    plain = (Fraction(25), Fraction(1, 25), 0, None, None, False, 0, None, None)
    return FilmInfo("made", "made", "none", WIDTH, HEIGHT + 80, "gray", signal, *plain)


def frames_of(lights: list[Array]) -> list[Frame]:
    return [Frame(i, 1, np.round(light * 255).astype(np.uint8)) for i, light in enumerate(lights)]


def test_several_frames_decide(examples: list[Path]) -> None:
    """A fade from black says nothing yet; noise in the bars and a dark frame change nothing; a cut asks anew."""
    shot = boxed(pan(examples[0], 12), 0, 40)
    borders = ShotBorders(info())
    borders.look(frames_of([frame * 0.0 for frame in shot]))
    assert borders.inside is None
    resumed = ShotBorders(info())
    resumed.resume(borders.state())
    rng = np.random.default_rng(0)
    noisy = [(frame + rng.normal(0, 0.015, frame.shape)).clip(0, 1) for frame in shot]
    noisy[6] = noisy[6] * 0.02
    for one in (borders, resumed):
        one.look(frames_of(noisy))
        assert one.inside == Inside(40, 0, 40 + HEIGHT, WIDTH)
        one.look(frames_of(pan(examples[1], 3)))
        assert one.inside is not None, "known to the end of the shot"
    again = ShotBorders(info())
    again.resume(borders.state())
    assert (again.inside, again.facts()) == (borders.inside, {"inside": [0, 40, WIDTH, HEIGHT]})
    borders.new_shot()
    borders.look(frames_of([np.pad(frame, ((0, 80), (0, 0)), mode="reflect") for frame in pan(examples[1], 5)]))
    assert borders.inside is None


def test_going_on_inside_a_shot_keeps_its_borders(tiny: Colorizer, examples: list[Path], tmp_path: Path) -> None:
    """What is coloured after a crash is what would have been coloured without it."""
    make(tmp_path / "in.mkv", boxed(pan(examples[0], 64), 0, 40), Recipe("ffv1", audio=None))
    options = FilmOptions(codec="ffv1", part_frames=8)
    whole = colorize_film(str(tmp_path / "in.mkv"), str(tmp_path / "whole.mkv"), tiny, options)
    run = FilmRun(str(tmp_path / "in.mkv"), tmp_path / "two.mkv", tiny, options)

    def stops() -> Any:
        for number, frame in enumerate(run._frames()):
            if number == 55:  # when the frames behind the first key, which two more have a say in, are done for certain
                raise KeyboardInterrupt
            yield frame

    with pytest.raises(KeyboardInterrupt):
        run.colour(stops())
    assert run.store.parts
    report = colorize_film(str(tmp_path / "in.mkv"), str(tmp_path / "two.mkv"), tiny, options)
    assert 0 < report.resumed_frames < 64
    assert report.borders == whole.borders
    assert read(tmp_path / "two.mkv").times == read(tmp_path / "whole.mkv").times
    for one, other in zip(pictures(tmp_path / "two.mkv"), pictures(tmp_path / "whole.mkv"), strict=True):
        assert (one == other).all()


@pytest.mark.parametrize("depth", [8, 10])
def test_a_chroma_sample_over_the_edge_keeps_its_colour(depth: int) -> None:
    luma = np.full((20, 20), 128, np.uint8)
    ab = np.full((10, 10, 2), 40, np.float32)
    maker = ChromaMaker(Signal(8, True, 6, 1, 1), depth)
    for plane in maker.planes(luma, ab, 10, 10, Inside(3, 4, 17, 15)):
        neutral = plane == 1 << (depth - 1)
        expected = np.ones((10, 10), bool)
        expected[1:9, 2:8] = False
        assert (neutral == expected).all()
