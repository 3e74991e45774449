"""Skin that is found, put into its group, and measured there."""

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tintype import Photo
from tintype.imaging import color

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))  # behind tests/, which has a `server` of its own
from skin import GROUPS, by_group, group_of, measure_skin, skin_mask, typology_angle

# Colours of skin from light to dark, L*, a*, b*, near the middle of each group's published range.
SKINS = {
    "very light": (72, 8, 13),
    "light": (68, 10, 16),
    "intermediate": (62, 12, 17),
    "tan": (56, 13, 18),
    "brown": (46, 14, 18),
    "dark": (33, 12, 14),
}


def rgb_of(lab: tuple[float, float, float]) -> NDArray[np.uint8]:
    return np.round(color.lab_to_srgb(np.array(lab, np.float32)[None]).clip(0, 1) * 255).astype(np.uint8)[0]


def portrait(lab: tuple[float, float, float], behind: tuple[float, float, float] = (60, -10, -25)) -> Photo:
    """A face of one colour before a wall of another."""
    pixels = np.empty((120, 100, 3), np.uint8)
    pixels[:] = rgb_of(behind)
    y, x = np.mgrid[:120, :100]
    pixels[((x - 50) / 30) ** 2 + ((y - 60) / 42) ** 2 < 1] = rgb_of(lab)
    return Photo.read(pixels)


@pytest.mark.seed("S0-21")
@pytest.mark.parametrize("group", SKINS)
def test_skin_is_found_and_put_into_its_group(group: str) -> None:
    truth = portrait(SKINS[group])
    mask = skin_mask(truth)
    assert mask[60, 50]
    assert mask.sum() == pytest.approx(np.pi * 30 * 42, rel=0.05)
    measured = measure_skin(truth, truth)
    assert measured is not None
    assert measured.group == group
    assert (measured.ciede2000, measured.chroma) == (0, 0)
    assert measured.ciede2000_grey > 4


def test_errors_have_a_size_and_a_direction() -> None:
    lightness, a, b = SKINS["tan"]
    truth, redder = portrait(SKINS["tan"]), portrait((lightness, a + 8, b))
    measured = measure_skin(truth, redder)
    assert measured is not None
    assert measured.a == pytest.approx(8, abs=0.7)
    assert abs(measured.b) < 0.7
    assert 4 < measured.ciede2000 < 8
    assert measured.chroma > 4
    grey = measure_skin(truth, truth.grey())
    assert grey is not None
    assert grey.ciede2000 == pytest.approx(grey.ciede2000_grey)
    assert grey.chroma == pytest.approx(-np.hypot(a, b), abs=1)


@pytest.mark.seed("S0-21")
def test_groups_are_measured_by_themselves() -> None:
    def browned(photo: Photo) -> Photo:
        """A model that gives every face the skin of its favourite."""
        pixels = photo.rgb().copy()
        pixels[skin_mask(photo)] = rgb_of(SKINS["light"])
        return Photo.read(pixels)

    portraits = [portrait(SKINS[group]) for group in ("dark", "light", "dark")]
    measured = [measure_skin(truth, browned(truth)) for truth in portraits]
    groups = by_group([one for one in measured if one])
    assert list(groups) == ["light", "dark"]
    assert [len(found) for found in groups.values()] == [1, 2]
    assert groups["light"][0].ciede2000 < 1 < groups["dark"][0].ciede2000


def test_the_angle_is_that_of_the_formula() -> None:
    pixels = np.repeat(rgb_of((70, 8, 20))[None], 9, 0)
    assert typology_angle(pixels) == pytest.approx(np.degrees(np.arctan(20 / 20)), abs=1.5)
    assert [group_of(angle) for angle in (90, 55, 41, 28, 10, -30, -90)] == [
        "very light",
        *("light", "intermediate", "tan", "brown"),
        *("dark", "dark"),
    ]
    assert len(GROUPS) == len(SKINS)


def test_what_shows_no_skin_is_left_out() -> None:
    leaf = portrait((55, -40, 40))
    assert not skin_mask(leaf).any()
    assert measure_skin(leaf, leaf) is None
