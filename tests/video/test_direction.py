"""Hints of films: followed along motion, for their scene and no other."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import tiny_model
from conftest import RunCli
from little_films import Recipe, make, scene
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import TintypeError, WeightsError
from tintype.hints.hint import Hint
from tintype.imaging.color import srgb_to_lab
from tintype.video import FilmHint, FilmOptions, colorize_film
from tintype.video.following import follow, from_grid, to_grid
from tintype.video.levels import Signal
from tintype.video.reader import FilmInfo, FilmReader, Frame
from tintype.video.stabilize import Stabilizer

RED = (200, 30, 30)


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    """Two scenes of ten frames; in both the camera moves two pixels a frame, right and down."""
    frames = [frame for seed in (0, 5) for frame in scene(96, 128, 10, seed=seed, speed=2)]
    make(tmp_path / "reel.mkv", frames, Recipe("ffv1", audio=None))
    return tmp_path / "reel.mkv"


def test_a_point_is_followed_to_both_ends_of_its_scene(reel: Path) -> None:
    at = follow(FilmReader(reel), (FilmHint(14 / 25, Hint(64, 48, RED)),))
    places = [at(frame) for frame in FilmReader(reel).frames()]
    assert [len(hints) for hints in places] == [0] * 10 + [1] * 10
    for i, (hint,) in enumerate(places[10:]):
        assert hint.x == pytest.approx(64 - 2 * (i - 4), abs=2)
        assert hint.y == pytest.approx(48 - 2 * (i - 4), abs=2)
        assert hint.color == RED


def _crossed() -> list[NDArray[np.float64]]:
    """A disc with a pattern goes right over a still ground; a dark post before its way hides it for five frames."""
    y, x = np.mgrid[0:96, 0:160]
    ground = scene(96, 160, 1, seed=3)[0] * 0.3 + 0.2
    pattern = 0.7 + 0.25 * np.sin(x / 3.0) * np.sin(y / 3.0)
    frames = []
    for i in range(30):
        frame = ground.copy()
        disc = (x - 24 - 4 * i) ** 2 + (y - 48) ** 2 < 14**2
        frame[disc] = np.roll(pattern, 4 * i, axis=1)[disc]
        frame[:, 76:84] = 0.02
        frames.append(frame)
    return frames


def test_a_point_on_something_that_moves_stays_on_it(tmp_path: Path) -> None:
    """On the rim of a disc, where the motion of the ground is near and trust is small; behind a post it is not told."""
    make(tmp_path / "crossed.mkv", _crossed(), Recipe("ffv1", audio=None))
    at = follow(FilmReader(tmp_path / "crossed.mkv"), (FilmHint(2 / 25, Hint(32 + 9, 48, RED)),))
    places = [at(frame) for frame in FilmReader(tmp_path / "crossed.mkv").frames()]
    for number, hints in enumerate(places):
        rightly = 33 + 4 * number  # where the point is
        if 74 <= rightly < 86:
            continue
        if rightly < 70:
            assert len(hints) == 1, number
        for hint in hints:
            assert hint.x == pytest.approx(rightly, abs=5), number
            assert hint.y == pytest.approx(48, abs=5)
    hidden = [len(hints) for number, hints in enumerate(places) if 77 <= 33 + 4 * number < 83]
    assert not any(hidden)


def test_the_network_is_shown_the_frame_that_a_hint_is_for(reel: Path) -> None:
    """However soon the thing is lost again, and though no key was due there."""
    hints = follow(FilmReader(reel), (FilmHint(13 / 25, Hint(64, 48, RED)),))
    reader, seen = FilmReader(reel), []

    def paint(frame: Frame) -> NDArray[np.float32]:
        seen.append(frame.pts)
        return np.zeros((24, 32, 2), np.float32)

    frames = list(reader.frames())
    for given in (frozenset[int](), hints.given):
        seen.clear()
        list(Stabilizer(paint, reader.info, FilmOptions(), given=given).run(frames))
        assert (frames[13].pts in seen) == bool(given)


def test_what_is_written_on_the_command_line() -> None:
    assert FilmHint.parse("12.5s:320,180,#c81e1e") == FilmHint(12.5, Hint(320, 180, RED))
    assert FilmHint.parse("1:02.5:3,4,#c81e1e,9") == FilmHint(62.5, Hint(3, 4, RED, 9))
    for wrong in ("320,180,#c81e1e", "soon:3,4,#fff", "1s:3,4"):
        with pytest.raises(TintypeError, match="hint"):
            FilmHint.parse(wrong)


def test_a_hint_changes_its_scene_and_no_other(reel: Path, tmp_path: Path) -> None:
    trained = Colorizer(tiny_model.build(tmp_path / "obeys.onnx", hints="trained"), precision="f32", threads=1)
    results = []
    for hints in ((), (FilmHint(14 / 25, Hint(64, 48, RED, 12)),)):
        target = tmp_path / f"{len(hints)}.mkv"
        colorize_film(str(reel), str(target), trained, FilmOptions(codec="ffv1", hints=hints))
        frames = FilmReader(target, keep_pictures=True).frames()
        results.append([frame.picture.to_ndarray(format="yuv420p")[96:] for frame in frames])
    changed = [bool((a != b).any()) for a, b in zip(*results, strict=True)]
    assert changed == [False] * 10 + [True] * 10


def test_the_models_own_weights_hold_a_colour_over_a_scene(tmp_path: Path, examples: list[Path]) -> None:
    """A slow pan over two photographs; a saucer in the first is to be green, as is said at its last frame."""
    frames = []
    for name in ("coffee", "astronaut"):
        with Image.open(next(path for path in examples if path.stem == name)) as image:
            grey = np.asarray(image.convert("L").resize((340, 240)), np.float64) / 255
        frames += [grey[20 : 20 + 192, 2 * i : 2 * i + 288] for i in range(14)]
    make(tmp_path / "reel.mkv", frames, Recipe("ffv1", audio=None))
    colorizer, x, y = Colorizer(threads=1), 60, 140
    hint = FilmHint(13 / 25, Hint(x, y, (31, 122, 58)))
    seen = []
    for number, hints in enumerate(((), (hint,))):
        target = tmp_path / f"{number}.mkv"
        colorize_film(str(tmp_path / "reel.mkv"), str(target), colorizer, FilmOptions(codec="ffv1", hints=hints))
        pictures = [
            frame.picture.to_ndarray(format="rgb24") for frame in FilmReader(target, keep_pictures=True).frames()
        ]
        places = [
            srgb_to_lab(p[y - 5 : y + 6, x + 26 - 2 * i - 5 :][:, :11] / 255) for i, p in enumerate(pictures[:14])
        ]
        seen.append((np.array([place.mean((0, 1))[1:] for place in places]), pictures[14:]))
    (plain, rest), (hinted, rest_hinted) = seen
    wanted = srgb_to_lab(np.array([31, 122, 58]) / 255)[1:]
    share = (hinted - plain) @ (wanted - plain.mean(0)) / np.square(wanted - plain.mean(0)).sum()
    assert share.min() > 0.7, share  # of the way from the colour without the hint
    assert hinted.std(axis=0).max() < 4
    assert all((a == b).all() for a, b in zip(rest, rest_hinted, strict=True))


def test_a_model_that_does_not_obey_says_so(reel: Path, tmp_path: Path, tiny: Colorizer) -> None:
    options = FilmOptions(hints=(FilmHint(0, Hint(64, 48, RED)),))
    with pytest.raises(WeightsError, match=r"tiny does not obey hints \(untrained\)"):
        colorize_film(str(reel), str(tmp_path / "out.mkv"), tiny, options)
    assert not (tmp_path / "out.mkv").exists()
    assert not (tmp_path / ".out.mkv.parts").exists()


def test_hints_are_for_one_film(cli: RunCli, reel: Path) -> None:
    result = cli("colorize", reel, reel.with_name("other.mp4"), "--model", "tiny", "--hint", "0:1,2,#fff")
    assert result.returncode == 1
    assert b"it must be the only input" in result.stderr


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_points_turn_with_the_film(rotation: int) -> None:
    signal = Signal(8, True, 6, 1, 1)
    plain = (Fraction(25), Fraction(1, 25), 0, None, None, False, rotation, None, None)
    info = FilmInfo("made", "made", "none", 128, 96, "gray", signal, *plain)
    stored = np.zeros((96, 128))
    stored[20, 100] = 1
    y, x = np.argwhere(np.rot90(stored, rotation // 90))[0]
    hint = Hint(float(x), float(y), RED)
    column, row = to_grid(hint, info, 128, 96)
    assert (column, row) == (100, 20)
    assert from_grid(hint, column, row, info, 128, 96) == hint
