"""Only what is grey is coloured: what has colour, and tintype's own results, are recognised and left alone."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from conftest import RunCli
from tintype.batch.skip import kind_of
from tintype.imaging.color import lab_to_srgb, srgb_to_lab
from tintype.photo.photo import Photo


def lab_of(path: Path) -> np.ndarray:
    """The light of a photograph under made colours that change from place to place."""
    image = Image.open(path).convert("RGB")
    image.thumbnail((360, 360))
    lab = srgb_to_lab(np.asarray(image, np.float32) / 255)
    rng = np.random.default_rng(len(path.name))
    for i in (1, 2):
        coarse = Image.fromarray(rng.normal(0, 22, (5, 7)).astype(np.float32))
        lab[..., i] = np.asarray(coarse.resize(image.size, Image.Resampling.BICUBIC))
    return lab


def jpeg(lab: np.ndarray, quality: int = 88) -> bytes:
    pixels = np.rint(lab_to_srgb(lab).clip(0, 1) * 255).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=quality)
    return target.getvalue()


def variant(lab: np.ndarray, kind: str) -> bytes:
    """One picture as grey, grey in RGB with JPEG noise, sepia, faded colour, hand-tinted, colour."""
    made = lab.copy()
    if kind == "grey":
        made[..., 1:] = 0
    elif kind == "noisy":
        made[..., 1:] = np.random.default_rng(0).normal(0, 1.5, made[..., 1:].shape)
        return jpeg(made, 60)
    elif kind == "sepia":
        tone = np.sin(made[..., :1].clip(1, 99) / 100 * np.pi) ** 0.7
        made[..., 1:] = tone * np.array([5.0, 17.0])
    elif kind == "faded":
        made[..., 1:] = made[..., 1:] * 0.35 + np.array([4.0, 9.0])
    elif kind == "tinted":
        made[..., 1:] = np.array([1.0, 5.0])
        mask = Image.new("L", (made.shape[1], made.shape[0]))
        height, width = made.shape[:2]
        ImageDraw.Draw(mask).ellipse((width * 0.35, height * 0.3, width * 0.6, height * 0.6), fill=255)
        made[..., 1] += np.asarray(mask, np.float32) / 255 * 18
    return jpeg(made)


EXPECTED = {
    "grey": "grey",
    "noisy": "grey",
    "sepia": "toned",
    "faded": "colour",
    "tinted": "colour",
    "colour": "colour",
}


@pytest.mark.parametrize("kind", list(EXPECTED))
def test_kinds_of_pictures(examples: list[Path], kind: str) -> None:
    found = [kind_of(Photo.read(variant(lab_of(path), kind))) for path in examples]
    wrong = sum(one != EXPECTED[kind] for one in found)
    assert wrong <= len(found) // 5, found


def test_a_folder_with_everything_in_it(cli: RunCli, tmp_path: Path, examples: list[Path]) -> None:
    (tmp_path / "box").mkdir()
    lab = lab_of(examples[0])
    for kind in ("grey", "sepia", "colour", "tinted"):
        (tmp_path / "box" / f"{kind}.jpg").write_bytes(variant(lab, kind))
    result = cli("colorize", "box", "--model", "tiny", "--output", "out", "--skip-colour", "--json")
    assert result.returncode == 0, result.stderr.decode()
    report = json.loads(result.stdout)
    decisions = {Path(one["source"]).stem: (one["found"], one["left"] is None) for one in report["results"]}
    assert decisions == {
        "grey": ("grey", True), "sepia": ("toned", True), "colour": ("colour", False), "tinted": ("colour", False),
    }  # fmt: skip
    assert (report["coloured"], report["left"]) == (2, 2)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jpg")) == ["grey.jpg", "sepia.jpg"]
    toned = cli("colorize", "box/sepia.jpg", "--model", "tiny", "--skip-toned")
    assert b"sepia.jpg is toned" in toned.stderr
    assert toned.returncode == 0
    assert not (tmp_path / "box" / "sepia-color.jpg").exists()


def test_own_results_are_left_alone_unless_asked_for(cli: RunCli, tmp_path: Path, examples: list[Path]) -> None:
    (tmp_path / "a.jpg").write_bytes(variant(lab_of(examples[0]), "grey"))
    assert cli("colorize", "a.jpg", "--model", "tiny", "--output", "b.jpg").returncode == 0
    result = cli("colorize", "b.jpg", "--model", "tiny", "--output", "c.jpg")
    assert result.returncode == 0
    assert b"is tintype's own result; add --again" in result.stderr
    assert not (tmp_path / "c.jpg").exists()
    assert cli("colorize", "b.jpg", "--model", "tiny", "--output", "c.jpg", "--again").returncode == 0
    assert (tmp_path / "c.jpg").exists()
