"""What archives bring and want back: timecode, MXF, numbered pictures of any start, HDR metadata, a full disk."""

import re
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from little_films import Array, Recipe, make, read, scene
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import InputError, OutputError
from tintype.video import FilmOptions, colorize_film
from tintype.video.hdr import check_base_layer, static_metadata
from tintype.video.numbered import Numbering
from tintype.video.reader import FilmReader
from tintype.video.timecode import Timecode


def timecode(path: Path) -> str | None:
    with av.open(str(path)) as film:
        return film.streams.video[0].metadata.get("timecode") or film.metadata.get("timecode")


def with_timecode(text: str) -> Recipe:
    options = {"profile": "dnxhr_hqx"}
    return Recipe("dnxhd", "yuv422p10le", depth=10, audio="pcm_s16le", options=options, timecode=text)


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mxf"])
def test_a_timecode_track_is_made_anew(tmp_path: Path, colour, suffix: str) -> None:
    make(tmp_path / "in.mov", scene(144, 256, 6), with_timecode("10:11:12:13"))
    codec = None if suffix == ".mp4" else "dnxhr"
    report = colour(tmp_path / "in.mov", tmp_path / f"out{suffix}", codec=codec)
    assert timecode(tmp_path / f"out{suffix}") == "10:11:12:13"
    made = read(tmp_path / f"out{suffix}")
    assert made.pix_fmt == ("yuv422p10le" if codec else "yuv420p10le")
    assert made.packets["audio"]
    assert report.frames == 6


