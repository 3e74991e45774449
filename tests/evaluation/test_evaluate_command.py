"""`tintype evaluate` as people run it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

RunCli = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(4)
    for i in range(3):
        small = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8))
        small.resize((100, 80), Image.Resampling.BICUBIC).save(folder / f"made_{i}.jpg")
    (folder / "text.png").write_text("not a picture")
    return folder


def test_table_and_json_file(cli: RunCli, photographs: Path, tmp_path: Path) -> None:
    done = cli("evaluate", "--model", "tiny", "--data", "photos", "--json", "report.json")
    assert done.returncode == 0
    table = done.stdout.decode()
    for name in ("tiny", "grey", "sepia", "true chroma 32x32", "truth"):
        assert name in table
    assert max(map(len, table.splitlines())) <= 80
    assert b"tintype: warning: left out text.png: is " in done.stderr
    assert b"error" not in done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["images"] == 3
    assert list(report["sources"]) == ["made"]
    again = cli("evaluate", "--model", "tiny", "--data", "photos", "--json", "report.json")
    assert again.returncode == 1
    assert b"--overwrite" in again.stderr


def test_json_to_standard_output(cli: RunCli, photographs: Path) -> None:
    done = cli("evaluate", "--model", "tiny", "--data", "photos", "--limit", "2", "--size", "32", "--json", "-")
    report = json.loads(done.stdout)
    assert (report["limit"], report["size"]) == (2, 32)
    assert report["images"] + len(report["skipped"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "tiny", "--data", "nowhere"), "no such folder"),
        (("--model", "nobody", "--data", "photos"), "nobody"),
        (("--model", "tiny", "--data", "photos", "--size", "3"), "size is 3"),
        (("--model", "tiny", "--data", "photos", "--json", "no/such/report.json"), "folder that exists"),
    ],
    ids=["data", "model", "size", "json"],
)
def test_mistakes_are_one_line(cli: RunCli, photographs: Path, arguments: tuple[str, ...], message: str) -> None:
    done = cli("evaluate", *arguments)
    assert done.returncode == 1
    assert message in done.stderr.decode()
    assert len(done.stderr.decode().strip().splitlines()) == 1
