"""Line drawings: white paper, black lines where the picture has edges, and none of the background's if so asked."""

import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pictures import noise
from tintype.data.cache import decode_rgb
from tintype.data.sketch import HIGH, LOW, make_sketch, sketch
from tintype.data.sources import iter_pictures
from tintype.errors import TintypeError


def square(side: int = 64, *, light: int = 230, dark: int = 20) -> np.ndarray:
    """A dark square in the middle of a light picture."""
    picture = np.full((side, side, 3), light, np.uint8)
    picture[side // 4 : -side // 4, side // 4 : -side // 4] = dark
    return picture


def test_lines_are_black_on_white_and_lie_on_the_edges() -> None:
    drawn = sketch(square())
    assert set(np.unique(drawn)) == {0, 255}
    rows, columns = np.nonzero(drawn == 0)
    off = np.minimum.reduce([np.abs(rows - 16), np.abs(rows - 48), np.abs(columns - 16), np.abs(columns - 48)])
    assert off.max() <= 1
    assert 0.8 * 4 * 32 < len(rows) < 1.3 * 4 * 32
    assert sketch(np.full((20, 30, 3), 90, np.uint8)).min() == 255


@pytest.mark.seed("S0-16")
def test_the_thresholds_are_the_seeds() -> None:
    """Sobel's magnitude of a step of d levels is 4 d: more than 50 levels are a line, more than 17 continue one."""
    assert (LOW, HIGH) == (70, 200)

    def lines(upper: int, lower: int, **thresholds: float) -> list[int]:
        """Rows with a line, of the upper and the lower half, for a step of so many levels in each."""
        picture = np.full((40, 40, 3), 100, np.uint8)
        picture[:20, 20:] += upper
        picture[20:, 20:] += lower
        drawn = (sketch(picture, **thresholds) == 0).any(axis=1)
        return [int(drawn[:15].sum()), int(drawn[25:].sum())]

    assert [lines(step, step)[0] for step in (16, 18, 49, 51, 90)] == [0, 0, 0, 15, 15]
    assert [lines(60, step)[1] for step in (16, 18, 49, 51)] == [0, 15, 15, 15]
    assert lines(18, 18, high=70) == [15, 15]


def test_only_light_counts() -> None:
    picture = noise(40, 50, 3, 3)
    grey = np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))
    assert np.mean(sketch(picture) != sketch(grey)) < 0.01


@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99))
def test_every_shape(height: int, width: int, seed: int) -> None:
    drawn = sketch(noise(height, width, seed, 3))
    assert drawn.shape == (height, width)
    assert drawn.dtype == np.uint8
    assert set(np.unique(drawn)) <= {0, 255}


@pytest.mark.seed("S0-17")
def test_a_mask_erases_what_is_outside_and_adds_no_line() -> None:
    picture = square(128)
    picture[4:12, 4:12] = 0  # clutter in a corner
    mask = np.zeros((128, 128), np.uint8)
    mask[28:100, 28:100] = 255
    whole, cut = sketch(picture), sketch(picture, mask)
    assert whole[:20, :20].min() == 0
    assert cut[:20, :20].min() == 255
    np.testing.assert_array_equal(cut[32:96, 32:96], whole[32:96, 32:96])
    assert (cut == 0).sum() < (whole == 0).sum()
    assert not ((cut == 0) & (whole == 255)).any()
    assert sketch(np.full((128, 128, 3), 90, np.uint8), mask).min() == 255, "the mask itself is not drawn"


def test_the_outline_survives_although_the_mask_ends_on_it() -> None:
    picture = square(128)
    mask = np.where(picture[..., 0] < 100, 255, 0).astype(np.uint8)
    np.testing.assert_array_equal(sketch(picture, mask), sketch(picture))


def test_resized_first(examples: list[Path]) -> None:
    """Lines of a drawing made at its size are black; those of one made smaller afterwards are grey."""
    rgb = np.asarray(Image.open(examples[0]).convert("RGB"))
    short = min(rgb.shape[:2])
    drawn = make_sketch(rgb, short // 3)
    assert min(drawn.shape) == short // 3
    assert drawn.shape[1] / drawn.shape[0] == pytest.approx(rgb.shape[1] / rgb.shape[0], rel=0.01)
    assert set(np.unique(drawn)) == {0, 255}
    np.testing.assert_array_equal(make_sketch(rgb), sketch(rgb))
    assert min(make_sketch(rgb, short + 10).shape) == short + 10


@pytest.mark.seed("S0-17")
def test_removing_the_background_of_a_portrait() -> None:
    y, x = np.mgrid[0:160, 0:160] / 80 - 1
    radius = np.hypot(x / 0.5, (y + 0.05) / 0.65)
    head = radius < 1
    bust = (np.abs(x) < 0.7) & (y > 0.6)
    stripes = np.where((np.arange(160) // 8) % 2, 30, 90)[None, :, None] * np.ones((160, 1, 3))
    picture = np.where((head | bust)[..., None], (225, 180, 150), stripes).astype(np.uint8)
    kept, removed = make_sketch(picture), make_sketch(picture, background="remove", method="grabcut")
    far = (radius > 1.25) & (y < 0.4)
    assert (kept[far] == 0).sum() > 500
    assert (removed[far] == 0).sum() < 0.1 * (kept[far] == 0).sum()
    outline = (abs(radius - 1) < 0.04) & (y < 0.4)
    assert (removed[outline] == 0).sum() > 0.95 * (kept[outline] == 0).sum() > 100


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"low": 300}, "0 <= low <= high"),
        ({"low": -1}, "0 <= low <= high"),
        ({"size": 15}, "16 to 8192"),
        ({"size": 9000}, "16 to 8192"),
        ({"background": "remove", "method": "magic"}, "one of auto"),
    ],
)
def test_values_out_of_range(options: dict[str, object], words: str) -> None:
    with pytest.raises(TintypeError, match=words):
        make_sketch(square(), **options)


def test_wrong_arrays() -> None:
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(ValueError, match="rgb must be"):
            sketch(wrong)
    with pytest.raises(ValueError, match="mask must be"):
        sketch(square(), np.zeros((10, 10), np.uint8))


@pytest.mark.skipif("TINTYPE_DATA" not in os.environ, reason="needs the folder that TINTYPE_DATA names")
def test_faces() -> None:
    """Sketches of portraits are mostly paper, yet nearly all have lines; without background they have fewer."""
    shares, fewer = [], []
    for picture in islice(iter_pictures(Path(os.environ["TINTYPE_DATA"]) / "faces.tar"), 40):
        rgb = decode_rgb(picture.data, 128)
        kept, removed = make_sketch(rgb, 128), make_sketch(rgb, 128, "remove", method="grabcut")
        shares.append((kept == 0).mean())
        fewer.append((removed == 0).sum() / max(1, (kept == 0).sum()))
    assert 0.02 < np.median(shares) < 0.2
    assert max(fewer) <= 1
    assert 0.4 < np.mean(fewer) < 0.97
