"""Sixty ways to use it wrongly: each ends with one line, the right status, and nothing written."""

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
from PIL import Image

import tintype.cli

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

# (what is typed, the status, what the line must say)
WRONG: list[tuple[str, int, str]] = [
    # commands
    ("colroize photo.jpg", 2, "did you mean 'colorize'"),
    ("xyzzy", 2, "tintype --help lists them"),
    ("photo.jpg", 2, "did you mean 'tintype colorize photo.jpg'"),
    ("absent.jpg", 2, "tintype --help lists them"),
    ("help colroize", 2, "did you mean 'colorize'"),
    ("completion tcsh", 2, "'tcsh' is not one of"),
    ("completion", 2, "missing argument"),
    ("--verson", 2, "--version"),
    ("config --init extra", 2, "extra"),
    ("doctor photo.jpg", 2, "photo.jpg"),
    ("data find-gray photo.jpg", 2, "no such command"),
    # options
    ("colorize", 2, "missing argument 'INPUT'"),
    ("colorize photo.jpg --qualitty 80", 2, "--quality"),
    ("colorize photo.jpg --outptu a.jpg", 2, "--output"),
    ("colorize photo.jpg --model", 2, "requires an argument"),
    ("colorize photo.jpg -x", 2, "-x"),
    ("models --jsno", 2, "--json"),
    ("info --device", 2, "requires an argument"),
    ("evaluate photo.jpg", 2, "photo.jpg"),
    # values
    ("colorize photo.jpg --quality 0", 2, "'--quality'"),
    ("colorize photo.jpg --quality 101", 2, "'--quality'"),
    ("colorize photo.jpg --quality high", 2, "'--quality'"),
    ("colorize photo.jpg --device gpu", 2, "'gpu' is not one of"),
    ("colorize photo.jpg --precision fp16", 2, "'fp16' is not one of"),
    ("colorize photo.jpg --threads 0", 2, "'--threads'"),
    ("colorize photo.jpg --jobs -1", 2, "'--jobs'"),
    ("colorize photo.jpg --alternatives 10", 2, "'--alternatives'"),
    ("colorize photo.jpg --size 3", 1, "16 to 4096"),
    ("colorize photo.jpg --size 99999", 1, "16 to 4096"),
    ("colorize photo.jpg --saturation 9", 1, "saturation"),
    ("colorize photo.jpg --temperature -3", 1, "temperature"),
    ("colorize photo.jpg --strength 2", 1, "strength"),
    ("colorize photo.jpg --strength lots", 1, "strength"),
    ("colorize photo.jpg --restore rust", 1, "rust"),
    ("colorize photo.jpg --palette red", 1, "red"),
    ("colorize photo.jpg --hint 1,2", 1, "1,2"),
    ("colorize photo.jpg --hint 1,2,#zz0000", 1, "#zz0000"),
    ("colorize photo.jpg --model tint --hint 99999,2,#ff0000", 1, "outside the picture"),
    ("colorize photo.jpg --hints missing.json", 1, "missing.json"),
    ("colorize photo.jpg --hints photo.jpg", 1, "photo.jpg"),
    ("colorize photo.jpg other.jpg --hint 1,2,#ff0000", 1, "hints are for one picture"),
    ("colorize photo.jpg --format gif", 1, "use jpg, png, webp, tif or bmp"),
    ("colorize photo.jpg --suffix a/b", 1, "no name of a file"),
    ("colorize photo.jpg --suffix= --overwrite", 1, "use --in-place"),
    ("colorize photo.jpg --in-place -o a.jpg", 1, "leave out --output"),
    ("colorize - --in-place", 1, "files of this machine"),
    ("colorize photo.jpg --preset wbe", 1, "did you mean 'web'"),
    ("colorize photo.jpg --progress xml", 2, "'xml' is not one of"),
    ("colorize . --watch --dry-run", 1, "leave out --watch"),
    # files
    ("colorize missing.jpg", 1, "missing.jpg: no such file"),
    ("colorize text.jpg", 1, "text.jpg"),
    ("colorize zero.jpg", 1, "zero.jpg"),
    ("colorize cut.jpg", 1, "cut.jpg"),
    ("colorize empty", 1, "no pictures in this folder"),
    ("colorize *.webp", 1, "no file matches"),
    ("colorize @missing.txt", 1, "missing.txt"),
    ("colorize @binary.txt", 1, "UTF-8"),
    ("colorize - photo.jpg", 1, "only input"),
    ("colorize photo.jpg other.jpg -o one.jpg", 1, "name a folder"),
    ("colorize photo.jpg -o new.docx", 1, ".docx is not a format to write"),
    ("colorize photo.jpg -o photo.jpg/new.jpg", 1, "photo.jpg/new.jpg"),
    ("colorize photo.jpg -o there.jpg", 1, "add --overwrite"),
    ("colorize photo.jpg -o - --json", 1, "--json"),
    ("colorize photo.jpg -o - --alternatives 2", 1, "write files"),
    ("colorize photo.jpg --reference missing.jpg", 1, "missing.jpg"),
    ("colorize photo.jpg -o https://example.org/a.jpg", 1, "nothing can be written to a web address"),
    ("info missing.jpg", 1, "missing.jpg: no such file"),
    ("colorize photo.jpg -o photo.jpg --overwrite", 1, "--in-place"),
    ("colorize photo.jpg --sheet nofolder/page.html", 1, "--sheet nofolder/page.html"),
    ("colorize photo.jpg --sheet empty", 1, "--sheet empty"),
    ("colorize photo.jpg --restored-map map.png", 1, "add --restore auto"),
    ("colorize photo.jpg --in-place --suffix x", 1, "leave out --output"),
    ("colorize photo.jpg --watch -o -", 1, "leave out -"),
    ("colorize - --watch", 1, "leave out -"),
    ("colorize s3://", 1, "names no bucket"),
    ("colorize https://", 1, "names no bucket"),
    ("colorize photo.jpg -o s3://", 1, "names no bucket"),
    ("colorize nosuch://x/y.jpg -o a.jpg", 1, "nosuch"),
    ("colorize http://127.0.0.1:9/a.jpg", 1, "name a place with --output"),
    ("colorize @absent-list.txt", 1, "absent-list.txt"),
    ("colorize photo.jpg --saturation nan", 1, "saturation is nan"),
    ("colorize photo.jpg --hint 1,2,#ff0000,0", 1, "radius"),
    ("colorize photo.jpg --hint 12.5s:1,2,#ff0000", 1, "12.5s"),
    ("colorize photo.jpg --restore regrain", 1, "regrain"),
    ("colorize photo.jpg --engine spark", 2, "'spark' is not one of"),
    # rights
    ("colorize photo.jpg -o locked/a.jpg", 1, "locked"),
    ("colorize unreadable.jpg", 1, "unreadable.jpg"),
    # models
    ("colorize photo.jpg --model tinny", 1, "did you mean 'tiny'?"),
    ("colorize photo.jpg --model no-such.onnx", 1, "no-such.onnx: no such model file"),
    ("colorize photo.jpg --model cut.onnx", 1, "cut.onnx: corrupt"),
    ("colorize photo.jpg --model photo.jpg", 1, "photo.jpg: corrupt or not an ONNX file"),
    ("colorize photo.jpg --model run.safetensors", 1, "tintype export"),
    ("colorize photo.jpg --model ,", 1, "no model is named"),
    ("colorize photo.jpg --model tint,tinny", 1, "did you mean 'tiny'"),
    ("colorize photo.jpg --model .", 1, "cannot be read"),
    ("colorize photo.jpg --model https://example.org/x.onnx", 1, "tintype models pull https://example.org/x.onnx"),
    ("colorize photo.jpg --model ddcolor", 1, "tintype models pull ddcolor"),
    ("info nothing-of-that-name", 1, "no model is called"),
    ("evaluate", 1, "nothing to measure on"),
    ("evaluate --data empty", 1, "empty"),
    ("bench --model tinny", 1, "tinny"),
]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory, model_path: Path, examples: list[Path]) -> Path:
    place = tmp_path_factory.mktemp("place")
    Image.open(examples[0]).convert("L").resize((160, 120)).save(place / "photo.jpg")
    for name in ("other.jpg", "there.jpg", "unreadable.jpg"):
        shutil.copy(place / "photo.jpg", place / name)
    (place / "text.jpg").write_text("Dear grandmother, this is not a picture.")
    (place / "zero.jpg").write_bytes(b"")
    (place / "cut.jpg").write_bytes((place / "photo.jpg").read_bytes()[:-900])
    (place / "binary.txt").write_bytes(b"\xff\xfe\x00photo.jpg")
    (place / "cut.onnx").write_bytes(model_path.read_bytes()[:-500])
    (place / "run.safetensors").write_bytes(b"\x00" * 64)
    (place / "empty").mkdir()
    (place / "locked").mkdir()
    (place / "locked").chmod(stat.S_IRUSR | stat.S_IXUSR)
    (place / "unreadable.jpg").chmod(0)
    return place


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def test_there_are_sixty() -> None:
    assert len(WRONG) >= 60
    assert len({line for line, _, _ in WRONG}) == len(WRONG)


@pytest.mark.parametrize(("line", "status", "words"), WRONG, ids=[line for line, _, _ in WRONG])
def test_one_line_and_nothing_written(
    line: str,
    status: int,
    words: str,
    furnished: Path,
    model_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if AS_ROOT and ("locked" in line or "unreadable" in line):
        pytest.skip("root may read and write everything")
    monkeypatch.chdir(furnished)
    monkeypatch.setenv("TINTYPE_MODELS", str(model_path.parent))
    monkeypatch.setenv("TINTYPE_CONFIG", "none")
    model = ["--model", "tiny"] if line.startswith("colorize ") and "--model" not in line else []
    monkeypatch.setattr(sys, "argv", ["tintype", *line.split(), *model])
    before = state(furnished)
    with pytest.raises(SystemExit) as end:
        tintype.cli.main()
    said = capfd.readouterr()
    assert end.value.code == status, said.err
    assert said.out == ""
    (only,) = said.err.splitlines()
    assert only.startswith("tintype: error: ")
    assert words in only
    assert "Traceback" not in only
    assert state(furnished) == before
