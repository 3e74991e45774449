"""Photographs as people sent them to other tools, and were disappointed; docs/reports.md lists them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import RunCli
from tintype.batch.plan import plan
from tintype.batch.run import run
from tintype.colorizer.colorizer import Colorizer
from tintype.hints.hint import Hint
from tintype.imaging.color import srgb_to_lab
from tintype.photo.photo import Photo

# How a picture must be stored, so that what is shown by each orientation is the upright one.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def small() -> Colorizer:
    return Colorizer("tint-small", precision="f32", threads=1)


def saved(image: Image.Image, path: Path, orientation: int) -> Path:
    """The picture, turned as a camera stores it, with the tag that turns it back."""
    turn = STORED[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    (image if turn is None else image.transpose(turn)).save(path, exif=exif)
    return path


def test_grey_scans_in_a_palette_of_rgb_are_grey(tmp_path: Path) -> None:
    grey = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
    image = Image.fromarray(grey // 4, "P")
    image.putpalette([level for value in range(64) for level in (4 * value,) * 3])
    for suffix in ("tif", "png", "gif", "bmp"):
        image.save(tmp_path / f"fiche.{suffix}")
        photo = Photo.read(tmp_path / f"fiche.{suffix}")
        assert photo.chroma is None, suffix
        np.testing.assert_array_equal(photo.luma, grey)


def test_pages_of_one_bit_all_come_back(tmp_path: Path, model_path: Path) -> None:
    rng = np.random.default_rng(0)
    pages = [Image.fromarray(rng.random((40, 56)) > 0.5) for _ in range(3)]
    pages[0].save(tmp_path / "fax.tif", save_all=True, append_images=pages[1:], compression="group4")
    report = run(plan([str(tmp_path / "fax.tif")], str(tmp_path / "out")), Colorizer(model_path, threads=1))
    assert report.failed == 0, report.results
    for number, page in enumerate(pages):
        photo = Photo.read(tmp_path / "out" / "fax.tif", page=number)
        assert np.abs(photo.luma.astype(int) - 255 * np.asarray(page)).max() <= 1


@pytest.mark.parametrize("orientation", STORED)
def test_hints_and_references_count_in_upright_pixels(
    small: Colorizer, examples: list[Path], tmp_path: Path, orientation: int
) -> None:
    """However the camera was held; the tag is spent in the result."""
    image = Image.open(next(path for path in examples if path.stem == "coffee")).convert("L").resize((200, 160))
    plain = small.open(saved(image, tmp_path / "plain.png", 1))
    turned = small.open(saved(image, tmp_path / "turned.png", orientation))
    hint = Hint(50, 110, (40, 140, 60), 12)
    made, other = plain.predict(hints=[hint]), turned.predict(hints=[hint])
    np.testing.assert_array_equal(made.rgb(), other.rgb())
    assert srgb_to_lab(made.rgb()[105:115, 45:55] / np.float32(255))[..., 1].mean() < -10, "green, there"
    encoded = Image.open(io.BytesIO(other.encode("JPEG")))
    assert (encoded.size, encoded.getexif().get(0x0112, 1)) == ((200, 160), 1)
    y, x = np.mgrid[:160, :200] / 40
    chroma = [(128 + 50 * np.sin(wave)).astype(np.uint8) for wave in (x, y + 1)]
    told = Image.fromarray(Photo(np.asarray(image)).with_chroma(*chroma).rgb())
    references = [small.open(saved(told, tmp_path / f"{n}.png", n)) for n in (1, orientation)]
    hints = [plain.match(reference) for reference in references]
    assert hints[0]
    assert hints[0] == hints[1]


def test_measuring_on_grey_pictures_is_refused(cli: RunCli, tmp_path: Path, examples: list[Path]) -> None:
    (tmp_path / "grey").mkdir()
    for number, path in enumerate(examples[:2]):
        Image.open(path).convert("L").resize((64, 64)).save(tmp_path / "grey" / f"{number}.png")
    done = cli("evaluate", "--data", "grey", "--model", "tiny")
    assert done.returncode == 1
    assert b"none of 2 pictures can be measured (0.png: has no colour to compare with)" in done.stderr


def test_a_jpeg_without_a_suffix_stays_one(cli: RunCli, tmp_path: Path, examples: list[Path]) -> None:
    Image.open(examples[0]).convert("L").resize((90, 60)).save(tmp_path / "scan", "JPEG")
    assert cli("colorize", "scan", "--model", "tiny", "-o", "out").returncode == 0
    assert Image.open(tmp_path / "out" / "scan.jpg").format == "JPEG"
    assert cli("colorize", "scan", "--model", "tiny").returncode == 0
    assert Image.open(tmp_path / "scan-color.jpg").format == "JPEG"
