"""Hints, references, palettes, alternatives and confidence through the command line."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tiny_model
from tintype import Colorizer, Hint, OpenPhoto, Photo
from tintype.batch.sidecars import alternative_path
from tintype.colorizer.taste import Taste

KNOTS = ((0.0, 1.0), (0.5, 10.0), (1.0, 40.0))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("steered") / "steered.onnx"
    return tiny_model.build(path, hints="trained", calibration=KNOTS)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_hint_changes_its_surroundings_alone(
    cli: Callable, model: Path, examples: list[Path], tmp_path: Path
) -> None:
    plain = cli("colorize", examples[0], "--model", model, "-o", "plain.png")
    assert plain.returncode == 0, plain.stderr
    hinted = cli("colorize", examples[0], "--model", model, "-o", "hinted.png", "--hint", "20,30,#c02030,9")
    assert hinted.returncode == 0, hinted.stderr
    first, second = pixels(tmp_path / "plain.png"), pixels(tmp_path / "hinted.png")
    changed = np.abs(first - second).max(2)
    assert changed[25:36, 15:26].max() > 2
    assert changed[-40:, -40:].max() <= 4  # levels: the hint is 600 pixels away
    assert changed[-40:, -40:].mean() < 0.1
    luma = [np.asarray(Image.open(tmp_path / name).convert("L")).astype(int) for name in ("plain.png", "hinted.png")]
    assert np.abs(luma[0] - luma[1]).max() <= 2


def test_hints_from_a_file_are_those_of_the_command_line(
    cli: Callable, model: Path, examples: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "h.json").write_text(json.dumps([{"x": 20, "y": 30, "color": "#c02030", "radius": 9}]))
    assert cli("colorize", examples[0], "--model", model, "-o", "a.png", "--hints", "h.json").returncode == 0
    assert cli("colorize", examples[0], "--model", model, "-o", "b.png", "--hint", "20,30,#c02030,9").returncode == 0
    np.testing.assert_array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))
    record = json.loads(cli("info", "a.png", "--json").stdout)
    assert '"hints": 1' in json.dumps(record)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hint", "nowhere"], "write it as X,Y,#RRGGBB"),
        (["--hint", "99999,3,#fff"], "outside the picture"),
        (["--palette", "#123456,purple"], "write it as #RRGGBB"),
        (["--strength", "strong"], "a number from 0 to 1, or auto"),
        (["--strength", "2"], "strength is 2.0"),
        (["--reference", "missing.jpg"], "no such file"),
        (["--confidence", "map.jpg"], "written as PNG"),
    ],
)
def test_bad_wishes_are_told_in_one_line(
    cli: Callable, model: Path, examples: list[Path], arguments: list[str], words: str
) -> None:
    result = cli("colorize", examples[0], "--model", model, "-o", "out.png", *arguments)
    assert result.returncode != 0
    assert words in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()


def test_hints_are_for_one_picture(cli: Callable, model: Path, examples: list[Path]) -> None:
    result = cli("colorize", *examples[:2], "--model", model, "-o", "out", "--hint", "3,3,#fff")
    assert result.returncode == 1
    assert b"hints are for one picture, and here are 2" in result.stderr


def test_alternatives_and_confidence_are_written_beside(
    cli: Callable, model: Path, examples: list[Path], tmp_path: Path
) -> None:
    done = cli(
        "colorize", examples[0], "--model", model, "-o", "out.png", "--alternatives", "3", "--confidence", "map.png"
    )
    assert done.returncode == 0, done.stderr
    found = sorted(path.name for path in tmp_path.glob("out*.png"))
    assert found[0] == "out-2.png"
    pictures = [pixels(tmp_path / name) for name in found]
    for i, first in enumerate(pictures):
        for second in pictures[i + 1 :]:
            assert np.abs(first - second).mean() > 0.2
    with Image.open(tmp_path / "map.png") as image:
        assert image.mode == "L"
        assert image.size == Image.open(examples[0]).size
        assert np.ptp(np.asarray(image)) > 0


def test_the_names_of_alternatives_tell_a_later_run_that_they_are_results() -> None:
    assert alternative_path(Path("a/b-color.jpg"), 2) == Path("a/b-2-color.jpg")
    assert alternative_path(Path("a/b.jpg"), 3) == Path("a/b-3.jpg")


def test_strength_auto_fades_what_is_uncertain_most(model: Path, examples: list[Path]) -> None:
    opened = Colorizer(model, threads=1).open(examples[0])
    full, faded = opened.predict().chroma, opened.predict(taste=Taste(strength="auto")).chroma
    assert full is not None
    assert faded is not None
    ratio = np.abs(faded[0].astype(int) - 128).sum() / max(1, np.abs(full[0].astype(int) - 128).sum())
    assert ratio < 1
    sure = opened.confidence()
    assert sure.min() < 0.4


def test_a_palette_limits_the_colours(model: Path, examples: list[Path]) -> None:
    opened = Colorizer(model, threads=1).open(examples[0])
    locked = opened.predict(taste=Taste(palette=((150, 90, 40),))).rgb().astype(float)
    free = opened.predict().rgb().astype(float)
    vivid = np.ptp(locked, axis=2) > 24
    warm, warm_before = (np.mean(rgb[vivid][:, 0] >= rgb[vivid][:, 2]) for rgb in (locked, free))
    assert warm > max(0.8, warm_before)  # brown or grey, hardly ever blue


def test_suggestions_are_colours_in_the_light_of_the_place(model: Path, examples: list[Path]) -> None:
    opened = Colorizer(model, threads=1).open(examples[0])
    found = opened.suggest(10, 12, 4)
    assert 1 <= len(found) <= 4
    assert [s.probability for s in found] == sorted((s.probability for s in found), reverse=True)
    assert sum(s.probability for s in found) <= 1.001
    level = int(opened.photo.luma[12, 10])
    for suggestion in found:
        grey = Photo(np.full((1, 1), level, np.uint8)).luma
        mixed = np.dot(suggestion.color, [0.299, 0.587, 0.114])
        assert abs(mixed - int(grey[0, 0])) < 45


def test_a_reference_needs_a_model_that_shows_its_features(model: Path, examples: list[Path]) -> None:
    from tintype import WeightsError

    colorizer = Colorizer(model, threads=1)
    with pytest.raises(WeightsError, match="cannot compare pictures"):
        colorizer.colorize(examples[0], reference=examples[1])


def test_alternatives_and_confidence_obey_hints(
    cli: Callable, model: Path, examples: list[Path], tmp_path: Path
) -> None:
    written = ["x.png", "x-2.png", "map.png"]
    seen = []
    for more in ([], ["--hint", "20,30,#c02030,9"]):
        arguments = ["--model", model, "-o", "x.png", "--alternatives", "2", "--confidence", "map.png", "--overwrite"]
        made = cli("colorize", examples[0], *arguments, *more)
        assert made.returncode == 0, made.stderr
        seen.append([pixels(tmp_path / name) for name in written])
    for plain, hinted, name in zip(*seen, written, strict=True):
        assert np.abs(plain - hinted)[25:36, 15:26].max() > 2, name


def test_an_alternative_that_cannot_be_written_costs_the_other_pictures_nothing(
    cli: Callable, model: Path, examples: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    names = [path.name for path in examples[:3]]
    blocked = tmp_path / "out" / f"{Path(names[0]).stem}-2.jpg"
    blocked.mkdir()
    made = cli("colorize", *examples[:3], "--model", model, "-o", "out", "--alternatives", "2", "--sheet", "sheet.html")
    assert made.returncode == 1
    assert blocked.name in made.stderr.decode()
    assert "2 coloured, 1 failed" in made.stderr.decode()
    assert all((tmp_path / "out" / name).is_file() for name in names[1:])
    assert (tmp_path / "sheet.html").is_file()
    blocked.rmdir()
    again = cli("colorize", *examples[:3], "--model", model, "-o", "out", "--alternatives", "2")
    assert again.returncode == 0, again.stderr
    assert "1 coloured, 2 skipped" in again.stderr.decode()
    assert blocked.is_file()


def test_a_reference_is_known_by_its_content(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "grey").mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(tmp_path / "grey" / "a.png")

    def colour(seed: int) -> str:
        noise = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / "reference.png")
        done = cli("colorize", "grey", "--model", "tint-small", "-o", "out", "--reference", "reference.png")
        return str(done.stderr.decode() + done.stdout.decode())

    assert "a.png ->" in colour(1)
    assert "a.png ->" not in colour(1)  # as its record says, it is done
    assert "exists" in colour(2)  # another reference under the same name is another task


def test_mirrored_hints_keep_their_confidence_and_stay_inside(model: Path, examples: list[Path]) -> None:
    opened = Colorizer(model, threads=1).open(examples[0])
    corner = Hint(opened.photo.width - 0.5, 3.5, (192, 32, 48), 9)
    assert opened.predict(hints=[corner], taste=Taste(tta=True)).chroma is not None
    told: list[Hint] = []
    mirrored = opened._mirrored

    def listen(*, size: int | None = None, hints: Sequence[Hint] = ()) -> Any:
        told.extend(hints)
        return OpenPhoto.predict_ab(mirrored, size=size, hints=hints)

    mirrored.predict_ab = listen  # type: ignore[method-assign]
    opened.averaged_ab(hints=[Hint(20, 30, (192, 32, 48), 9, 0.3)])
    assert {hint.confidence for hint in told} == {0.3}
    assert {hint.x for hint in told} == {opened.photo.width - 21}
