"""Options from files, presets and the environment: which wins, what a folder's file may not say, what faults say."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from conftest import RunCli
from tintype.cli import command_of
from tintype.cli.config_file import HARMLESS, PRESETS, effective, folder_file, read_layer, read_layers, user_file
from tintype.cli.verb import options_of
from tintype.errors import TintypeError

KNOWN = {"colorize": {"quality", "model", "output", "saturation", "strength"}, "serve": {"port"}}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder and a home that are empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "settings"))
    monkeypatch.delenv("TINTYPE_CONFIG", raising=False)
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_which_one_wins(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(user_file(), '[colorize]\nquality = 10\nmodel = "user"\nsaturation = 0.5\nstrength = 0.1\n'
          '[presets.mine]\nstrength = 0.4\n')  # fmt: skip
    write(place / ".tintype.toml", '[colorize]\nmodel = "folder"\nsaturation = 0.6\nstrength = 0.2\n')
    monkeypatch.setenv("TINTYPE_COLORIZE_SATURATION", "0.7")
    monkeypatch.setenv("TINTYPE_COLORIZE_STRENGTH", "0.3")
    layers = read_layers(KNOWN)
    found = effective("colorize", layers, "mine")
    assert {name: value for name, (value, _) in found.items()} == {
        "quality": 10,
        "model": "folder",
        "saturation": "0.7",
        "strength": 0.4,
    }
    assert found["strength"][1] == "preset mine"
    assert found["saturation"][1] == "TINTYPE_COLORIZE_SATURATION"
    assert effective("colorize", layers)["strength"][0] == "0.3"


def test_the_folder_of_the_pictures_is_asked(place: Path) -> None:
    near = write(place / "album" / ".tintype.toml", "")
    write(place / ".tintype.toml", "")
    (place / "album" / "sub").mkdir()
    (place / "other").mkdir()
    assert folder_file([str(place / "album" / "sub")]) == near
    assert folder_file([str(place / "album"), str(place / "other")]) == place / ".tintype.toml"
    assert folder_file(["s3://bucket/a.jpg"]) == place / ".tintype.toml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[colorise]\n", "[colorise] is no command; did you mean 'colorize'?"),
        ("[colorize]\nqualty = 3\n", "no option 'qualty'; did you mean 'quality'?"),
        ("quality = 3\n", "quality stands outside a table"),
        ("[colorize]\nquality = {a = 1}\n", "must be text, a number"),
        ("[presets]\nmine = 3\n", "[presets.mine] is no table"),
        ("[presets.mine]\nqualty = 3\n", "[presets.mine] has no option 'qualty'"),
        ("[colorize\n", "cannot be read as TOML"),
    ],
)
def test_a_fault_is_one_line_that_helps(place: Path, text: str, words: str) -> None:
    with pytest.raises(TintypeError) as error:
        read_layer(write(place / "a.toml", text), KNOWN)
    assert words in str(error.value)
    assert "a.toml" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("line", ['output = "/etc"', 'model = "./evil.onnx"', 'model = "evil.onnx"', 'model = "a/b"'])
def test_a_folders_file_cannot_say_where_results_go_or_load_a_model(place: Path, line: str) -> None:
    path = write(place / ".tintype.toml", f"[colorize]\n{line}\n")
    with pytest.raises(TintypeError):
        read_layer(path, KNOWN, harmless=True)
    assert read_layer(path, KNOWN)


def test_what_is_harmless_names_no_place_and_replaces_nothing() -> None:
    assert not HARMLESS & {
        "output",
        "overwrite",
        "in-place",
        "sheet",
        "confidence",
        "restored-map",
        "hints",
        "reference",
        "ray-address",
    }


def test_no_file_is_read_when_none_is_wanted(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place / ".tintype.toml", "[nonsense]\n")
    monkeypatch.setenv("TINTYPE_CONFIG", "none")
    assert read_layers(KNOWN) == []
    (place / ".tintype.toml").unlink()
    monkeypatch.setenv("TINTYPE_CONFIG", str(place / "missing.toml"))
    with pytest.raises(TintypeError, match=r"missing\.toml: no such file"):
        read_layers({})


def test_the_command_line_takes_them_and_goes_before_them(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    shutil.copy(examples[0], tmp_path / "photo.jpg")
    write(tmp_path / ".tintype.toml", '[colorize]\nstrength = 0\nmodel = "tiny"\n')
    assert cli("colorize", "photo.jpg", "-o", "a.png").returncode == 0
    assert cli("colorize", "photo.jpg", "-o", "b.png", "--strength", "1").returncode == 0
    grey, colour = (Image.open(tmp_path / name).convert("RGB") for name in ("a.png", "b.png"))
    assert all(len(set(pixel)) == 1 for pixel in grey.resize((8, 8), Image.Resampling.NEAREST).getdata())
    assert any(len(set(pixel)) > 1 for pixel in colour.resize((8, 8), Image.Resampling.NEAREST).getdata())


def test_a_wrong_value_in_a_file_is_one_line(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    shutil.copy(examples[0], tmp_path / "photo.jpg")
    write(tmp_path / ".tintype.toml", "[colorize]\nquality = 300\n")
    result = cli("colorize", "photo.jpg", "--model", "tiny")
    assert result.returncode == 2
    [line] = result.stderr.decode().splitlines()
    assert "'--quality'" in line
    assert not (tmp_path / "photo-color.jpg").exists()


@pytest.fixture
def one_variable(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINTYPE_COLORIZE_QUALITY", "77")


def test_config_shows_what_counts_and_where_it_comes_from(one_variable: None, cli: RunCli, tmp_path: Path) -> None:
    write(tmp_path / ".tintype.toml", "[colorize]\nsaturation = 1.25\n")
    text = cli("config").stdout.decode()
    assert 'quality = "77"    # TINTYPE_COLORIZE_QUALITY' in text
    assert f"saturation = 1.25    # {tmp_path / '.tintype.toml'}" in text
    facts = json.loads(cli("config", "--json").stdout)
    assert facts["options"]["colorize"]["quality"] == {"value": "77", "from": "TINTYPE_COLORIZE_QUALITY"}
    assert cli("config", "--init").returncode == 0
    assert (tmp_path / "settings/tintype/config.toml").is_file()
    assert cli("config").returncode == 0
    assert "framed" in json.loads(cli("config", "--json").stdout)["presets"]
    again = cli("config", "--init")
    assert again.returncode == 1
    assert b"exists already" in again.stderr


def test_every_option_has_a_long_name() -> None:
    options = options_of(command_of("colorize"))
    assert {"quality", "model", "json", "keep-sepia"} <= set(options)
    assert set(PRESETS) == {"archive", "web", "print"}
