"""`tintype colorize` on films: one verb, by what the file is."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from conftest import RunCli
from little_films import Recipe, make, read, scene
from tintype.errors import TintypeError
from tintype.video import FilmOptions, is_film
from tintype.video.options import parse_every, parse_time
from tintype.video.plan import split


def test_films_and_pictures_in_one_go(cli: RunCli, tmp_path: Path, examples: list[Path]) -> None:
    (tmp_path / "box").mkdir()
    make(tmp_path / "box" / "reel.mp4", scene(48, 64, 8))
    make(tmp_path / "box" / "old.avi", scene(48, 64, 4), Recipe("mpeg4", audio=None))
    shutil.copy(examples[0], tmp_path / "box" / "photo.jpg")
    result = cli("colorize", "box", "--model", "tiny", "--output", "done", "--json")
    assert result.returncode == 0, result.stderr.decode()
    report = json.loads(result.stdout)
    assert [reel["frames"] for reel in report["films"]] == [4, 8]
    assert report["coloured"] == 1
    made = {path.name for path in (tmp_path / "done").iterdir() if not path.name.startswith(".")}
    assert made == {"old.mkv", "photo.jpg", "reel.mp4"}
    again = cli("colorize", "box", "--model", "tiny", "--output", "done")
    assert again.returncode == 1
    assert again.stderr.decode().count("--overwrite") == 2  # the journal knows the photo


def test_a_still_picture_called_mp4_is_a_picture(cli: RunCli, tmp_path: Path, examples: list[Path]) -> None:
    shutil.copy(examples[0], tmp_path / "still.mp4")
    result = cli("colorize", "still.mp4", "--model", "tiny", "--output", "still.jpg")
    assert result.returncode == 0, result.stderr.decode()
    assert Image.open(tmp_path / "still.jpg").mode == "RGB"
    beside = cli("colorize", "still.mp4", "--model", "tiny")
    assert beside.returncode == 0
    assert Image.open(tmp_path / "still-color.png").mode == "RGB"


def test_a_film_called_jpg_is_a_film(cli: RunCli, tmp_path: Path) -> None:
    make(tmp_path / "reel.mp4", scene(48, 64, 3))
    (tmp_path / "reel.mp4").rename(tmp_path / "reel.jpg")
    assert cli("colorize", "reel.jpg", "--model", "tiny").returncode == 0
    assert len(read(tmp_path / "reel-color.mkv").times) == 3


def test_one_bad_film_does_not_stop_the_others(cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "bad.mkv").write_bytes(b"\x1aE\xdf\xa3 and then nothing of use")
    make(tmp_path / "good.mp4", scene(48, 64, 3))
    result = cli("colorize", "bad.mkv", "good.mp4", "--model", "tiny")
    assert result.returncode == 1
    assert b"bad.mkv: cannot be read as a film" in result.stderr
    assert b"films: 1 coloured, 1 failed" in result.stderr
    assert (tmp_path / "good-color.mp4").exists()


def test_preview_is_one_sheet(cli: RunCli, tmp_path: Path) -> None:
    make(tmp_path / "reel.mp4", scene(48, 64, 50))
    result = cli("colorize", "reel.mp4", "--model", "tiny", "--preview", "0.5", "--output", "look.mp4")
    assert result.returncode == 0, result.stderr.decode()
    assert not (tmp_path / "look.mp4").exists()
    sheet = Image.open(tmp_path / "look.jpg")
    assert sheet.width > 4 * 64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--stability", "2"), "stability is 2"),
        (("--every", "often"), "every is 'often'"),
        (("--start", "soon"), "'soon' is no time"),
        (("--start", "5", "--end", "4"), "nothing lies between"),
        (("--output", "out.avi"), "films are written as .mp4"),
        (("--output", "-"), "cannot go to standard output"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_mistakes_are_one_line(cli: RunCli, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    make(tmp_path / "reel.mp4", scene(32, 48, 2), Recipe(audio=None))
    result = cli("colorize", "reel.mp4", "--model", "tiny", *options)
    assert result.returncode == 1
    assert message in result.stderr.decode()
    assert result.stderr.decode().count("\n") == 1


def test_names_of_results(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mpg", "c-color.mp4"):
        (tmp_path / name).write_bytes(b"\x00\x00\x01\xba" if name == "b.mpg" else b"\x00\x00\x00\x18ftypisom")
    jobs, rest = split([str(tmp_path)], None)
    assert rest == []
    assert [Path(job.target or "").name for job in jobs] == ["a-color.mp4", "b-color.mkv"]
    jobs, rest = split([f"{tmp_path}/frames/shot-%04d.png", "portrait.jpg"], None)
    assert rest == ["portrait.jpg"]
    assert Path(jobs[0].target or "").name == "shot-color.mkv"


def test_what_a_file_is(tmp_path: Path) -> None:
    heads = {
        "film.mp4": (b"\x00\x00\x00\x20ftypisom", True),
        "still.avif": (b"\x00\x00\x00\x20ftypavif", False),
        "photo.mp4": (b"\xff\xd8\xff\xe0\x00\x10JFIF", False),
        "sound.avi": (b"RIFF\x00\x00\x00\x00AVI LIST", True),
        "web.webp": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", False),
        "unknown.ts": (b"\x47\x40\x11\x10" * 4, True),
    }
    for name, (head, film) in heads.items():
        (tmp_path / name).write_bytes(head)
        assert is_film(tmp_path / name) == film, name
    assert is_film("frames/%04d.png")
    assert not is_film("100%.png")


@pytest.mark.parametrize(("text", "seconds"), [("12.5", 12.5), ("12.5s", 12.5), ("1:02.5", 62.5), ("1:00:02", 3602)])
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


def test_limits_are_told() -> None:
    assert parse_every("auto") is None
    for wrong in ({"stability": -0.1}, {"every": 0}, {"crf": 64}, {"rate": 0.0}, {"start": -1.0}):
        with pytest.raises(TintypeError):
            FilmOptions(**wrong)
