"""`tintype sketch` as a person meets it, and the way from a photograph by a drawing to a painting."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tiny_model
from conftest import RunCli
from tintype.data.sketch import make_sketch


@pytest.fixture
def photo(tmp_path: Path, examples: list[Path]) -> Path:
    return Path(shutil.copy(examples[0], tmp_path / "photo.jpg"))


def pixels(source: Path | bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(source) if isinstance(source, bytes) else source))


def test_a_drawing_beside_the_photograph(cli: RunCli, photo: Path, tmp_path: Path) -> None:
    done = cli("sketch", "photo.jpg", "--size", "200")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"photo.jpg -> photo-sketch.png\n"
    drawn = pixels(tmp_path / "photo-sketch.png")
    assert (drawn.ndim, min(drawn.shape)) == (2, 200)
    assert set(np.unique(drawn)) == {0, 255}
    assert (
        cli("sketch", "-", "--size", "200", stdin=photo.read_bytes()).stdout
        == (tmp_path / "photo-sketch.png").read_bytes()
    )


def test_nothing_is_overwritten_unless_asked(cli: RunCli, photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "photo-sketch.png"
    target.write_bytes(b"keep me")
    refused = cli("sketch", photo)
    assert refused.returncode == 1
    assert b"--overwrite" in refused.stderr
    assert target.read_bytes() == b"keep me"
    assert cli("sketch", photo, "--overwrite").returncode == 0
    assert pixels(target).ndim == 2


def test_a_folder_with_a_bad_file(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    album = tmp_path / "album"
    (album / "sub").mkdir(parents=True)
    shutil.copy(examples[0], album / "good.jpg")
    Image.open(examples[1]).save(album / "sub" / "good.webp")
    shutil.copy(examples[0], album / "earlier-sketch.png")
    (album / "bad.jpg").write_bytes(examples[2].read_bytes()[:2000])
    done = cli("sketch", "album", "--output", "out", "--size", "96", "--remove-background", "--method", "grabcut")
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "finding the subject with grabcut"
    assert "album/bad.jpg" in lines[1]
    assert lines[2] == "2 drawn, 1 failed"
    made = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert made == {"good.png", "sub/good.png"}
    rgb = np.asarray(Image.open(examples[1]).convert("RGB"))
    kept = make_sketch(rgb, 96)
    assert (pixels(tmp_path / "out/sub/good.png") == 0).sum() < (kept == 0).sum()


def test_thresholds(cli: RunCli, photo: Path, tmp_path: Path) -> None:
    counts = []
    for low, high in (("20", "60"), ("70", "200"), ("200", "400")):
        done = cli("sketch", photo, "-o", "-", "--size", "128", "--low", low, "--high", high)
        counts.append((pixels(done.stdout) == 0).sum())
    assert counts[0] > counts[1] > counts[2] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.jpg"], "missing.jpg: no such file"),
        (["photo.jpg", "--size", "3"], "16 to 8192"),
        (["photo.jpg", "--low", "300"], "0 <= low <= high"),
        (["photo.jpg", "--method", "u2netp"], "TINTYPE_U2NETP"),
        (["photo.jpg", "--output", "new.docx"], ".docx is not a format to write"),
        (["nothing-*.jpg"], "no file matches"),
    ],
)
def test_every_failure_is_one_line(cli: RunCli, photo: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    done = cli("sketch", *arguments)
    assert (done.returncode, done.stdout) == (1, b"")
    [line] = done.stderr.decode().splitlines()
    assert words in line
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_transparent_pictures_are_drawn_on_white(cli: RunCli, tmp_path: Path) -> None:
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[16:48, 16:48, 3] = 255
    Image.fromarray(picture).save(tmp_path / "clear.png")
    assert cli("sketch", "clear.png").returncode == 0
    assert pixels(tmp_path / "clear-sketch.png").min() == 0


@pytest.mark.seed("S0-01", "S0-19")
def test_from_photograph_to_painting(cli: RunCli, photo: Path, model_path: Path, tmp_path: Path) -> None:
    tiny_model.build_painter(tmp_path / "painter.onnx")
    assert cli("sketch", "photo.jpg", "--size", "160").returncode == 0
    done = cli("colorize", "photo-sketch.png", "--model", "painter.onnx")
    assert (done.returncode, done.stderr) == (0, b"")
    drawn, painted = pixels(tmp_path / "photo-sketch.png"), pixels(tmp_path / "photo-sketch-color.png")
    assert painted.shape == (*drawn.shape, 3)
    luma = np.asarray(Image.fromarray(painted).convert("L"), float)
    assert luma[drawn == 0].mean() < luma[drawn == 255].mean() - 20
    assert luma[drawn == 255].max() < 230, "the paper's white was painted over"
    facts = cli("info", "painter.onnx", "--json").stdout.decode()
    assert '"condition": "sketch"' in facts
    measured = cli("evaluate", "--model", "painter.onnx", "--data", photo)
    assert measured.returncode == 1
    assert b"colours drawings" in measured.stderr


def test_the_embedded_model_paints_a_portrait(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    astronaut = next(path for path in examples if path.stem == "astronaut")
    with Image.open(astronaut) as photo:
        photo.convert("RGB").crop((118, 0, 338, 220)).save(tmp_path / "head.png")
    made = cli(
        "sketch",
        "head.png",
        "-o",
        "drawing.png",
        "--size",
        "128",
        "--remove-background",
        "--low",
        "105",
        "--high",
        "300",
    )
    assert made.returncode == 0, made.stderr.decode()
    done = cli("colorize", "drawing.png", "--model", "sketch", "--output", "painted.png")
    assert done.returncode == 0, done.stderr.decode()
    drawn, painted = pixels(tmp_path / "drawing.png"), pixels(tmp_path / "painted.png").astype(float)
    assert painted.shape == (*drawn.shape, 3)
    corner, face = painted[:20, :20].mean((0, 1)), painted[60:100, 45:80].mean((0, 1))
    assert corner.min() > 220  # paper
    assert face.max() < 220
    assert face[0] > face[2] + 10  # skin is warm
    assert b"drawings" in cli("models").stdout
