"""What a run would do, told without doing it."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tintype import Colorizer, Photo
from tintype.batch.forecast import forecast, free_disk, measured_pace, summary
from tintype.batch.job import Job


def test_sizes_come_from_headers_and_faults_are_told(tmp_path: Path) -> None:
    Image.new("L", (400, 300), 90).save(tmp_path / "a.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    jobs = [
        Job(str(tmp_path / "a.jpg"), str(tmp_path / "a-color.jpg")),
        Job(str(tmp_path / "a.jpg"), str(tmp_path / "a.tif")),
        Job(str(tmp_path / "bad.jpg"), str(tmp_path / "bad-color.jpg")),
        Job(str(tmp_path / "missing.jpg"), "x.jpg"),
        Job(str(tmp_path / "a.jpg"), None, "a.jpg: exists already"),
        Job(str(tmp_path / "a.jpg"), "y.jpg", skipped=True),
        Job("s3://bucket/a.jpg", "s3://bucket/a-color.jpg"),
    ]
    found = forecast(jobs, lambda pixels: pixels / 1e6)
    assert [one.what for one in found] == ["colour", "colour", "fail", "fail", "fail", "skip", "colour"]
    assert (found[0].width, found[0].height, found[0].seconds) == (400, 300, pytest.approx(0.12))
    assert found[1].bytes_out == 400 * 300 * 2
    assert found[2].width is None
    assert found[3].error is not None
    assert "no such file" in found[3].error
    whole = summary(found, 100)
    assert (whole["would_colour"], whole["would_skip"], whole["would_fail"]) == (3, 1, 3)
    assert whole["fits"] is False
    assert summary(found, 10**9)["fits"] is True


def test_the_bytes_are_about_right(colorizer: Colorizer, tmp_path: Path, examples: list[Path]) -> None:
    """Within a factor of two over the examples, for the formats that people write."""
    for kind, suffix in (("JPEG", ".jpg"), ("PNG", ".png"), ("TIFF", ".tif")):
        told = real = 0
        for path in examples[:4]:
            source = tmp_path / (path.stem + suffix)
            Image.open(path).convert("L").resize((300, 200)).save(source, kind)
            (one,) = forecast([Job(str(source), str(tmp_path / ("out" + suffix)))])
            told += one.bytes_out or 0
            real += len(colorizer.colorize(source).encode(kind))
        assert 0.5 < told / real < 2, kind


@pytest.fixture(scope="module")
def colorizer(model_path: Path) -> Colorizer:
    return Colorizer(model_path, device="cpu")


def test_the_pace_grows_with_the_picture(colorizer: Colorizer) -> None:
    pace = measured_pace(colorizer.colorize)
    assert 0 <= pace(10**5) <= pace(10**6) <= pace(10**8)
    assert measured_pace(lambda photo: photo, 4)(0) >= 0


def test_free_disk_is_that_of_the_target(tmp_path: Path) -> None:
    assert free_disk([None, "-", "s3://bucket/a"]) is None
    free = free_disk([str(tmp_path / "not" / "yet" / "a.jpg")])
    assert free is not None
    assert free > 0


def test_nothing_is_written_by_looking(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Photo.read(np.zeros((8, 8), np.uint8)).image().save(stream, "PNG")
    (tmp_path / "a.png").write_bytes(stream.getvalue())
    forecast([Job(str(tmp_path / "a.png"), str(tmp_path / "new" / "a.png"))])
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
