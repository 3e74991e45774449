"""Colours that a person asks for: read, put on planes, obeyed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_model
from tintype import Colorizer, Hint, TintypeError, WeightsError
from tintype.hints.hint import SCALE, SIDE, ab_of, hint_planes, parse_color, reach_of, read_hints
from tintype.hints.propagate import MANY, GuidanceMaps, distances_from, keep_far, nearness
from tintype.imaging.color import srgb_to_lab
from tintype.network.network import Network


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("120,80,#8b1a2b", Hint(120, 80, (0x8B, 0x1A, 0x2B))),
        (" 12.5 , 8e1 , fff , 3 ", Hint(12.5, 80, (255, 255, 255), 3)),
        ("0,0,#012,0.5", Hint(0, 0, (0x00, 0x11, 0x22), 0.5)),
    ],
)
def test_hints_are_read(text: str, hint: Hint) -> None:
    assert Hint.parse(text) == hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "write it as X,Y,#RRGGBB"),
        ("12,80", "write it as X,Y,#RRGGBB"),
        ("x,80,#fff", "write it as X,Y,#RRGGBB"),
        ("1e,80,#fff", "write it as X,Y,#RRGGBB"),
        ("12,80,red", "colour 'red': write it as #RRGGBB"),
        ("12,80,#ffff", "colour '#ffff'"),
        ("12,80,#fff,0", "radius of a hint is 0.0"),
        ("12,80,#fff,-3", "radius of a hint is -3.0"),
    ],
)
def test_what_is_no_hint_is_refused_with_the_way_to_write_it(text: str, words: str) -> None:
    with pytest.raises(TintypeError) as caught:
        Hint.parse(text)
    assert words in str(caught.value)


def test_impossible_values_are_refused() -> None:
    with pytest.raises(TintypeError, match="0 to 255"):
        Hint(1, 1, (256, 0, 0))
    with pytest.raises(TintypeError, match="pixels of the picture"):
        Hint(float("nan"), 1, (0, 0, 0))


def test_a_file_of_hints(tmp_path: Path) -> None:
    path = tmp_path / "hints.json"
    path.write_text(json.dumps([{"x": 1, "y": 2, "color": "#ff0000"}, {"x": 3, "y": 4, "color": "0f0", "radius": 5}]))
    assert read_hints(path) == [Hint(1, 2, (255, 0, 0)), Hint(3, 4, (0, 255, 0), 5)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not JSON"),
        ('{"x": 1}', "wanted is a list"),
        ('[{"x": 1, "y": 2}]', "'color' is missing"),
        ('[{"x": 1, "y": 2, "colour": "#fff"}]', "'colour' is none of x, y, color, radius, confidence"),
        ('[{"x": "left", "y": 2, "color": "#fff"}]', "x, y, radius and confidence are numbers"),
    ],
)
def test_a_bad_file_of_hints_is_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "hints.json"
    path.write_text(content)
    with pytest.raises(TintypeError) as caught:
        read_hints(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    with pytest.raises(TintypeError, match="cannot be read"):
        read_hints(tmp_path / "missing.json")


SEEN = np.zeros((100, 200), np.float32)  # L* of 50 everywhere


def test_planes_hold_the_colour_around_the_point() -> None:
    red = (200, 30, 40)
    planes = hint_planes([Hint(300, 100, red)], (200, 400), SEEN, (128, 224))
    rows, columns = np.nonzero(planes[2])
    assert (rows.mean(), columns.mean()) == (50, 150)
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == SIDE
    lab = srgb_to_lab(np.array(red, np.float32)[None] / 255)[0]
    np.testing.assert_allclose(planes[:2, 50, 150] * SCALE, lab[1:], rtol=1e-5)
    assert not planes[:, planes[2] == 0].any()


def test_a_colour_too_strong_for_the_light_is_told_with_its_hue() -> None:
    light = SEEN.copy()
    light[:, :100] = -0.9  # L* of 5, where no such red can be shown
    red = (200, 30, 40)
    planes = hint_planes([Hint(100, 100, red), Hint(300, 100, red)], (200, 400), light, (128, 224))
    dark, fair = planes[:2, 50, 50], planes[:2, 50, 150]
    assert 0.05 < np.linalg.norm(dark) / np.linalg.norm(fair) < 0.4
    np.testing.assert_allclose(dark / np.linalg.norm(dark), fair / np.linalg.norm(fair), rtol=1e-4)


def test_a_radius_is_in_pixels_of_the_picture_and_the_last_hint_wins() -> None:
    wide, point = Hint(200, 100, (255, 0, 0), 20), Hint(200, 100, (0, 0, 255), 0.1)
    planes = hint_planes([wide, point], (200, 400), SEEN, (128, 224))
    assert planes[2].sum() == 20 * 20
    assert planes[1, 50, 100] < 0 < planes[1, 45, 95]


def test_hints_at_the_edge_stay_inside_what_the_network_sees() -> None:
    corners = [Hint(x, y, (9, 99, 9)) for x in (0, 399) for y in (0, 199)]
    planes = hint_planes(corners, (200, 400), SEEN, (128, 224))
    assert planes[2].sum() == 4 * SIDE * SIDE
    assert not planes[2, 100:].any()
    assert not planes[2, :, 200:].any()


@pytest.mark.parametrize(("x", "y"), [(-1, 5), (400, 5), (5, 200), (5, -0.5)])
def test_a_hint_outside_the_picture_is_refused(x: float, y: float) -> None:
    with pytest.raises(TintypeError, match="outside the picture of 400 x 200"):
        hint_planes([Hint(x, y, (0, 0, 0))], (200, 400), SEEN, (128, 224))


def test_a_network_that_knows_hints_obeys_where_they_are(tmp_path: Path) -> None:
    colorizer = Colorizer(tiny_model.build(tmp_path / "hinted.onnx", hints="trained"), threads=1)
    luma = np.full((64, 96), 128, np.uint8)
    luma[:, :32] = 230
    opened = colorizer.open(luma)
    plain = opened.predict_ab()
    hinted = opened.predict_ab(hints=[Hint(80, 32, (255, 0, 0))])
    moved = np.abs(hinted - plain).max(2)
    assert moved[6:10, 18:22].max() > 1
    assert moved[:, :5].max() < 0.2
    np.testing.assert_array_equal(opened.predict_ab(), plain)  # asked once, not for ever
    picture = opened.predict(hints=[Hint(80, 32, (255, 0, 0))])
    np.testing.assert_array_equal(picture.luma, opened.photo.luma)
    np.testing.assert_array_equal(colorizer.colorize(luma, hints=[Hint(80, 32, (255, 0, 0))]).rgb(), picture.rgb())


def test_a_network_that_was_not_trained_with_hints_says_so(model_path: Path) -> None:
    with pytest.raises(WeightsError, match="was not trained with hints"):
        Colorizer(model_path, threads=1).colorize(np.full((64, 96), 128, np.uint8), hints=[Hint(1, 1, (1, 2, 3))])


def test_parse_color_takes_what_people_write() -> None:
    assert parse_color("#ABCDEF") == parse_color("abcdef") == (0xAB, 0xCD, 0xEF)


GREY, LIGHT = np.zeros((20, 20, 2), np.float32), np.zeros((20, 20), np.float32)


def test_one_hint_does_not_change_what_is_far_and_different_and_many_may() -> None:
    plain = np.zeros((32, 48, 2), np.float32)
    lightness = np.full((32, 48), -0.6, np.float32)
    lightness[:, 30:] = 0.6
    cast = plain + np.float32(20)  # a network that takes the whole picture for odd
    points = np.array([[16, 5]], np.float32)
    guidance = GuidanceMaps.of(lightness)
    near = nearness(plain, guidance, points, distances_from(guidance, points))
    held = keep_far(plain, cast, near, 1)
    np.testing.assert_allclose(held[16, 5], 20, atol=0.6)
    assert np.abs(held[:, 30:]).max() < 1.5
    np.testing.assert_array_equal(keep_far(plain, cast, near, MANY), cast)


def test_hints_are_met_and_stop_where_things_end() -> None:
    lightness = np.full((32, 48), -0.5, np.float32)
    lightness[:, 24:] = 0.6
    ab = np.zeros((32, 48, 2), np.float32)
    ab[:, 24:] = (0, -20)
    red = Hint(100, 160, (150, 40, 40))
    met = reach_of([red], ab, GuidanceMaps.of(lightness), (320, 480)).meet(ab)
    np.testing.assert_allclose(met[16, 10], ab_of(red), atol=1)
    assert np.linalg.norm(met[16, 14] - ab_of(red)) < 5
    assert np.abs(met[:, 24:] - ab[:, 24:]).max() < 1


def test_a_hint_that_the_network_met_at_its_place_alone_colours_the_whole_thing() -> None:
    lightness = np.full((32, 48), -0.5, np.float32)
    lightness[:, 30:] = 0.6
    plain = np.zeros((32, 48, 2), np.float32)
    red = Hint(100, 160, (150, 40, 40))
    hinted = plain.copy()
    hinted[14:19, 8:13] = ab_of(red)  # a spot, and nothing is missing at the hint itself
    met = reach_of([red], plain, GuidanceMaps.of(lightness), (320, 480)).meet(hinted)
    share = np.linalg.norm(met, axis=2) / np.linalg.norm(ab_of(red))
    assert share[4:28, 2:24].min() > 0.7
    assert share.max() < 1.2  # nothing is added twice
    assert share[:, 32:].max() < 0.1


def test_hints_that_contradict_each_other_meet_in_the_middle() -> None:
    hints = [Hint(50, 50, (200, 60, 60)), Hint(50, 50, (60, 60, 200))]
    met = reach_of(hints, GREY, GuidanceMaps.of(LIGHT), (100, 100)).meet(GREY)
    middle = np.mean([ab_of(hint) for hint in hints], axis=0)
    np.testing.assert_allclose(met[10, 10], middle, atol=3)
    assert np.abs(met).max() < 100


def test_an_unsure_hint_leaves_the_network_its_say() -> None:
    def moved(confidence: float) -> float:
        hint = Hint(50, 50, (200, 60, 60), confidence=confidence)
        answer = reach_of([hint], GREY, GuidanceMaps.of(LIGHT), (100, 100)).meet(GREY)
        return float(np.linalg.norm(answer[10, 10]) / np.linalg.norm(ab_of(hint)))

    assert moved(1) > 0.95
    assert 0.2 < moved(0.5) < 0.3
    with pytest.raises(TintypeError, match="confidence of a hint is 0"):
        moved(0)


def test_clicks_and_moved_hints_never_run_the_encoder_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.random.default_rng(0).integers(40, 220, (64, 96)).astype(np.uint8)
    opened = Colorizer(tiny_model.build(tmp_path / "h.onnx", hints="trained"), threads=1).open(grey)
    ran: list[str] = []
    for name in ("encode", "run"):
        method = getattr(Network, name)

        def noted(*given: Any, name: str = name, method: Any = method, **options: Any) -> Any:
            ran.append(name)
            return method(*given, **options)

        monkeypatch.setattr(Network, name, noted)
    for x in (8, 40, 80):
        assert opened.suggest(x, 30)
    assert ran == ["encode"]
    for x in (8, 40, 80):
        opened.predict_ab(hints=[Hint(x, 30, (200, 30, 30))])
    assert ran == ["encode", "run"]  # once the prediction without hints, which hints are laid over


def test_a_draft_meets_the_hints_without_asking_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = np.tile(np.linspace(60, 200, 96).astype(np.uint8), (64, 1))
    hints = [Hint(20, 30, (180, 60, 50)), Hint(22, 34, (180, 60, 50))]
    with Colorizer(threads=1) as colorizer:
        opened = colorizer.open(photo)
        answer = opened.predict(hints=hints)
        opened = colorizer.open(photo)
        opened.prepare()
        with monkeypatch.context() as patch:
            patch.setattr(Network, "decode", lambda *_, **__: pytest.fail("the network was asked"))
            draft = opened.predict(hints=hints, draft=True)
            with pytest.raises(TintypeError, match="outside the picture"):
                opened.predict(hints=[Hint(96, 0, (180, 60, 50))], draft=True)
        at_the_hint = [photo.rgb()[30, 20].astype(int) for photo in (answer, draft)]
        assert np.abs(at_the_hint[0] - at_the_hint[1]).max() < 12
        np.testing.assert_array_equal(opened.predict(hints=hints).rgb(), answer.rgb())  # the draft is not kept for it
        np.testing.assert_array_equal(opened.predict(hints=hints, draft=True).rgb(), answer.rgb())  # known: no draft
