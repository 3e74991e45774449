"""What goes in comes out: light, timestamps, sound, shape, tags."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from little_films import Recipe, make, read, scene
from tintype.errors import InputError, OutputError
from tintype.video.codecs import CODECS

LOSSLESS = {"qp": "0", "preset": "ultrafast"}


@pytest.mark.seed("S1-37", "S3-20")
def test_light_times_and_sound_are_kept(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mp4", scene(48, 64, 30))
    report = colour(tmp_path / "in.mp4", tmp_path / "out.mp4")
    before, after = read(tmp_path / "in.mp4"), read(tmp_path / "out.mp4")
    assert report.frames == 30
    assert after.times == before.times
    assert after.packets["audio"] == before.packets["audio"]
    assert abs(after.seconds - before.seconds) <= 1 / 25
    assert after.duration == before.duration
    assert after.tags == (6, 1)
    light = [np.abs(a[0].astype(int) - b[0]).mean() for a, b in zip(before.planes, after.planes, strict=True)]
    assert max(light) < 2
    assert np.ptp(after.planes[0][1]) > 3, "there is colour"
    assert not (tmp_path / ".out.mp4.parts").exists()


@pytest.mark.parametrize(("depth", "full"), [(8, False), (8, True), (10, False), (10, True)])
def test_luma_is_the_same_bit_for_bit_in_a_lossless_codec(tmp_path: Path, colour, depth: int, full: bool) -> None:
    pix_fmt = "yuv420p" if depth == 8 else "yuv420p10le"
    recipe = Recipe("ffv1", pix_fmt, depth=depth, full_range=full, audio=None)
    given = make(tmp_path / "in.mkv", scene(33, 47, 6), recipe)
    colour(tmp_path / "in.mkv", tmp_path / "out.mkv", codec="ffv1")
    after = read(tmp_path / "out.mkv")
    for luma, planes in zip(given, after.planes, strict=True):
        np.testing.assert_array_equal(planes[0], luma)
    assert after.tags[1] == (2 if full else 1)
    top = (1 << depth) - 1
    low, high = (0, top) if full else (16 << (depth - 8), 240 << (depth - 8))
    for plane in after.planes[0][1:]:
        assert low <= plane.min() < plane.max() <= high
        assert plane.shape == (17, 24)


def test_ten_bits_stay_ten_by_default(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mp4", scene(64, 64, 5), Recipe("libx265", "yuv420p10le", depth=10, audio=None))
    colour(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert read(tmp_path / "out.mp4").pix_fmt == "yuv420p10le"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_frame_rate(tmp_path: Path, colour, suffix: str) -> None:
    times = [0, 40, 80, 200, 210, 500, 540, 1000, 1033, 1066, 2500, 2540]
    make(tmp_path / f"in{suffix}", scene(32, 48, 12), Recipe(audio=None, times=times))
    colour(tmp_path / f"in{suffix}", tmp_path / f"out{suffix}", part_frames=4, every=2)
    before, after = read(tmp_path / f"in{suffix}"), read(tmp_path / f"out{suffix}")
    assert after.times == before.times
    assert len(after.times) == 12


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_tags_that_are_not_utf_8(tmp_path: Path, colour, suffix: str) -> None:
    """As old programs wrote them; whatever the version of PyAV."""
    film = tmp_path / f"in{suffix}"
    make(film, scene(32, 48, 4))
    data = film.read_bytes()
    assert b"Lavf" in data
    film.write_bytes(data.replace(b"Lavf", b"L\xe9vf"))
    assert colour(film, tmp_path / f"out{suffix}").frames == 4


def test_a_film_that_starts_late(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mkv", scene(32, 48, 8), Recipe(start=50))
    colour(tmp_path / "in.mkv", tmp_path / "out.mkv")
    before, after = read(tmp_path / "in.mkv"), read(tmp_path / "out.mkv")
    assert before.times[0] == 2
    assert after.times == before.times


def test_odd_sizes(tmp_path: Path, colour) -> None:
    given = make(tmp_path / "in.mkv", scene(35, 51, 4), Recipe("ffv1", "yuv444p", audio=None))
    colour(tmp_path / "in.mkv", tmp_path / "out.mkv", codec="ffv1")
    after = read(tmp_path / "out.mkv")
    np.testing.assert_array_equal(after.planes[2][0], given[2])
    assert after.planes[0][1].shape == (18, 26)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_pixels_that_are_not_square(tmp_path: Path, colour, suffix: str) -> None:
    make(tmp_path / "in.mp4", scene(32, 48, 4), Recipe(audio=None, aspect=Fraction(16, 11)))
    colour(tmp_path / "in.mp4", tmp_path / f"out{suffix}")
    assert read(tmp_path / "in.mp4").aspect == read(tmp_path / f"out{suffix}").aspect == Fraction(16, 11)


def test_odd_sizes_in_h264(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mkv", scene(35, 51, 4), Recipe("ffv1", audio=None))
    colour(tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert read(tmp_path / "out.mp4").planes[0][0].shape == (35, 51)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_phone_film(tmp_path: Path, colour, degrees: int) -> None:
    make(tmp_path / "in.mp4", scene(48, 64, 4), Recipe(rotation=degrees))
    colour(tmp_path / "in.mp4", tmp_path / "out.mp4")
    before, after = read(tmp_path / "in.mp4"), read(tmp_path / "out.mp4")
    assert before.rotation % 360 == degrees
    assert after.rotation == before.rotation
    assert after.planes[0][0].shape == (48, 64)


def test_a_turned_film_stands_upright_where_a_container_cannot_say_so(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mp4", scene(48, 64, 4), Recipe(rotation=90, audio=None))
    colour(tmp_path / "in.mp4", tmp_path / "out.webm")
    before, after = read(tmp_path / "in.mp4"), read(tmp_path / "out.webm")
    assert after.planes[0][0].shape == (64, 48)
    assert after.rotation == 0
    upright = np.rot90(before.planes[0][0], before.rotation % 360 // 90)
    assert np.abs(upright.astype(int) - after.planes[0][0]).mean() < 6


def test_no_sound(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mp4", scene(32, 48, 5), Recipe(audio=None))
    colour(tmp_path / "in.mp4", tmp_path / "out.mp4")
    after = read(tmp_path / "out.mp4")
    assert len(after.times) == 5
    assert not after.packets


def test_damaged_sound_is_copied_as_it_is(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mkv", scene(32, 48, 25))
    sound = read(tmp_path / "in.mkv").packets["audio"]
    data = (tmp_path / "in.mkv").read_bytes()
    for packet in sound[3:9]:
        data = data.replace(packet, bytes(len(packet)))
    (tmp_path / "in.mkv").write_bytes(data)
    colour(tmp_path / "in.mkv", tmp_path / "out.mkv")
    before, after = read(tmp_path / "in.mkv"), read(tmp_path / "out.mkv")
    assert len(after.times) == 25
    assert after.packets["audio"] == before.packets["audio"]
    assert bytes(len(sound[4])) in after.packets["audio"]


def test_sound_that_the_container_cannot_hold_is_said_before_any_work(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mkv", scene(32, 48, 5), Recipe(audio="aac"))
    with pytest.raises(OutputError, match=r"webm cannot hold the audio stream 1 \(aac\).*\.mkv"):
        colour(tmp_path / "in.mkv", tmp_path / "out.webm")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


@pytest.mark.parametrize(("name", "codec", "format"), [("in.avi", "mpeg4", None), ("in.mpg", "mpeg2video", "mpeg")])
def test_old_containers_become_matroska(tmp_path: Path, colour, name: str, codec: str, format: str | None) -> None:
    make(tmp_path / name, scene(48, 64, 12), Recipe(codec, audio="mp2" if codec == "mpeg2video" else None), format)
    report = colour(tmp_path / name, tmp_path / "out.mkv")
    assert report.frames == 12
    before, after = read(tmp_path / name), read(tmp_path / "out.mkv")
    assert [round(float(t), 2) for t in after.times] == [round(float(t), 2) for t in before.times]
    assert after.packets == before.packets


def test_numbered_pictures(tmp_path: Path, colour) -> None:
    from PIL import Image

    for i, frame in enumerate(scene(32, 48, 6)):
        Image.fromarray((frame * 255).astype(np.uint8)).save(tmp_path / f"shot-{i:03}.png")
    report = colour(tmp_path / "shot-%03d.png", tmp_path / "out.mp4", rate=10)
    after = read(tmp_path / "out.mp4")
    assert report.frames == 6
    assert after.times == [Fraction(i, 10) for i in range(6)]


def test_an_excerpt(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mp4", scene(32, 48, 50))
    report = colour(tmp_path / "in.mp4", tmp_path / "out.mp4", start=0.5, end=1.5)
    after = read(tmp_path / "out.mp4")
    assert report.frames == 25
    assert after.times[0] == 0
    assert after.times[-1] == Fraction(24, 25)
    assert abs(after.seconds - 1) < 0.1


def test_a_film_cut_short_is_coloured_as_far_as_it_goes(tmp_path: Path, colour) -> None:
    recipe = Recipe(options={"g": "5"}, container_options={"movflags": "faststart"})
    make(tmp_path / "whole.mp4", scene(48, 64, 50), recipe)
    data = (tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "in.mp4").write_bytes(data[: len(data) * 6 // 10])
    report = colour(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert 10 < report.frames < 45
    assert any("cut short" in note for note in report.notes)
    assert len(read(tmp_path / "out.mp4").times) == report.frames


@pytest.mark.parametrize(
    ("data", "message"),
    [(None, "no such film"), (b"", "empty"), (b"not a film at all" * 100, "cannot be read"), ("tail", "cut short")],
    ids=["missing", "empty", "text", "no index"],
)
def test_what_is_no_film(tmp_path: Path, colour, data: bytes | str | None, message: str) -> None:
    if data == "tail":
        make(tmp_path / "whole.mp4", scene(48, 64, 20))
        data = (tmp_path / "whole.mp4").read_bytes()[:3000]
    if isinstance(data, bytes):
        (tmp_path / "in.mp4").write_bytes(data)
    with pytest.raises(InputError, match=message):
        colour(tmp_path / "in.mp4", tmp_path / "out.mp4")


@pytest.mark.parametrize(
    ("codec", "suffix"), [(name, suffix) for name, codec in CODECS.items() for suffix in codec.containers]
)
def test_every_codec_in_every_container(tmp_path: Path, colour, codec: str, suffix: str) -> None:
    sound = None if suffix == ".webm" else "pcm_s16le" if suffix == ".mxf" else "aac"
    width = 256 if codec == "dnxhr" else 128
    make(tmp_path / "in.mkv", scene(128, width, 6), Recipe(audio=sound))
    report = colour(tmp_path / "in.mkv", tmp_path / f"out{suffix}", codec=codec)
    before, after = read(tmp_path / "in.mkv"), read(tmp_path / f"out{suffix}")
    assert report.codec.startswith(codec)
    steps = [[round(float(b - a), 3) for a, b in pairwise(film.times)] for film in (before, after)]
    assert steps[0] == pytest.approx(steps[1], abs=0.0011)
    assert len(after.times) == 6
    if suffix == ".mxf":  # sound as long as each frame, the last filled up with silence
        sounds = [b"".join(film.packets["audio"]) for film in (before, after)]
        assert sounds[1].rstrip(b"\0") == sounds[0].rstrip(b"\0")
    elif suffix not in (".webm", ".ts"):  # a transport stream wraps its sound in headers of its own
        assert after.packets["audio"] == before.packets["audio"]


def test_what_cannot_be_written(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mp4", scene(32, 48, 3))
    with pytest.raises(OutputError, match="cannot keep every timestamp"):
        colour(tmp_path / "in.mp4", tmp_path / "out.avi")
    with pytest.raises(OutputError, match=r"does not go into \.mp4"):
        colour(tmp_path / "in.mp4", tmp_path / "out.mp4", codec="ffv1")
    (tmp_path / "out.mp4").write_bytes(b"keep")
    with pytest.raises(OutputError, match="--overwrite"):
        colour(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"keep"
    assert colour(tmp_path / "in.mp4", tmp_path / "out.mp4", overwrite=True).frames == 3
    with pytest.raises(OutputError, match="no frame"):
        colour(tmp_path / "in.mp4", tmp_path / "other.mp4", start=100)


def test_interlaced_film_is_said(tmp_path: Path, colour) -> None:
    recipe = Recipe("mpeg2video", audio=None, options={"flags": "+ildct+ilme", "top": "1"})
    make(tmp_path / "in.mkv", scene(64, 64, 4), recipe)
    report = colour(tmp_path / "in.mkv", tmp_path / "out.mkv")
    assert any("interlaced" in note for note in report.notes)
