"""Every kind of file that holds moving pictures is taken for a film, by its bytes where they tell."""

from pathlib import Path

import numpy as np
import pytest

from little_films import Recipe, make, scene
from tintype.video.reader import FilmReader
from tintype.video.sniff import is_film

# Suffix: format, codec, pixel format, size. DV knows but two sizes, those of NTSC and PAL.
KINDS = {
    ".y4m": ("yuv4mpegpipe", "wrapped_avframe", "yuv420p", (64, 48)),
    ".dv": ("dv", "dvvideo", "yuv420p", (720, 576)),
    ".asf": ("asf", "wmv2", "yuv420p", (64, 48)),
    ".nut": ("nut", "ffv1", "yuv420p", (64, 48)),
    ".ivf": ("ivf", "libvpx", "yuv420p", (64, 48)),
    ".mxf": ("mxf", "mpeg2video", "yuv420p", (64, 48)),
    ".m2ts": ("mpegts", "mpeg2video", "yuv420p", (64, 48)),
    ".m2v": ("mpeg2video", "mpeg2video", "yuv420p", (64, 48)),
    ".h264": ("h264", "libx264", "yuv420p", (64, 48)),
    ".hevc": ("hevc", "libx265", "yuv420p", (64, 48)),
    ".mjpeg": ("mjpeg", "mjpeg", "yuvj420p", (64, 48)),
}
BY_NAME = {".h264", ".hevc", ".mjpeg"}  # streams that begin as something else may


def write(path: Path, kind: str) -> Path:
    form, codec, pix_fmt, (width, height) = KINDS[kind]
    options = {"mpegts_m2ts_mode": "1"} if kind == ".m2ts" else None
    recipe = Recipe(codec=codec, pix_fmt=pix_fmt, audio=None, container_options=options)
    make(path, scene(height, width, 4), recipe, format=form)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_film_of_any_kind_is_coloured(tmp_path: Path, colour, kind: str) -> None:
    film = write(tmp_path / f"film{kind}", kind)
    assert is_film(film)
    nameless = tmp_path / "nameless"
    nameless.write_bytes(film.read_bytes())
    assert is_film(nameless) is (kind not in BY_NAME)
    colour(film, tmp_path / "out.mkv")
    given, made = (list(FilmReader(path).frames()) for path in (film, tmp_path / "out.mkv"))
    assert len(made) == len(given) >= 3
    for before, after in zip(given, made, strict=True):
        assert np.abs(before.luma.astype(int) - after.luma).mean() < 3


def test_other_files_are_no_films(tmp_path: Path) -> None:
    for name, data in {"a.jpg": b"\xff\xd8\xff\xe0" + bytes(600), "text": b"G" + b"o on " * 200, "b.png": b""}.items():
        (tmp_path / name).write_bytes(data)
        assert not is_film(tmp_path / name)
