"""`tintype data` as a person meets it."""

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from conftest import RunCli
from tintype.cli import app
from training_pictures import write_tiles


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = write_tiles(tmp_path / "photos")
    Image.open(folder / "coffee_0.png").convert("L").save(folder / "grey.png")
    Image.open(folder / "coffee_0.png").resize((30, 30)).save(folder / "tiny.png")
    shutil.copy(folder / "rocket_1.png", folder / "twin.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


def test_help_lists_the_three(cli: RunCli) -> None:
    text = cli("data", "--help").stdout.decode()
    for verb in ("scan", "split", "pack"):
        assert f"\n  {verb} " in text
        help_text = cli("data", verb, "--help").stdout.decode()
        assert f"tintype data {verb}" in help_text.partition("Examples:")[2]


def test_scan_split_and_pack_follow_each_other(cli: RunCli, photos: Path, tmp_path: Path) -> None:
    outputs = ("--manifest", "good.manifest.jsonl", "--report", "found.json", "--sheet", "found.png")
    result = cli("data", "scan", "photos", *outputs)
    assert (result.returncode, result.stderr) == (0, b"")
    text = result.stdout.decode()
    heading, row = (line.split() for line in text.splitlines()[:2])
    assert heading == ["pictures", "broken", "tiny", "grey", "tinted", "leaked", "duplicate", "good"]
    assert row == ["photos", "20", "1", "1", "1", "0", "0", "1", "16"]
    assert "photos/broken.jpg: not a picture" in text
    assert "16 pictures -> good.manifest.jsonl" in text
    assert len(json.loads((tmp_path / "found.json").read_text())["found"]) == 4
    assert Image.open(tmp_path / "found.png").width == 1200

    result = cli("data", "split", "good.manifest.jsonl", "--part", "train=75%", "--part", "val=25%", "-o", "parts")
    assert (result.returncode, result.stderr) == (0, b"")
    assert "train: 12 pictures, 12 groups -> parts/train.manifest.jsonl" in result.stdout.decode()

    result = cli("data", "pack", "parts/train.manifest.jsonl", "-o", "shards", "--shard-size", "8", "--side", "48")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode().split() == ["shards/shard-000000.tar", "shards/shard-000001.tar"]
    counts = cli("data", "scan", "shards", "--against", "parts/val.manifest.jsonl", "--min-side", "32").stdout.decode()
    assert [line.split()[1] for line in counts.splitlines()[1:3]] == ["12", "4"]


def test_keep_lets_a_flaw_in(cli: RunCli, photos: Path) -> None:
    result = cli("data", "scan", "photos", "--manifest", "m.jsonl", "--keep", "tiny", "--keep", "duplicate")
    assert b"18 pictures -> m.jsonl" in result.stdout
    assert cli("data", "scan", "photos", "--keep", "broken").returncode == 2


def test_pairs_are_reported(cli: RunCli, tmp_path: Path) -> None:
    for side, names in (("input", ("img2", "img10")), ("target", ("img02", "img10", "img11"))):
        (tmp_path / "set" / side).mkdir(parents=True)
        for name in names:
            Image.new("RGB", (80, 80)).save(tmp_path / "set" / side / f"{name}.png")
    text = cli("data", "scan", "set", "--list", "0").stdout.decode()
    assert "set/input and set/target: 2 pairs by name" in text
    assert "1 without partner in set/target: " in text
    assert "wrong at 3 places (text order differs from number order)" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scan", "missing"], "missing: no such folder"),
        (["scan", "empty"], "empty: no pictures found"),
        (["scan", "photos", "--manifest", "list.txt"], "list.txt.manifest.jsonl"),
        (["scan", "photos", "--sheet", "there.jpg"], "--overwrite"),
        (["scan", "photos", "--sheet", "sheet.docx"], ".jpg or .png"),
        (["scan", "photos", "--report", "nowhere/r.json"], "nowhere/r.json"),
        (["scan", "photos/grey.png", "--manifest", "m.jsonl"], "no good colour picture"),
        (["split", "photos", "--part", "train=8000", "--part", "val=2000"], "10000 pictures wanted, 20 there"),
        (["split", "photos", "--part", "train=lots"], "write train=0.8"),
        (["split", "photos", "--by", "partition"], "list_eval_partition.txt"),
        (["split", "photos", "--by", "scene"], "broken"),
        (["pack", "missing", "-o", "out"], "missing: no such folder"),
        (["pack", "photos", "-o", "there.jpg"], "there.jpg: cannot be written"),
    ],
)
def test_every_failure_is_one_line(cli: RunCli, photos: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.jpg").touch()
    result = cli("data", *arguments)
    assert result.returncode == 1
    [line] = result.stderr.decode().splitlines()
    assert line.startswith("tintype: error: ")
    assert words in line


def test_a_report_that_cannot_be_finished_leaves_the_last_one(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "found.json"
    CliRunner().invoke(app, ["data", "scan", str(photos), "--report", str(report)], catch_exceptions=False)
    before = report.read_bytes()

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    (photos / "broken.jpg").unlink()
    failed = CliRunner().invoke(app, ["data", "scan", str(photos), "--report", str(report), "--overwrite"])
    assert failed.exit_code == 1
    assert "No space left" in failed.output + str(failed.exception)
    assert report.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []
