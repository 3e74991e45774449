"""Borders of prints and scans: found, left out of what the network sees, and left without colour."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tintype.colorizer.colorizer import Colorizer
from tintype.hints.hint import Hint
from tintype.imaging.borders import Inside, find_inside
from tintype.imaging.color import rgb_to_ycc
from tintype.imaging.embed import embed


def framed(picture: np.ndarray, share: float, level: int, caption: str = "") -> tuple[np.ndarray, Inside]:
    """The picture (H, W) with a margin of that share of its long side, and where it lies."""
    height, width = picture.shape
    margin = round(share * max(height, width))
    made = np.full((height + 2 * margin, width + 2 * margin), level, np.uint8)
    made[margin : margin + height, margin : margin + width] = picture
    if caption:
        image = Image.fromarray(made)
        place = (margin, margin + height + margin // 3)
        ImageDraw.Draw(image).text(place, caption, fill=255 - level, font_size=max(10, margin // 3))
        made = np.asarray(image)
    return made, Inside(margin, margin, margin + height, margin + width)


def grey(path: Path, side: int = 500) -> np.ndarray:
    image = Image.open(path).convert("L")
    image.thumbnail((side, side))
    return np.asarray(image)


@pytest.mark.parametrize(
    ("level", "caption", "share"),
    [
        (250, "", 0.03),
        (250, "", 0.12),
        (8, "", 0.03),
        (8, "", 0.12),
        (235, "Grandmother, summer of 1927", 0.12),
        (12, "36A SAFETY FILM", 0.08),
    ],
)
def test_margins_are_found_to_a_percent(examples: list[Path], level: int, caption: str, share: float) -> None:
    for path in examples[:4]:
        picture = grey(path)
        made, expected = framed(picture, share, level, caption)
        found = find_inside(made)
        assert found is not None, path.name
        slack = 0.01 * max(picture.shape)
        for name in ("top", "left", "bottom", "right"):
            assert abs(getattr(found, name) - getattr(expected, name)) <= slack, (path.name, name)


def test_letterbox_and_pillarbox() -> None:
    rng = np.random.default_rng(3)
    picture = np.asarray(
        Image.fromarray(rng.integers(30, 230, (9, 16), np.uint8)).resize((320, 180), Image.Resampling.BICUBIC)
    )
    letter = np.pad(picture, ((30, 30), (0, 0)), constant_values=16)
    assert find_inside(letter) == Inside(30, 0, 210, 320)
    pillar = np.pad(picture, ((0, 0), (40, 40)), constant_values=0)
    found = find_inside(pillar)
    assert found is not None
    assert (found.top, found.bottom) == (0, 180)
    assert abs(found.left - 40) <= 2


def test_pictures_without_borders_have_none(examples: list[Path]) -> None:
    for path in examples:
        assert find_inside(grey(path)) is None, path.name
    y, x = np.mgrid[0:200, 0:300]
    sky = np.where(y < 60 + 30 * np.sin(x / 40), 250, 60 + x // 4).astype(np.uint8)
    assert find_inside(sky) is None, "a bright sky"
    head = np.where((x - 150) ** 2 + (y - 110) ** 2 < 60**2, 180, 5).astype(np.uint8)
    assert find_inside(head) is None, "a head before black"
    assert find_inside(np.full((100, 100), 255, np.uint8)) is None
    assert find_inside(np.zeros((8, 8), np.uint8)) is None


def test_a_plane_of_the_inside_lies_where_the_inside_is() -> None:
    inside = Inside(20, 30, 100, 150)
    plane = np.random.default_rng(0).random((8, 12, 2)).astype(np.float32)
    whole = embed(plane, inside, 120, 180, fade=True)
    assert whole.shape == (12, 18, 2)
    np.testing.assert_allclose(whole[2:10, 3:15], plane, atol=1e-6)
    assert not whole[:, -1].any()
    assert not whole[0, 0].any()
    assert embed(plane, inside, 120, 180, fade=False)[0, 0].any()


def chroma(rgb: np.ndarray) -> float:
    return float(np.hypot(*np.moveaxis(rgb_to_ycc(rgb.astype(np.float32) / 255)[..., 1:], -1, 0)).mean())


@pytest.mark.parametrize("level", [250, 8])
def test_a_margin_takes_nothing_from_the_colours_inside(examples: list[Path], level: int) -> None:
    colorizer = Colorizer("tint-small", precision="f32", threads=1)
    picture = grey(examples[0], 400)
    plain = np.asarray(colorizer.colorize(picture).rgb())
    made, place = framed(picture, 0.12, level)
    coloured = np.asarray(colorizer.colorize(made).rgb())
    assert chroma(place.of(coloured)) == pytest.approx(chroma(plain), rel=0.03)
    margin = coloured[: place.top - 4]
    assert np.ptp(margin.astype(int), axis=2).max() == 0, "the margin stays grey"


def test_hints_inside_a_border_are_met_and_those_on_it_obeyed(examples: list[Path]) -> None:
    colorizer = Colorizer("tint-small", precision="f32", threads=1)
    picture = grey(examples[0], 300)
    made, place = framed(picture, 0.12, 250)
    opened = colorizer.open(made)
    x, y = place.left + picture.shape[1] // 2, place.top + picture.shape[0] // 2
    green = np.asarray(opened.predict(hints=[Hint(x, y, (40, 140, 60), 30)]).rgb())[y - 3 : y + 3, x - 3 : x + 3]
    assert green[..., 1].mean() > green[..., 0].mean() + 5
    assert opened.predict(hints=[Hint(3, 3, (40, 140, 60))]).width == made.shape[1]


@pytest.mark.parametrize("turned", [False, True])
def test_an_even_gradient_is_no_border(turned: bool) -> None:
    """Whole columns of it leave the level of the edge at once."""
    ramp = np.tile(np.linspace(70, 205, 96).astype(np.uint8), (64, 1))
    assert find_inside(ramp.T if turned else ramp) is None


@pytest.mark.parametrize("sky", [110, 175, 235])
def test_an_even_sky_over_the_sea_is_no_border(sky: int) -> None:
    """A sharp horizon over all of the width; a bar that a program drew is of one level, a sky has grain."""
    rng = np.random.default_rng(0)
    picture = rng.normal(90, 25, (160, 240)).clip(0, 255)
    picture[:50] = sky + rng.normal(0, 2.5, (50, 240))
    assert find_inside(picture.astype(np.uint8)) is None
    picture[:50] = 0
    assert find_inside(picture.astype(np.uint8)) == Inside(50, 0, 160, 240)
