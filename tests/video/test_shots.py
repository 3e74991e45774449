"""Shots that have colour already are left as they are, bit for bit where the codec can hold them."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import RunCli
from little_films import read, scene
from tintype.batch.skip import LeftAlone
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import OutputError
from tintype.video import FilmOptions, FilmReport, colorize_film
from tintype.video.codecs import choose
from tintype.video.reader import FilmReader
from tintype.video.shots import find_shots
from tintype.video.space import SpaceWatch

Array = NDArray[Any]
HEIGHT, WIDTH, EACH = 96, 128, 12


def tinted(light: Array, kind: str, seed: int) -> Array:
    """Light (H, W) in [0, 1] -> sRGB (H, W, 3): grey, grey with a scan's noise, sepia, with colours that change from
    place to place, those faded under a cast, or grey with one tinted thing."""
    rgb = np.repeat(light[..., None], 3, 2)
    if kind == "noisy":
        rgb = rgb + np.random.default_rng(seed).normal(0, 0.02, rgb.shape)
    if kind == "tinted":
        rgb[30:60, 40:80] *= np.array([1.0, 0.75, 0.7])
    if kind == "faded":
        return (tinted(light, "colour", seed) * 0.35 + tinted(light, "sepia", seed) * 0.65).astype(np.uint8)
    if kind == "sepia":
        rgb = rgb * np.array([1.0, 0.86, 0.68])
    if kind == "colour":
        y, x = np.mgrid[: light.shape[0], : light.shape[1]] / 24
        rgb = rgb + 0.16 * np.stack([np.sin(x + seed), np.cos(y), np.sin(x + y)], axis=-1)
    return np.asarray((rgb.clip(0, 1) * 255 + 0.5), np.uint8)


def reel(
    path: Path,
    kinds: Sequence[str],
    codec: str = "ffv1",
    pix_fmt: str = "yuv420p",
    contrast: float = 1.0,
    **options: str,
) -> None:
    """A film of one shot for each kind; each shot has a scene of its own."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        at = 0
        for number, kind in enumerate(kinds):
            for light in scene(HEIGHT, WIDTH, EACH, seed=40 + number):
                shown = ((light - 0.5) * contrast + 0.5).clip(0, 1)
                frame = av.VideoFrame.from_ndarray(tinted(shown, kind, number), format="rgb24")
                frame.pts, frame.time_base = at, Fraction(1, 25)
                at += 1
                output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def work(source: Path | str, target: Path | str, tiny: Colorizer, **options: Any) -> FilmReport:
    return colorize_film(str(source), str(target), tiny, FilmOptions(**options))


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p", "yuv444p10le"])
def test_colour_shots_come_back_bit_for_bit(tiny: Colorizer, tmp_path: Path, pix_fmt: str) -> None:
    reel(tmp_path / "a.mkv", ["grey", "colour", "sepia", "colour"], pix_fmt=pix_fmt)
    report = work(tmp_path / "a.mkv", tmp_path / "b.mkv", tiny, skip_colour=True, codec="ffv1")
    assert [(shot["found"], shot["coloured"], shot["frames"]) for shot in report.shots] == [
        ("grey", True, EACH), ("colour", False, EACH), ("toned", True, EACH), ("colour", False, EACH)
    ]  # fmt: skip
    assert [shot["start"] for shot in report.shots] == [0, 0.48, 0.96, 1.44]
    assert report.scenes == 4
    assert any("2 of 4 shots are left as they are: 0:00:00.5 to 0:00:01.0 (colour)" in note for note in report.notes)
    before, after = read(tmp_path / "a.mkv"), read(tmp_path / "b.mkv")
    assert after.pix_fmt == pix_fmt
    assert after.times == before.times
    for number, (one, other) in enumerate(zip(before.planes, after.planes, strict=True)):
        same = [np.array_equal(a, b) for a, b in zip(one, other, strict=True)]
        assert same[0]  # the light
        assert all(same) == (number // EACH in (1, 3)), number


def test_every_kind_of_shot_is_known_after_lossy_coding(tmp_path: Path) -> None:
    """benchmarks/shots.py has the error rate on photographs."""
    expected = {
        "grey": "grey", "noisy": "grey", "sepia": "toned", "faded": "colour", "tinted": "colour", "colour": "colour",
    }  # fmt: skip
    for kind, found in expected.items():
        reel(tmp_path / f"{kind}.mkv", [kind], codec="libx264", contrast=2, crf="23")
        reader = FilmReader(tmp_path / f"{kind}.mkv", keep_pictures=True)
        assert [shot.found for shot in find_shots(reader.frames(), reader.info).shots] == [found], kind


def test_toned_shots_are_left_alone_when_asked_for(tiny: Colorizer, tmp_path: Path) -> None:
    reel(tmp_path / "a.mkv", ["sepia", "grey"])
    report = work(tmp_path / "a.mkv", tmp_path / "b.mkv", tiny, skip_toned=True, codec="ffv1")
    assert [shot["coloured"] for shot in report.shots] == [False, True]


def test_restoring_does_not_touch_shots_that_are_left(tiny: Colorizer, tmp_path: Path) -> None:
    reel(tmp_path / "a.mkv", ["colour", "grey", "colour"])
    report = work(tmp_path / "a.mkv", tmp_path / "b.mkv", tiny, skip_colour=True, restore=("grain",), codec="ffv1")
    assert [shot["coloured"] for shot in report.shots] == [False, True, False]
    pairs = list(zip(read(tmp_path / "a.mkv").planes, read(tmp_path / "b.mkv").planes, strict=True))
    same = [all(np.array_equal(a, b) for a, b in zip(*pair, strict=True)) for pair in pairs]
    assert same == [True] * EACH + [False] * EACH + [True] * EACH


def test_numbered_pictures_keep_every_sample_of_what_is_left(tiny: Colorizer, tmp_path: Path) -> None:
    reel(tmp_path / "a.mkv", ["grey", "colour"], codec="ffv1", pix_fmt="bgr0")
    (tmp_path / "out").mkdir()
    work(tmp_path / "a.mkv", tmp_path / "out" / "%03d.png", tiny, skip_colour=True)
    with av.open(str(tmp_path / "a.mkv")) as film:
        given = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    made = []
    for path in sorted((tmp_path / "out").glob("*.png")):
        with av.open(str(path)) as picture:
            made.append(next(picture.decode(video=0)).to_ndarray(format="rgb24"))
    same = [np.array_equal(one, other) for one, other in zip(given, made, strict=True)]
    assert same == [False] * EACH + [True] * EACH


def test_a_film_goes_on_inside_a_shot_that_is_left(
    tiny: Colorizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel(tmp_path / "a.mkv", ["grey", "colour", "grey"])
    options: dict[str, Any] = {"skip_colour": True, "codec": "ffv1", "part_frames": 5}
    work(tmp_path / "a.mkv", tmp_path / "whole.mkv", tiny, **options)
    from tintype.video import parts

    finish, calls = parts.PartStore.finish, []

    def until_the_second(store: Any, *args: Any) -> None:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(1)
        finish(store, *args)

    monkeypatch.setattr(parts.PartStore, "finish", until_the_second)
    with pytest.raises(KeyboardInterrupt):
        work(tmp_path / "a.mkv", tmp_path / "b.mkv", tiny, **options)
    monkeypatch.undo()
    report = work(tmp_path / "a.mkv", tmp_path / "b.mkv", tiny, **options)
    assert EACH < report.resumed_frames < 2 * EACH
    assert report.scenes == 3
    whole, again = read(tmp_path / "whole.mkv"), read(tmp_path / "b.mkv")
    assert whole.times == again.times
    for one, other in zip(whole.planes, again.planes, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_film_of_colour_shots_is_left_alone(tiny: Colorizer, tmp_path: Path) -> None:
    reel(tmp_path / "a.mkv", ["colour", "colour"])
    with pytest.raises(LeftAlone, match="has colour already in all of its 2 shots"):
        work(tmp_path / "a.mkv", tmp_path / "b.mkv", tiny, skip_colour=True)
    assert not (tmp_path / "b.mkv").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".webm"])
def test_own_films_are_known_by_their_record(tiny: Colorizer, tmp_path: Path, suffix: str) -> None:
    reel(tmp_path / "a.mkv", ["grey"])
    work(tmp_path / "a.mkv", tmp_path / f"b{suffix}", tiny)
    with pytest.raises(LeftAlone, match="own result; add --again"):
        work(tmp_path / f"b{suffix}", tmp_path / "c.mkv", tiny)
    assert work(tmp_path / f"b{suffix}", tmp_path / "c.mkv", tiny, again=True).frames == EACH


def test_the_command_line_says_what_it_left(cli: RunCli, tmp_path: Path) -> None:
    import json

    reel(tmp_path / "mixed.mkv", ["grey", "colour"])
    reel(tmp_path / "interview.mkv", ["colour"])
    done = cli("colorize", "mixed.mkv", "interview.mkv", "--model", "tiny", "--skip-colour", "-o", "out", "--json")
    assert done.returncode == 0, done.stderr.decode()
    films = {Path(film["source"]).name: film for film in json.loads(done.stdout)["films"]}
    assert [shot["found"] for shot in films["mixed.mkv"]["shots"]] == ["grey", "colour"]
    assert films["interview.mkv"]["left"] == "has colour already"
    assert films["interview.mkv"]["found"] == "colour"
    said = done.stderr.decode()
    assert "1 of 2 shots are left as they are" in said
    assert "interview.mkv has colour already" in said
    assert "films: 1 coloured, 1 left as they are, 0 failed" in said
    assert not (tmp_path / "out" / "interview.mkv").exists()


def test_fades_have_no_say(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mkv"), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        for number, light in enumerate(scene(HEIGHT, WIDTH, 20, seed=3)):
            share = min(1.0, number / 10)
            pixels = (tinted(light, "colour", 1) * share + 0.5).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode(None))
    reader = FilmReader(tmp_path / "a.mkv", keep_pictures=True)
    assert {shot.found for shot in find_shots(reader.frames(), reader.info).shots[-1:]} == {"colour"}


def test_chroma_of_more_than_420_is_kept_where_the_codec_has_it(tmp_path: Path) -> None:
    reel(tmp_path / "a.mkv", ["grey"], pix_fmt="yuv422p")
    info = FilmReader(tmp_path / "a.mkv").info
    assert choose("b.mkv", None, None, info).pix_fmt == "yuv420p"
    assert choose("b.mkv", None, None, info, "422").pix_fmt == "yuv422p"
    assert choose("b.mov", "prores", None, info, "444").pix_fmt == "yuv444p10le"
    assert choose("b.webm", "vp9", None, info, "422").pix_fmt == "yuv420p"


def test_room_is_asked_for_again_while_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    watch = SpaceWatch(tmp_path / "film.mkv", 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(total=10, used=0, free=3_000_000))
    assert watch.ask(0, 0) is None
    assert watch.ask(100, 100_000) is None  # 1.9 MB more, of 3 MB
    said = watch.ask(200, 400_000)  # 3.6 MB more
    assert said is not None
    assert said.startswith("about 3.6 MB more will be wanted")
    assert "3.0 MB are free" in said
    assert watch.ask(300, 900_000) is None  # said once
    pictures = SpaceWatch(tmp_path / "%04d.tif", 1000)
    assert pictures.ask(200, 400_000) is None  # 1.6 MB: numbered pictures are not joined


def test_what_is_said_while_running_is_in_the_report(
    tiny: Colorizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SpaceWatch, "ask", lambda self, done, kept: f"asked at {done}" if done == 5 else None)
    reel(tmp_path / "a.mkv", ["grey"])
    said: list[list[str]] = []
    report = colorize_film(
        str(tmp_path / "a.mkv"), str(tmp_path / "b.mkv"), tiny,
        FilmOptions(part_frames=5, every=1, stability=0), begin=said.append,
    )  # fmt: skip
    assert ["asked at 5"] in said
    assert "asked at 5" in report.notes


def test_no_folder_is_left_by_a_film_that_is_refused(tiny: Colorizer, tmp_path: Path) -> None:
    reel(tmp_path / "a.mkv", ["grey"])
    with pytest.raises(OutputError):
        work(tmp_path / "a.mkv", tmp_path / "b.webm", tiny, codec="ffv1", skip_colour=True)
    assert not list(tmp_path.glob(".*"))
