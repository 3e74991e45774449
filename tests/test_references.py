"""Several references, and saved colours: found again by what the encoder sees, taken where they fit alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import RunCli
from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.open_photo import LEAST_AGREEMENT, Choice, best_reference, told_by
from tintype.errors import TintypeError
from tintype.hints.saved import find_saved, read_colours, seen_at, with_colour, write_colours
from tintype.hints.transfer import describe
from tintype.photo.photo import Photo
from tintype.video import FilmOptions, SceneReference, colorize_film
from tintype.video.direction import Director


@pytest.fixture(scope="module")
def small() -> Colorizer:
    return Colorizer("tint-small", precision="f32", threads=1)


def picture(path: Path, part: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Photo:
    image = Image.open(path).convert("RGB")
    image = image.crop(tuple(round(s * p) for s, p in zip(image.size * 2, part, strict=True)))  # type: ignore[arg-type]
    image.thumbnail((220, 220))
    return Photo.read(np.asarray(image.convert("L")))


def coloured(photo: Photo) -> Photo:
    """The light of a picture under made colours."""
    y, x = np.mgrid[: photo.height, : photo.width] / 40
    return photo.with_chroma(*((128 + 50 * np.sin(wave)).astype(np.uint8) for wave in (x, y + 1)))


def test_the_best_reference_is_taken_or_none(small: Colorizer, examples: list[Path]) -> None:
    by_name = {path.stem: path for path in examples}
    references = [small.open(coloured(picture(by_name[name]))) for name in ("coffee", "astronaut")]
    part = small.open(picture(by_name["astronaut"], (0.05, 0.05, 0.95, 0.95)).grey())
    found = best_reference(part, references)
    assert (found.index, found.weight) == (1, 1)
    assert found.hints
    assert all(hint.confidence <= 1 for hint in found.hints)
    other = small.open(picture(by_name["grass"]).grey())
    assert best_reference(other, references) == Choice(None, 0, [])
    assert told_by(other, references) == []
    assert told_by(other, None) == []
    # One reference is taken as it always was.
    assert told_by(part, references[1]) == part.match(references[1])
    values = [part.compare(reference).agreement for reference in references]
    assert values[1] > 2 * LEAST_AGREEMENT > 2 * values[0]


def test_a_print_with_borders_is_compared_too(small: Colorizer, examples: list[Path]) -> None:
    plain = picture(examples[0])
    framed = np.pad(plain.luma, 17, constant_values=255)
    opened = small.open(Photo(framed))
    assert opened.inside is not None
    assert opened.compare(small.open(coloured(plain))).agreement > LEAST_AGREEMENT
    odd = describe(np.random.default_rng(0).normal(size=(25, 31, 4)), np.random.default_rng(1).normal(size=(12, 15, 6)))
    assert odd.shape == (25, 31, 10)


def test_a_folder_takes_the_best_of_several(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    by_name = {path.stem: path for path in examples}
    (tmp_path / "box").mkdir()
    for name in ("astronaut", "grass"):
        picture(by_name[name]).grey().save(tmp_path / "box" / f"{name}.png")
    coloured(picture(by_name["astronaut"])).save(tmp_path / "a.png")
    coloured(picture(by_name["coffee"])).save(tmp_path / "b.png")
    shared = ("colorize", "box", "--model", "tint-small")
    plain = cli(*shared, "-o", "plain")
    several = cli(*shared, "-o", "several", "--reference", "a.png", "--reference", "b.png")
    assert plain.returncode == several.returncode == 0, several.stderr.decode()
    astronaut, grass = (
        np.abs(
            Photo.read(tmp_path / "plain" / f"{n}.png").rgb().astype(int)
            - Photo.read(tmp_path / "several" / f"{n}.png").rgb()
        ).mean()
        for n in ("astronaut", "grass")
    )
    assert astronaut > 3
    assert grass == 0


def test_saved_colours_are_kept_and_found(small: Colorizer, examples: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "c" / "colours.json"
    assert read_colours(file) == []
    whole = small.open(picture(examples[0]))
    described = whole.described()
    saved = with_colour([], "coat", "#7a1f2b", small.model.sha256, seen_at(described, 0.5, 0.4))
    saved = with_colour(saved, "hat", "#102030", small.model.sha256, seen_at(described, 0.2, 0.2))
    write_colours(saved, file)
    known = read_colours(file)
    assert [(one.name, one.color, len(one.seen)) for one in known] == [("coat", "#7a1f2b", 1), ("hat", "#102030", 1)]
    offers = {offer.saved.name: offer for offer in find_saved(known, described)}
    assert offers["coat"].likeness > 0.99
    assert abs(offers["coat"].x - 0.5) < 0.08
    assert abs(offers["coat"].y - 0.4) < 0.08
    again = with_colour(known, "coat", "#ff0000", small.model.sha256, seen_at(described, 0.6, 0.6))
    assert next(len(one.seen) for one in again if one.name == "coat") == 2
    other = with_colour(again, "coat", "#ff0000", "another model", seen_at(described, 0.6, 0.6))
    assert next(len(one.seen) for one in other if one.name == "coat") == 1
    with pytest.raises(TintypeError, match="no name for a colour"):
        with_colour([], "../x", "#000000", "", seen_at(described, 0, 0))
    file.write_text("{}")
    with pytest.raises(TintypeError, match="not a file of saved colours"):
        read_colours(file)


@pytest.fixture
def own_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of saved colours for this test; to be asked for before `cli`, which copies the environment."""
    monkeypatch.setenv("TINTYPE_COLOURS", str(tmp_path / "mine.json"))
    return tmp_path / "mine.json"


