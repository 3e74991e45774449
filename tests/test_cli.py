"""The command line as a person meets it: real processes, real files, exit statuses and single lines."""

import io
import json
import re
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import RunCli
from tintype.cli import VERBS, extra_of


@pytest.fixture
def photo(tmp_path: Path, examples: list[Path]) -> Path:
    return Path(shutil.copy(examples[0], tmp_path / "photo.jpg"))


def files_in(folder: Path) -> set[str]:
    """The files below a folder, the journal of the run left out."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.name[0] != "."}


def test_help_names_every_verb_and_loads_nothing_heavy(cli: RunCli) -> None:
    result = cli("--help")
    assert result.returncode == 0
    for verb in VERBS:
        assert f"  {verb} " in result.stdout.decode()
    assert cli("--version").stdout.decode().startswith("tintype 0.")


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_with_an_example(cli: RunCli, verb: str) -> None:
    result = cli(verb, "--help")
    assert result.returncode == 0, result.stderr.decode()
    assert f"tintype {verb}" in result.stdout.decode().partition("Examples:")[2]


def test_a_wrong_option_is_a_usage_error(cli: RunCli, photo: Path) -> None:
    assert cli("colorize", photo, "--qualitty", "80").returncode == 2
    assert cli("colorrrize", photo).returncode == 2


def test_colorize_twice_gives_the_same_bytes(cli: RunCli, photo: Path, tmp_path: Path) -> None:
    for name in ("one.jpg", "two.jpg"):
        result = cli("colorize", photo, "--model", "tiny", "--output", name)
        assert (result.returncode, result.stderr) == (0, b"")
        assert result.stdout.decode() == f"{photo} -> {name}\n"
    assert (tmp_path / "one.jpg").read_bytes() == (tmp_path / "two.jpg").read_bytes()
    source, coloured = Image.open(photo), Image.open(tmp_path / "one.jpg")
    assert (coloured.mode, coloured.size) == ("RGB", source.size)


def test_standard_streams(cli: RunCli, photo: Path, tmp_path: Path) -> None:
    piped = cli("colorize", "-", "--model", "tiny", stdin=photo.read_bytes())
    assert (piped.returncode, piped.stderr) == (0, b"")
    assert cli("colorize", photo, "--model", "tiny").returncode == 0
    assert piped.stdout == (tmp_path / "photo-color.jpg").read_bytes()
    assert cli("colorize", "photo.jpg", "-o", "-", "--model", "tiny").stdout == piped.stdout
    result = cli("colorize", "-", "--output", "piped.png", "--model", "tiny", stdin=photo.read_bytes())
    assert result.returncode == 0
    assert Image.open(tmp_path / "piped.png").mode == "RGB"


def test_nothing_is_overwritten_unless_asked(cli: RunCli, photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "photo-color.jpg"
    target.write_bytes(b"keep me")
    result = cli("colorize", photo, "--model", "tiny")
    assert result.returncode == 1
    assert b"--overwrite" in result.stderr
    assert target.read_bytes() == b"keep me"
    assert cli("colorize", photo, "--model", "tiny", "--overwrite").returncode == 0
    assert target.read_bytes() != b"keep me"


def test_a_folder_with_bad_files_and_a_report(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    album = tmp_path / "album"
    (album / "sub").mkdir(parents=True)
    shutil.copy(examples[0], album / "good.jpg")
    Image.open(examples[1]).save(album / "sub" / "good.png")
    (album / "bad.jpg").write_bytes(examples[2].read_bytes()[:2000])
    result = cli("colorize", "album", "--output", "out", "--json", "--model", "tiny", "--quality", "80")
    report = json.loads(result.stdout)
    assert result.returncode == 1
    assert (report["coloured"], report["failed"]) == (2, 1)
    assert [entry["ok"] for entry in report["results"]] == [False, True, True]
    assert files_in(tmp_path / "out") == {"good.jpg", "sub/good.png"}
    lines = result.stderr.decode().splitlines()
    assert len(lines) == 2
    assert "album/bad.jpg" in lines[0]
    assert lines[1] == "2 coloured, 1 failed"


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_bad_pictures(cli: RunCli, photo: Path, tmp_path: Path) -> None:
    """Every kind of bad input in one run: a line for each, nothing written, and the good one comes out."""
    (tmp_path / "empty-folder").mkdir()
    (tmp_path / "text.jpg").write_text("Dear grandmother, this is not a picture.")
    (tmp_path / "zero.jpg").write_bytes(b"")
    (tmp_path / "truncated.jpg").write_bytes(photo.read_bytes()[:-3000])
    (tmp_path / "nothing.png").write_bytes(png_header(0, 40))
    (tmp_path / "bomb.png").write_bytes(png_header(60_000, 60_000))
    noise = np.random.default_rng(0).bytes(5000)
    (tmp_path / "noise.png").write_bytes(noise)
    bad = ["missing.jpg", "empty-folder", "text.jpg", "zero.jpg", "truncated.jpg", "nothing.png", "bomb.png"]
    bad += ["noise.png", "*.webp"]
    result = cli("colorize", *bad, "photo.jpg", "--output", "out", "--model", "tiny")
    assert result.returncode == 1
    assert result.stdout.decode() == "photo.jpg -> out/photo.jpg\n"
    lines = result.stderr.decode().splitlines()
    assert lines.pop() == f"1 coloured, {len(bad)} failed"
    assert len(lines) == len(bad)
    for name, line in zip(bad, lines, strict=True):
        assert line.startswith("tintype: error: ")
        assert name in line
    assert files_in(tmp_path / "out") == {"photo.jpg"}


def make_cut_model(folder: Path, model_path: Path) -> None:
    (folder / "cut.onnx").write_bytes(model_path.read_bytes()[:-500])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.jpg"], "missing.jpg: no such file"),
        (["photo.jpg", "--model", "cut.onnx"], "cut.onnx: corrupt"),
        (["photo.jpg", "--model", "no-such.onnx"], "no-such.onnx: no such model file"),
        (["photo.jpg", "--model", "tinny"], "did you mean 'tiny'?"),
        (["photo.jpg", "--model", "photo.jpg"], "photo.jpg: corrupt or not an ONNX file"),
        (["photo.jpg", "--output", "photo.jpg/new.jpg"], "photo.jpg/new.jpg"),
        (["photo.jpg", "--output", "new.docx"], ".docx is not a format to write"),
        (["photo.jpg", "--size", "3"], "16 to 4096"),
        (["photo.jpg", "-o", "-", "--json"], "--json"),
        (["-", "photo.jpg"], "only input"),
        (["-"], "the given bytes"),
    ],
)
def test_every_failure_is_one_line(
    cli: RunCli, photo: Path, model_path: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    make_cut_model(tmp_path, model_path)
    before = files_in(tmp_path)
    model = [] if "--model" in arguments else ["--model", "tiny"]
    result = cli("colorize", *arguments, *model)
    assert result.returncode == 1
    assert result.stdout == b""
    [line] = result.stderr.decode().splitlines()
    assert line.startswith("tintype: error: ")
    assert words in line
    assert files_in(tmp_path) == before


def test_models(cli: RunCli) -> None:
    assert "tiny" in cli("models").stdout.decode()
    [entry] = [entry for entry in json.loads(cli("models", "--json").stdout) if entry["name"] == "tiny"]
    assert len(entry["sha256"]) == 64


def test_info_of_a_model(cli: RunCli, model_path: Path) -> None:
    facts = json.loads(cli("info", "tiny", "--json").stdout)
    assert facts["name"] == "tiny"
    assert facts["device"] in {"cpu", "cuda"}
    assert facts["precision"] in {"bf16", "f32"}
    assert ("bf16_mean_difference_in_ab" in facts) == (facts["precision"] == "bf16")
    exact = json.loads(cli("info", model_path, "--precision", "f32", "--device", "cpu", "--json").stdout)
    assert exact["precision"] == "f32"
    assert exact["sha256"] == facts["sha256"]
    assert "sha256" in cli("info", "tiny").stdout.decode()


def test_info_of_a_picture(cli: RunCli, tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("L", (30, 20), 90).save(stream, "JPEG", quality=85, dpi=(300, 300))
    (tmp_path / "small.jpg").write_bytes(stream.getvalue())
    facts = json.loads(cli("info", "small.jpg", "--json").stdout)
    assert (facts["format"], facts["mode"], facts["width"], facts["height"]) == ("JPEG", "L", 30, 20)
    assert (facts["colour"], facts["jpeg_quality"], facts["dpi"]) == (False, 85, [300, 300])
    result = cli("info", "nowhere.jpg")
    assert result.returncode == 1
    assert len(result.stderr.decode().splitlines()) == 1


@pytest.mark.parametrize(
    ("package", "verb", "extra"),
    [
        ("cv2", "colorize", "video"),
        ("cv2", "train", "train"),
        ("pydantic", "serve", "server"),
        ("pydantic", "tune", "tune"),
        ("torch", "tune", "train"),
    ],
)
def test_the_extra_that_is_named_is_the_verbs(package: str, verb: str, extra: str) -> None:
    assert extra_of(package, verb) == extra


def test_a_missing_extra_is_one_line() -> None:
    """A verb that imports torch, in a process in which torch cannot be imported."""
    code = """
import sys, types
import tintype.cli

def probe():
    import torch

module = sys.modules["tintype.cli.probe"] = types.ModuleType("tintype.cli.probe")
module.probe = probe
tintype.cli.VERBS["probe"] = "Import torch."
sys.modules["torch"] = None
sys.argv = ["tintype", "probe"]
tintype.cli.main()
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == "tintype: error: this needs torch: pip install 'tintype[train]'\n"


def test_the_quickstart_names_the_options_that_exist(cli: RunCli) -> None:
    text = (Path(__file__).parents[1] / "docs" / "quickstart.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(--[a-z-]+)`", text, re.MULTILINE))
    offered = set(re.findall(r"(--[a-z-]+)", cli("colorize", "--help").stdout.decode()))
    assert documented
    assert documented <= offered
    assert offered - documented <= {"--help", "--json", "--overwrite"}