def test_an_excerpt_begins_with_its_own_timecode(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mov", scene(144, 256, 10), with_timecode("00:00:59:20"))
    colour(tmp_path / "in.mov", tmp_path / "out.mov", codec="dnxhr", start=0.3)
    assert timecode(tmp_path / "out.mov") == "00:01:00:03"


@pytest.mark.parametrize(
    ("text", "rate", "frames", "expected"),
    [
        ("00:00:59;29", Fraction(30000, 1001), 1, "00:01:00;02"),
        ("00:09:59;29", Fraction(30000, 1001), 1, "00:10:00;00"),
        ("01:00:00;00", Fraction(30000, 1001), 1800 * 10, "01:10:00;18"),
        ("23:59:59:24", Fraction(25), 1, "00:00:00:00"),
        ("10:11:12:13", Fraction(24), 24 * 60, "10:12:12:13"),
    ],
)
def test_timecode_counts_as_smpte_does(text: str, rate: Fraction, frames: int, expected: str) -> None:
    found = Timecode.parse(text, rate)
    assert found is not None
    assert str(found) == text
    assert str(found.later(frames)) == expected


def test_mxf_holds_constant_rates_alone(tmp_path: Path, colour) -> None:
    times = [0, 40, 80, 200, 240, 280]
    make(tmp_path / "in.mkv", scene(144, 256, 6), Recipe(audio=None, times=times))
    with pytest.raises(OutputError, match="constant rate"):
        colour(tmp_path / "in.mkv", tmp_path / "out.mxf")
    make(tmp_path / "slow.mkv", scene(144, 256, 6), Recipe(audio=None, rate=18))
    with pytest.raises(OutputError, match=r"18 frames a second.*\.mkv and \.mov hold any rate"):
        colour(tmp_path / "slow.mkv", tmp_path / "out.mxf")
    assert not list(tmp_path.glob(".out*")), "said before any work"


def numbered(folder: Path, kind: str, numbers: list[int], orientation: int = 1) -> list[Array]:
    """Grey pictures as scanners write them, with EXIF."""
    folder.mkdir(exist_ok=True)
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Epson", orientation
    frames = [np.round(frame * 255).astype(np.uint8) for frame in scene(48, 64, len(numbers))]
    for number, frame in zip(numbers, frames, strict=True):
        Image.fromarray(frame).save(folder / f"{number:05}.{kind}", exif=exif)
    return frames


@pytest.mark.parametrize("kind", ["tif", "jpg", "png"])
def test_numbered_pictures_with_exif_from_any_number(tmp_path: Path, colour, kind: str) -> None:
    frames = numbered(tmp_path / "s", kind, [100, 101, 103, 104, 105])
    report = colour(tmp_path / "s" / f"%05d.{kind}", tmp_path / "out.mkv", codec="ffv1", rate=20.0)
    made = read(tmp_path / "out.mkv")
    assert [float(time) for time in made.times] == pytest.approx([0, 0.05, 0.15, 0.2, 0.25])
    assert "1 number is missing (102): the picture before is shown until the next" in report.notes
    if kind != "jpg":
        for before, planes in zip(frames, made.planes, strict=True):
            np.testing.assert_array_equal(planes[0], before)


def test_the_orientation_of_numbered_pictures_is_obeyed(tmp_path: Path, colour) -> None:
    numbered(tmp_path / "s", "jpg", [1, 2], orientation=6)
    colour(tmp_path / "s" / "%05d.jpg", tmp_path / "out.mkv")
    assert read(tmp_path / "out.mkv").rotation % 360 == 270


def test_no_picture_of_that_name(tmp_path: Path, colour) -> None:
    with pytest.raises(InputError, match=r"no picture in .* has a number like this"):
        colour(tmp_path / "%04d.png", tmp_path / "out.mkv")
    numbered(tmp_path / "s", "png", [7])
    (tmp_path / "s" / "00007.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    with pytest.raises(InputError, match="none of its 1 pictures can be decoded"):
        colour(tmp_path / "s" / "%05d.png", tmp_path / "out.mkv")


def test_a_damaged_picture_is_named_and_the_rest_goes_on(tmp_path: Path, colour) -> None:
    numbered(tmp_path / "s", "png", [1, 2, 3])
    (tmp_path / "s" / "00002.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    report = colour(tmp_path / "s" / "%05d.png", tmp_path / "out.mkv")
    assert report.frames == 2
    assert "cannot be decoded and are left out: 00002.png" in report.notes


def test_other_counts_of_digits_are_other_files(tmp_path: Path) -> None:
    for name in ("a_1.png", "a_01.png", "a_10.png", "a_100.png", "b_02.png", "a_x.png"):
        (tmp_path / name).touch()
    assert Numbering(str(tmp_path / "a_%02d.png")).found() == [1, 10, 100]
    assert Numbering(str(tmp_path / "a_%d.png")).found() == [1, 10, 100]


def dpx(path: Path, frame: Array) -> None:
    """A 10-bit DPX of a grey frame, with a timecode and a project in its header."""
    context = av.CodecContext.create("dpx", "w")
    context.width, context.height, context.pix_fmt = frame.shape[1], frame.shape[0], "gbrp10le"
    context.time_base = Fraction(1, 24)
    picture = av.VideoFrame(frame.shape[1], frame.shape[0], "gbrp10le")
    for plane in picture.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        data = np.round(frame * 1023).astype("<u2").view(np.uint8)
        rows[:, : data.shape[1]] = data
    made = b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])
    assert made[4:8] == (1664).to_bytes(4, "little")
    head = bytearray(made[:1664].ljust(2048, b"\xff"))
    head[4:8] = (2048).to_bytes(4, "little")
    head[260:267], head[1920:1924] = b"Reel 12", bytes.fromhex("13121110")
    path.write_bytes(bytes(head) + made[1664:])


@pytest.mark.parametrize(("target", "depth"), [("%07d.dpx", 10), ("%07d.tif", 16), ("%07d.png", 16), ("%07d.exr", 16)])
def test_pictures_in_pictures_out(tmp_path: Path, colour, target: str, depth: int) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for number, frame in zip((86400, 86401, 86403), scene(48, 64, 3), strict=True):
        dpx(tmp_path / "in" / f"{number:07}.dpx", frame)
    report = colour(tmp_path / "in" / "%07d.dpx", tmp_path / "out" / target)
    before = FilmReader(str(tmp_path / "in" / "%07d.dpx"), full_range=True)
    after = FilmReader(str(tmp_path / "out" / target), full_range=True)
    assert after.numbered is not None
    assert after.numbered.numbers == [86400, 86401, 86403]
    assert after.info.signal.depth == depth
    top = (1 << depth) - 1
    for old, new in zip(before.frames(), after.frames(), strict=True):
        light = np.abs(old.luma / 1023 - new.luma / top)
        assert light.max() <= 0.5 / 1023
    assert report.frames == 3
    assert not list((tmp_path / "out").glob(".*")), "nothing is left beside the pictures"
    if target.endswith("dpx"):
        head = (tmp_path / "out" / "0086401.dpx").read_bytes()[:2048]
        assert head[260:267] == b"Reel 12"
        assert head[1920:1924] == bytes.fromhex("10111213"), "turned to the byte order of the new file"
        assert head[:4] == b"SDPX"
        with av.open(str(tmp_path / "out" / "0086400.dpx")) as picture:
            planes = [np.array(p) for p in next(picture.decode(video=0)).to_ndarray(format="rgb24").transpose(2, 0, 1)]
        assert np.abs(planes[0].astype(int) - planes[2]).max() > 3, "there is colour"


def test_pictures_out_of_a_film_and_their_mistakes(tmp_path: Path, colour) -> None:
    make(tmp_path / "in.mp4", scene(48, 64, 5))
    report = colour(tmp_path / "in.mp4", tmp_path / "p_%03d.tif", depth=8)
    assert sorted(path.name for path in tmp_path.glob("p_*")) == [f"p_{i:03}.tif" for i in range(1, 6)]
    assert "numbered pictures hold no audio: left out" in report.notes
    assert Image.open(tmp_path / "p_001.tif").getpixel((0, 0))
    with pytest.raises(OutputError, match=r"p_001.tif: exists already"):
        colour(tmp_path / "in.mp4", tmp_path / "p_%03d.tif", depth=8)
    colour(tmp_path / "in.mp4", tmp_path / "p_%03d.tif", depth=8, overwrite=True)
    with pytest.raises(OutputError, match="8 or 16 bits a sample here, not 10"):
        colour(tmp_path / "in.mp4", tmp_path / "q_%03d.tif", depth=10)
    with pytest.raises(OutputError, match="no --codec"):
        colour(tmp_path / "in.mp4", tmp_path / "q_%03d.tif", codec="h264")
    with pytest.raises(OutputError, match="--depth is for numbered pictures"):
        colour(tmp_path / "in.mp4", tmp_path / "q.mkv", depth=8)
    with pytest.raises(OutputError, match="numbered pictures are written as"):
        colour(tmp_path / "in.mp4", tmp_path / "q_%03d.gif")


def test_numbered_pictures_go_on_after_a_crash_with_the_same_bytes(tmp_path: Path, tiny: Colorizer) -> None:
    make(tmp_path / "in.mkv", scene(48, 64, 40), Recipe(audio=None))
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    options = FilmOptions(every=5)
    colorize_film(str(tmp_path / "in.mkv"), str(tmp_path / "whole" / "%03d.png"), tiny, options)

    class Stopped(Exception):
        pass

    def stop(progress) -> None:
        if progress.frames >= 20:
            raise Stopped

    target = str(tmp_path / "parts" / "%03d.png")
    with pytest.raises(Stopped):
        colorize_film(str(tmp_path / "in.mkv"), target, tiny, options, progress=stop)
    report = colorize_film(str(tmp_path / "in.mkv"), target, tiny, options)
    assert report.resumed_frames >= 10
    whole, parts = (sorted((tmp_path / name).glob("*.png")) for name in ("whole", "parts"))
    assert len(whole) == 40
    assert [path.read_bytes() for path in whole] == [path.read_bytes() for path in parts]


def test_hdr10_metadata_is_kept_in_hevc(tmp_path: Path, colour) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    params = f"log-level=none:hdr10=1:master-display={display}:max-cll=1000,400"
    recipe = Recipe("libx265", "yuv420p10le", depth=10, audio=None, options={"x265-params": params})
    make(tmp_path / "in.mkv", scene(64, 96, 4), recipe)
    colour(tmp_path / "in.mkv", tmp_path / "out.mkv")
    wanted = f"hdr10=1:master-display={display}:max-cll=1000,400"
    assert FilmReader(tmp_path / "in.mkv").info.hdr10 == wanted
    assert FilmReader(tmp_path / "out.mkv").info.hdr10 == wanted
    told: list[str] = []
    report = colour(tmp_path / "in.mkv", tmp_path / "out2.mkv", codec="ffv1")
    told = [note for note in report.notes if "HDR10" in note]
    assert told == ["HDR10's mastering and light levels are left out: ffv1 has them not here; hevc does"]


def test_dolby_vision_without_a_base_layer_is_refused() -> None:
    with pytest.raises(InputError, match="profile 5"):
        check_base_layer("film.mp4", ("Dolby Vision",), 2)
    check_base_layer("film.mp4", ("Dolby Vision",), 18)
    assert static_metadata([]) is None


def test_what_will_be_missing_is_said_before_the_work(tmp_path: Path, tiny: Colorizer) -> None:
    make(tmp_path / "in.mp4", scene(48, 64, 3))
    told: list[str] = []

    def begin(notes: list[str]) -> None:
        told.extend(notes)
        assert not list(tmp_path.glob("p_*"))

    colorize_film(str(tmp_path / "in.mp4"), str(tmp_path / "p_%03d.png"), tiny, FilmOptions(), begin=begin)
    assert told == ["numbered pictures hold no audio: left out"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", place], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_keeps_what_is_done(tmp_path: Path, small_disk: Path, tiny: Colorizer) -> None:
    make(tmp_path / "in.mkv", scene(96, 128, 30), Recipe("ffv1", audio=None))
    options = FilmOptions(codec="ffv1", every=5, part_frames=5)
    colorize_film(str(tmp_path / "in.mkv"), str(tmp_path / "whole.mkv"), tiny, options)
    (small_disk / "ballast").write_bytes(bytes(100_000))
    with pytest.raises(OutputError, match=r"the disk is full; [1-9][0-9]* of 30 frames are finished and kept in"):
        colorize_film(str(tmp_path / "in.mkv"), str(small_disk / "out.mkv"), tiny, options)
    subprocess.run(["mount", "-o", "remount,size=4m", small_disk], check=True)
    report = colorize_film(str(tmp_path / "in.mkv"), str(small_disk / "out.mkv"), tiny, options)
    assert report.resumed_frames >= 5
    whole, later = read(tmp_path / "whole.mkv"), read(small_disk / "out.mkv")
    for before, after in zip(whole.planes, later.planes, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_pictures_that_surely_do_not_fit_are_refused_before_the_work(
    tmp_path: Path, small_disk: Path, tiny: Colorizer
) -> None:
    make(tmp_path / "in.mkv", scene(96, 128, 30), Recipe("ffv1", audio=None))
    with pytest.raises(OutputError, match=r"about 1\.1 MB will be wanted in .*, 4\d\d kB are free"):
        colorize_film(str(tmp_path / "in.mkv"), str(small_disk / "%03d.dpx"), tiny, FilmOptions())
    assert not list(small_disk.iterdir())


def sound_times(path: Path) -> list[int]:
    with av.open(str(path)) as film:
        return [packet.dts for packet in film.demux(film.streams.audio[0]) if packet.size]


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
def test_sound_whose_time_runs_back(tmp_path: Path, colour, target: str) -> None:
    """One packet of sound has the time of the one before, another an earlier one; none is lost."""
    make(tmp_path / "plain.mkv", scene(48, 64, 25))
    data = bytearray((tmp_path / "plain.mkv").read_bytes())
    blocks = re.compile(rb"\xa3(?:[\x80-\xff]|[\x40-\x7f].)\x82(..)\x80", re.DOTALL)  # SimpleBlocks of track 2
    places = [match.start(1) for match in blocks.finditer(data)]
    times = [int.from_bytes(data[place : place + 2], "big", signed=True) for place in places]
    for number, time in ((6, times[5]), (12, times[11] - 60)):
        data[places[number] : places[number] + 2] = time.to_bytes(2, "big", signed=True)
    (tmp_path / "in.mkv").write_bytes(data)
    before = sound_times(tmp_path / "in.mkv")
    steps = np.diff(before)
    assert (np.count_nonzero(steps == 0), np.count_nonzero(steps < 0)) == (1, 1)
    report = colour(tmp_path / "in.mkv", tmp_path / target)
    assert report.frames == 25
    after = sound_times(tmp_path / target)
    assert len(after) == len(before)
    assert (np.diff(after) > 0).all()
    assert any("packets of sound or data had no usable timestamp and were given one" in note for note in report.notes)