def test_the_verb_saves_offers_and_confirms(
    own_colours: Path, cli: RunCli, examples: list[Path], tmp_path: Path
) -> None:
    by_name = {path.stem: path for path in examples}
    photo = picture(by_name["astronaut"])
    photo.grey().save(tmp_path / "one.png")
    picture(by_name["astronaut"], (0.05, 0.05, 0.95, 0.95)).grey().save(tmp_path / "two.png")
    picture(by_name["grass"]).grey().save(tmp_path / "grass.png")
    said = cli("colours", "save", "suit", "one.png", "110,160,#d2691e", "--model", "tint-small")
    assert said.returncode == 0, said.stderr.decode()
    assert own_colours.is_file()
    assert "suit  #d2691e  seen 1 times" in cli("colours").stdout.decode()
    found = json.loads(cli("colours", "find", "two.png", "grass.png", "--json", "--model", "tint-small").stdout)
    best = max(found, key=lambda offer: offer["likeness"])
    assert (best["picture"], best["name"]) == ("two.png", "suit")
    assert best["likeness"] > 0.75
    sure = cli("colours", "find", "grass.png", "--least", "0.75", "--json", "--model", "tint-small")
    assert json.loads(sure.stdout) == []
    unasked = cli("colours", "find", "two.png", "-o", "hints.json", "--model", "tint-small")
    assert unasked.returncode == 1
    assert b"nobody is there to confirm" in unasked.stderr
    done = cli("colours", "find", "two.png", "-o", "hints.json", "--yes", "--model", "tint-small")
    assert done.returncode == 0, done.stderr.decode()
    assert b"1 of 1 offers confirmed" in done.stderr
    coloured = cli("colorize", "two.png", "--hints", "hints.json", "--model", "tint-small", "-o", "c.png")
    assert coloured.returncode == 0, coloured.stderr.decode()
    assert cli("colours", "rm", "suit").returncode == 0
    assert cli("colours", "rm", "suit").returncode == 1
    outside = cli("colours", "save", "x", "one.png", "999,5,#112233", "--model", "tint-small")
    assert b"999, 5 is outside the picture" in outside.stderr


def shots(examples: list[Path], folder: Path) -> dict[str, Path]:
    """A film of 15 frames in three shots, as pictures in `folder`/frames; pictures in colour of the first two."""
    by_name = {path.stem: path for path in examples}
    tones = {"astronaut": (180, 110), "coffee": (110, 170)}  # Cb, Cr
    (folder / "frames").mkdir()
    told = {}
    for shot, name in enumerate(("astronaut", "coffee", "grass")):
        light = np.asarray(Image.fromarray(picture(by_name[name]).luma).resize((192, 160)))
        if name in tones:
            told[name] = folder / f"{name}.png"
            planes = [np.full((160, 192), value, np.uint8) for value in tones[name]]
            Photo(light).with_chroma(*planes).save(told[name])
        for number in range(5):
            Image.fromarray(light).save(folder / "frames" / f"{5 * shot + number:03d}.png")
    return told


def hues(folder: Path, *numbers: int) -> list[np.ndarray]:
    """Mean Cb and Cr of frames."""
    return [np.asarray(Image.open(folder / f"{n:03d}.png").convert("YCbCr"))[..., 1:].mean((0, 1)) for n in numbers]


