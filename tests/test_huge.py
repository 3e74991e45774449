"""Pictures that are streamed look as those that are not, keep light, depth and tags, and need little memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from pictures import smooth
from tintype.batch.run import plan, run
from tintype.colorizer import streaming
from tintype.colorizer.colorizer import Colorizer
from tintype.colorizer.provenance import read_record
from tintype.colorizer.taste import Taste
from tintype.errors import OutputError, TintypeError
from tintype.photo.photo import Photo


@pytest.fixture
def colorizer(model_path: Path) -> Colorizer:
    return Colorizer(model_path, device="cpu", precision="f32", threads=1)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_a_streamed_picture_is_like_one_in_memory(
    depth: int, suffix: str, colorizer: Colorizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    luma = smooth(700, 900, seed=1)
    pixels = luma if depth == 8 else luma.astype(np.uint16) * np.uint16(257)
    source = tmp_path / f"large{suffix}"
    kind = ("uchar", "b-w") if depth == 8 else ("ushort", "grey16")
    image = pyvips.Image.new_from_memory(pixels, 900, 700, 1, kind[0]).copy(interpretation=kind[1])
    image.write_to_file(str(source))
    monkeypatch.setattr(streaming, "STREAMED_PIXELS", 1000)
    report = run(plan([str(source)], str(tmp_path / "out")), colorizer)
    assert report.failed == 0, report.results
    assert (report.results[0].width, report.results[0].height) == (900, 700)
    target = tmp_path / "out" / source.name
    streamed, whole = Photo.read(target), colorizer.colorize(Photo.read(source))
    assert (streamed.deep is not None) == (depth == 16)
    assert np.abs(streamed.luma.astype(int) - luma).max() <= 1
    assert np.abs(streamed.rgb().astype(int) - whole.rgb()).mean() < 3
    assert (read_record(streamed.meta) or {})["model"] == "tiny"
    assert not list((tmp_path / "out").glob(".*.part"))


def test_what_cannot_be_streamed_says_so(colorizer: Colorizer, tmp_path: Path) -> None:
    source = tmp_path / "a.tif"
    pyvips.Image.new_from_array(smooth(30, 40)).write_to_file(str(source))
    with pytest.raises(TintypeError, match="streamed"):
        colorizer.colorize_file(str(source), str(tmp_path / "b.tif"), taste=Taste(mark=True))
    with pytest.raises(OutputError, match="exists"):
        colorizer.colorize_file(str(source), str(source))
    assert not streaming.is_huge(str(source), "b.tif")
    assert not streaming.is_huge(str(tmp_path / "gone.tif"), "b.tif")


@pytest.mark.slow
def test_900_megapixels_in_little_memory(tmp_path: Path) -> None:
    source = tmp_path / "wall.tif"
    tile = pyvips.Image.new_from_memory(smooth(1000, 1000), 1000, 1000, 1, "uchar").copy(interpretation="b-w")
    tile.replicate(30, 30).tiffsave(str(source), compression="deflate")
    target = str(tmp_path / "c.tif")
    code = (
        "from tintype.colorizer import Colorizer; from tintype.evaluation.speed import peak_mib; "
        f"Colorizer().colorize_file({str(source)!r}, {target!r}); print(peak_mib())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 1150
    assert pyvips.Image.new_from_file(target).width == 30000


@pytest.mark.parametrize("orientation", [6, 8, 3])
def test_a_turned_picture_is_streamed_upright(orientation: int, colorizer: Colorizer, tmp_path: Path) -> None:
    source, target = tmp_path / "turned.tif", tmp_path / "upright.tif"
    image = pyvips.Image.new_from_array(smooth(300, 500, seed=2))
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    image.tiffsave(str(source))
    size = colorizer.colorize_file(str(source), str(target))
    upright = Photo.read(source)
    streamed = Photo.read(target)
    assert size == (upright.width, upright.height) == (streamed.width, streamed.height)
    assert np.abs(streamed.luma.astype(int) - upright.luma).max() <= 1
    written = pyvips.Image.new_from_file(str(target))
    assert not written.get_typeof("orientation") or written.get("orientation") == 1


def test_a_streamed_picture_with_exif_says_what_coloured_it(colorizer: Colorizer, tmp_path: Path) -> None:
    source, target = tmp_path / "camera.png", tmp_path / "coloured.png"
    exif = Image.Exif()
    exif[0x010F] = "Kodak"
    Image.fromarray(smooth(300, 400)).save(source, exif=exif)
    colorizer.colorize_file(str(source), str(target))
    with Image.open(target) as image:
        found = image.getexif()
    assert found[0x010F] == "Kodak"
    assert str(found[0x0131]).startswith("tintype ")
