"""Manners of `tintype colorize`: names, companions, what is shown, and with which status it ends."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from conftest import RunCli


@pytest.fixture
def album(tmp_path: Path, examples: list[Path]) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    for name, example in zip(("one.tif", "two.png", "three.jpg"), examples, strict=False):
        Image.open(example).convert("L").resize((90, 60)).save(folder / name)
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name[0] != "."}


def test_format_and_suffix(cli: RunCli, album: Path, tmp_path: Path) -> None:
    assert cli("colorize", "album", "--model", "tiny", "-o", "web", "--format", "JPG").returncode == 0
    assert names(tmp_path / "web") == {"one.jpg", "two.jpg", "three.jpg"}
    assert {Image.open(path).format for path in (tmp_path / "web").glob("*.jpg")} == {"JPEG"}
    assert cli("colorize", "album", "--model", "tiny", "-o", "kept", "--suffix=-edited").returncode == 0
    assert names(tmp_path / "kept") == {"one-edited.tif", "two-edited.png", "three-edited.jpg"}
    assert cli("colorize", "album/two.png", "--model", "tiny", "--suffix", "_c", "--format", "webp").returncode == 0
    assert "two_c.webp" in names(album)
    assert cli("colorize", "album/two.png", "--model", "tiny", "-o", "plain/", "--suffix", "").returncode == 0
    assert names(tmp_path / "plain") == {"two.png"}


def test_a_suffix_of_ones_own_is_left_out_of_a_folder(cli: RunCli, album: Path) -> None:
    """Run twice, results of the first time are no pictures of the second."""
    assert cli("colorize", "album", "--model", "tiny", "--suffix=-edited").returncode == 0
    assert len(names(album)) == 6
    assert cli("colorize", "album", "--model", "tiny", "--suffix=-edited").returncode == 3
    assert len(names(album)) == 6


def test_in_place_keeps_the_original_and_does_it_once(cli: RunCli, album: Path) -> None:
    before = {path.name: path.read_bytes() for path in album.iterdir()}
    assert cli("colorize", "album", "--model", "tiny", "--in-place").returncode == 0
    assert names(album) == {*before, *(f"{name}.orig" for name in before)}
    for name, data in before.items():
        assert (album / f"{name}.orig").read_bytes() == data
        assert Image.open(album / name).mode == "RGB"
    coloured = (album / "two.png").read_bytes()
    again = cli("colorize", "album", "--model", "tiny", "--in-place")
    assert again.returncode == 3
    assert (album / "two.png").read_bytes() == coloured


def test_in_place_leaves_a_broken_picture_as_it_is(cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    assert cli("colorize", "bad.jpg", "--model", "tiny", "--in-place").returncode == 1
    assert names(tmp_path) == {"bad.jpg"}
    assert (tmp_path / "bad.jpg").read_bytes() == b"no picture"


def test_time_and_sidecars(cli: RunCli, album: Path, tmp_path: Path) -> None:
    (album / "one.tif.xmp").write_text("<x/>")
    (album / "two.xmp").write_text("<y/>")
    os.utime(album / "one.tif", (1_000_000_000, 1_000_000_000))
    assert cli("colorize", "album", "--model", "tiny", "-o", "out", "--keep-time", "--format", "png").returncode == 0
    assert (tmp_path / "out/one.png").stat().st_mtime == 1_000_000_000
    assert {"one.png.xmp", "two.xmp"} <= names(tmp_path / "out")


def test_dry_run_writes_nothing_and_tells_it_all(cli: RunCli, album: Path, tmp_path: Path) -> None:
    (album / "bad.jpg").write_bytes(b"")
    Image.new("L", (8, 8)).save(tmp_path / "there.png")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    result = cli("colorize", "album", "-o", "out", "--model", "tiny", "--dry-run")
    text = result.stdout.decode()
    assert result.returncode == 1
    assert "would fail: album/bad.jpg" in text
    assert "album/one.tif -> out/one.tif   90 x 60, about " in text
    assert "would colour 3, fail on 1" in text
    assert text.endswith("Nothing was written.\n")
    facts = json.loads(cli("colorize", "album", "-o", "out", "--model", "tiny", "--dry-run", "--json").stdout)
    assert (facts["would_colour"], facts["would_fail"], facts["fits"]) == (3, 1, True)
    assert {one["target"] for one in facts["results"]} >= {"out/one.tif", "out/two.png"}
    failing = cli("colorize", "album/one.tif", "missing.jpg", "-o", "out", "--model", "tiny", "--dry-run")
    assert failing.returncode == 1
    assert b"would fail: missing.jpg: no such file" in failing.stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_dry_run_knows_what_is_done(cli: RunCli, album: Path) -> None:
    assert cli("colorize", "album", "-o", "out", "--model", "tiny").returncode == 0
    result = cli("colorize", "album", "-o", "out", "--model", "tiny", "--dry-run")
    assert result.returncode == 3
    assert b"would skip: album/one.tif (done by an earlier run)" in result.stdout


def test_quiet_says_nothing_but_errors(cli: RunCli, album: Path) -> None:
    (album / "bad.jpg").write_bytes(b"")
    result = cli("colorize", "album", "-o", "out", "--model", "tiny", "-q")
    assert (result.returncode, result.stdout) == (1, b"")
    assert len(result.stderr.splitlines()) == 1


def test_verbose_tells_of_the_model(cli: RunCli, album: Path) -> None:
    result = cli("colorize", "album/two.png", "--model", "tiny", "-v")
    assert result.returncode == 0
    assert b"tintype: model tiny" in result.stderr


def test_progress_for_programs(cli: RunCli, album: Path) -> None:
    (album / "bad.jpg").write_bytes(b"")
    result = cli("colorize", "album", "-o", "out", "--model", "tiny", "--progress", "json")
    assert (result.returncode, result.stdout) == (1, b"")
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert [event["event"] for event in events] == ["start", *["step"] * 4, "end"]
    assert [event["ok"] for event in events[1:-1]].count(False) == 1
    assert {event["total"] for event in events} == {4}


COPIES = 250  # so many that a run does not end while the test, on a busy machine, waits for its turn


def fill(album: Path) -> None:
    """Copies of a picture beside the three that are there."""
    for number in range(COPIES):
        (album / f"copy-{number:03d}.png").hardlink_to(album / "two.png")


def test_ctrl_c_says_how_far_it_came(tmp_path: Path, model_path: Path, album: Path) -> None:
    fill(album)
    command = [sys.executable, "-m", "tintype", "colorize", "album", "-o", "out", "--model", "tiny", "--jobs", "1"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"TINTYPE_MODELS": str(model_path.parent)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    found = re.fullmatch(r"tintype: stopped: (\d+) of 25\d done; the same command goes on", said.splitlines()[-1])
    assert found, said
    assert 1 <= int(found[1]) < COPIES


def test_ctrl_c_stops_with_130_and_the_same_line_goes_on(tmp_path: Path, model_path: Path, album: Path) -> None:
    fill(album)
    command = [sys.executable, "-m", "tintype", "colorize", "album", "-o", "out", "--model", "tiny", "--jobs", "1"]
    command += ["--progress", "json"]
    environment = os.environ | {"TINTYPE_MODELS": str(model_path.parent)}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["event"] == "step":
            process.send_signal(signal.SIGINT)
            break
    rest = [json.loads(line) for line in process.stderr if line.startswith("{")]
    assert process.wait(30) == 130
    assert rest[-1]["event"] == "stopped"
    assert not list((tmp_path / "out").glob(".*.part"))
    done = len(names(tmp_path / "out"))
    assert 1 <= done < COPIES + 3
    again = subprocess.run(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    steps = [json.loads(line) for line in again.stderr.splitlines()]
    assert again.returncode == 0
    assert sum(step.get("skipped", False) for step in steps) >= done - 1
    assert len(names(tmp_path / "out")) == COPIES + 3


def test_presets(cli: RunCli, album: Path, tmp_path: Path) -> None:
    os.utime(album / "two.png", (1_000_000_000, 1_000_000_000))
    assert cli("colorize", "album/two.png", "-o", "a/", "--preset", "archive").returncode == 0
    assert (tmp_path / "a/two.tif").stat().st_mtime == 1_000_000_000
    assert cli("colorize", "album/two.png", "-o", "w/", "--model", "tiny", "--preset", "web").returncode == 0
    assert names(tmp_path / "w") == {"two.jpg"}
    line = ("colorize", "album/two.png", "-o", "p/", "--model", "tiny", "--preset", "web", "--format", "png")
    assert cli(*line).returncode == 0
    assert names(tmp_path / "p") == {"two.png"}
    (tmp_path / ".tintype.toml").write_text('[presets.mine]\nformat = "bmp"\n\n[colorize]\npreset = "mine"\n')
    assert cli("colorize", "album/two.png", "-o", "m/", "--model", "tiny").returncode == 0
    assert names(tmp_path / "m") == {"two.bmp"}


def test_names_of_long_paths_are_cut_in_the_middle() -> None:
    from tintype.batch.forecast import Forecast
    from tintype.cli.dry_run import line

    one = Forecast("scans/" + "a" * 100 + ".tif", "out/" + "a" * 100 + ".tif", "colour", None, 9, 9, 1, 1000, 0.1)
    for width in (80, 200):
        assert len(line(one, width)) <= width
    assert "a" * 100 in line(one, 0)
    same = Forecast("scans/holiday 1.jpg", "out/holiday 1.jpg", "colour", None, 600, 400, 1, 67_700, 1.1)
    assert line(same, 200).startswith("scans/holiday 1.jpg -> out/holiday 1.jpg   600 x 400")
    assert line(same, 65).startswith(f"scans/holiday 1.jpg -> out{os.sep}   600 x 400")  # the name once, and whole


def test_dry_run_lines_of_one_folder_are_alike() -> None:
    """The folder is named, and the name is cut once, whether a line is a column too long or ten."""
    from tintype.batch.forecast import Forecast
    from tintype.cli.dry_run import line

    name = "photograph-of-grandfather-07.jpg"
    for size, bytes_out in ((220, 9_500), (512, 37_300), (1024, 139_900), (20_480, 1_139_900)):
        one = Forecast(f"album/{name}", f"out2/{name}", "colour", None, size, size, 1, bytes_out, 0.7)
        said = line(one, 80)
        assert len(said) <= 80
        assert re.match(r"album\S*07\.jpg -> out2[/\\]   \d+ x \d+, about ", said), said