def test_each_shot_of_a_film_takes_its_own_reference(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    told = shots(examples, tmp_path)
    references = [text for name in reversed(told) for text in ("--reference", told[name])]
    out = tmp_path / "out" / "%03d.png"
    frames = tmp_path / "frames" / "%03d.png"
    done = cli("colorize", frames, "--model", "tint-small", *references, "-o", out, "--json")
    assert done.returncode == 0, done.stderr.decode()
    (film,) = json.loads(done.stdout)["films"]
    taken = [(shot["start"], shot["frames"], shot["reference"]) for shot in film["references"]]
    assert taken == [(0.0, 5, str(tmp_path / "astronaut.png")), (0.2, 5, str(tmp_path / "coffee.png")), (0.4, 5, None)]
    weights = [shot["weight"] for shot in film["references"]]
    assert weights == [1, 1, 0]
    assert b"references: 0:00:00.0 to 0:00:00.2 astronaut.png (1.00)" in done.stderr
    assert b"0:00:00.4 to 0:00:00.6 none" in done.stderr
    blues = hues(tmp_path / "out", 2, 7)
    assert blues[0][0] > blues[0][1] + 20, "the first shot is blue as its reference"
    assert blues[1][1] > blues[1][0] + 20, "the second is red"


@pytest.mark.parametrize("stability", ["0.8", "0"])
def test_an_only_reference_does_not_bleed_past_a_cut(
    cli: RunCli, examples: list[Path], tmp_path: Path, stability: str
) -> None:
    told = shots(examples, tmp_path)
    frames = tmp_path / "frames" / "%03d.png"
    plain = ("colorize", frames, "--model", "tint-small", "--stability", stability)
    assert cli(*plain, "-o", tmp_path / "plain" / "%03d.png").returncode == 0
    out = tmp_path / "out" / "%03d.png"
    done = cli(*plain, "--reference", told["astronaut"], "-o", out, "--json")
    assert done.returncode == 0, done.stderr.decode()
    (film,) = json.loads(done.stdout)["films"]
    if stability != "0":
        taken = [(shot["start"], shot["frames"], shot["reference"], shot["weight"]) for shot in film["references"]]
        assert taken == [(0.0, 5, str(told["astronaut"]), 1), (0.2, 5, None, 0), (0.4, 5, None, 0)]
        assert b"0:00:00.2 to 0:00:00.4 none" in done.stderr
    (blue,) = hues(tmp_path / "out", 2)
    assert blue[0] > blue[1] + 20, "the first shot is blue as the reference"
    for number in (5, 7, 9, 10, 14):
        names = [tmp_path / folder / f"{number:03d}.png" for folder in ("plain", "out")]
        assert names[0].read_bytes() == names[1].read_bytes(), f"frame {number} is of another shot"


def test_a_shot_of_little_contrast_takes_a_reference_and_decides_nothing(
    small: Colorizer, examples: list[Path]
) -> None:
    """An even sky shows little to its end; a fade shows little at first."""
    by_name = {path.stem: path for path in examples}
    whole, other = (picture(by_name[name]) for name in ("astronaut", "coffee"))
    faint = Photo(np.round(128 + (whole.luma.astype(np.float64) - whole.luma.mean()) * 0.15).astype(np.uint8))
    assert faint.luma.std() < 12 < other.luma.std()
    director = Director([small.open(coloured(faint)), small.open(coloured(other))], None)
    assert director.hints(small.open(faint))
    assert director.facts()["reference"][0] == 0
    assert director.hints(small.open(other.grey()))
    assert director.facts()["reference"][0] == 1
    director.hints(small.open(faint))
    assert director.facts()["reference"][0] == 1, "to the end of the shot"


@pytest.mark.parametrize("stability", [0.75, 0.0])
def test_a_scene_takes_the_reference_that_was_given_for_it(
    small: Colorizer, examples: list[Path], tmp_path: Path, stability: float
) -> None:
    """Against likeness, before what is for the whole film, and in the whole scene; also frame by frame."""
    told = shots(examples, tmp_path)
    frames = tmp_path / "frames" / "%03d.png"
    (tmp_path / "out").mkdir()
    red, blue = str(told["coffee"]), str(told["astronaut"])
    given = (SceneReference(0.0, 0.2, red), SceneReference(0.4, 0.6, blue))
    each, end = (1, 0.2) if stability == 0 else (None, None)
    options = FilmOptions(reference=blue, scene_references=given, stability=stability, every=each, end=end, rate=25)
    out = tmp_path / "out" / "%03d.png"
    report = colorize_film(str(frames), str(out), small, options)
    found = hues(tmp_path / "out", 0, 4)
    assert all(cr > cb + 20 for cb, cr in found), f"the first scene is red, though its own picture is blue: {found}"
    if each is None:
        assert [(shot["start"], shot["reference"]) for shot in report.references] == [
            (0.0, red),
            (0.2, None),
            (0.4, blue),
        ]
        assert any(note.startswith("references: ") for note in report.notes)


def test_a_reference_for_a_scene_is_checked_before_any_work(
    small: Colorizer, examples: list[Path], tmp_path: Path
) -> None:
    told = shots(examples, tmp_path)
    frames = tmp_path / "frames" / "%03d.png"
    (tmp_path / "out").mkdir()
    photo = str(told["coffee"])
    with pytest.raises(TintypeError, match="nothing lies between"):
        SceneReference(2, 2, photo)
    late = FilmOptions(scene_references=(SceneReference(9, 10, photo),), rate=25)
    with pytest.raises(TintypeError, match=r"a scene at 9 s, the film is 0\.6 s long"):
        colorize_film(str(frames), str(tmp_path / "out" / "%03d.png"), small, late)
