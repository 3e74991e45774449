"""Interlaced film: kept woven by default, taken apart if asked for; telecine recognised."""

from pathlib import Path

import cv2
import numpy as np

from little_films import Array, Recipe, make, read, scene
from tintype.video.deinterlace import combed_share, looks_telecined
from tintype.video.reader import FilmReader


def smooth(count: int) -> list[Array]:
    return [cv2.GaussianBlur(np.ascontiguousarray(f), (0, 0), 1.5) for f in scene(128, 192, count, speed=4)]


def woven(first: Array, second: Array) -> Array:
    made = first.copy()
    made[1::2] = second[1::2]
    return made


def interlaced(path: Path) -> None:
    frames = smooth(24)
    pairs = [woven(frames[i], frames[i + 1]) for i in range(0, 24, 2)]
    make(path, pairs, Recipe(audio=None, options={"x264-params": "tff=1:qp=4"}))


def test_fields_are_kept_by_default_and_taken_apart_if_asked_for(tmp_path: Path, colour) -> None:
    interlaced(tmp_path / "in.mp4")
    kept = colour(tmp_path / "in.mp4", tmp_path / "kept.mkv", codec="ffv1")
    apart = colour(tmp_path / "in.mp4", tmp_path / "apart.mkv", codec="ffv1", deinterlace=True)
    before, same, made = (read(tmp_path / name) for name in ("in.mp4", "kept.mkv", "apart.mkv"))
    assert any("--deinterlace" in note for note in kept.notes)
    assert not any("interlaced" in note for note in apart.notes)
    for old, new in zip(before.planes, same.planes, strict=True):
        np.testing.assert_array_equal(old[0], new[0])
    combed, clean = (np.mean([combed_share(p[0]) for p in film.planes]) for film in (same, made))
    assert combed > 0.02
    assert clean < 0.001
    assert [float(t) for t in made.times] == [float(t) for t in same.times]
    chroma = np.mean([combed_share(planes[1]) for planes in same.planes])
    assert chroma < 0.001, "colours are not combed"


def test_progressive_film_is_left_alone_by_deinterlacing(tmp_path: Path) -> None:
    make(tmp_path / "in.mkv", smooth(6), Recipe("ffv1", audio=None))
    plain, apart = (list(FilmReader(tmp_path / "in.mkv", deinterlace=flag).frames()) for flag in (False, True))
    assert [frame.duration for frame in plain] == [frame.duration for frame in apart]
    for a, b in zip(plain, apart, strict=True):
        assert a.pts == b.pts
        np.testing.assert_array_equal(a.luma, b.luma)


def test_telecine_is_told_from_interlaced_and_from_progressive() -> None:
    frames = [np.rint(frame * 255).astype(np.uint8) for frame in smooth(48)]
    film = []
    for a, b, c, d in zip(*(iter(frames[:24]),) * 4, strict=True):
        film += [a, b, woven(b, c), woven(c, d), d]
    assert looks_telecined([combed_share(frame) for frame in film])
    assert not looks_telecined([combed_share(frame) for frame in frames])
    pairs = [woven(frames[i], frames[i + 1]) for i in range(0, 48, 2)]
    assert not looks_telecined([combed_share(frame) for frame in pairs])


def test_telecine_is_said(tmp_path: Path, colour) -> None:
    frames, film = smooth(16), []
    for a, b, c, d in zip(*(iter(frames),) * 4, strict=True):
        film += [a, b, woven(b, c), woven(c, d), d]
    make(tmp_path / "in.mp4", film, Recipe(audio=None, options={"x264-params": "tff=1:qp=4"}))
    report = colour(tmp_path / "in.mp4", tmp_path / "out.mkv")
    assert any("telecine" in note for note in report.notes)
