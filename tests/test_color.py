"""Colour against scikit-image, hand-worked values and the published CIEDE2000 pairs, and its properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from skimage import color as reference

from color_samples import arrays, corners, some_rgb, unhurried
from tintype.imaging import color

# --- conversions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rgb", [some_rgb(), some_rgb(power=5), corners()], ids=["random", "dark", "corners"])
@pytest.mark.seed("S1-01")
def test_lab_agrees_with_scikit_image(rgb: NDArray[np.float32]) -> None:
    lab = color.srgb_to_lab(rgb)
    assert lab.dtype == np.float32
    # scikit-image rounds the matrix and the white point to a few digits; hence the two hundredths.
    np.testing.assert_allclose(lab, reference.rgb2lab(rgb.astype(np.float64)), atol=0.02)
    inside = reference.lab2rgb(lab.astype(np.float64))
    np.testing.assert_allclose(color.lab_to_srgb(lab), inside, atol=2e-3)


def test_lab_of_known_colours() -> None:
    known = {
        (1, 1, 1): (100, 0, 0),
        (0, 0, 0): (0, 0, 0),
        (1, 0, 0): (53.24, 80.09, 67.20),
        (0, 1, 0): (87.73, -86.18, 83.18),
        (0, 0, 1): (32.30, 79.19, -107.86),
    }
    np.testing.assert_allclose(color.srgb_to_lab(list(known)), list(known.values()), atol=0.03)


def test_greys_are_exactly_neutral() -> None:
    greys = np.repeat(np.linspace(0, 1, 256)[:, None], 3, axis=1)
    lab = color.srgb_to_lab(greys)
    assert np.abs(lab[:, 1:]).max() < 1e-3
    np.testing.assert_allclose(lab[:, 0], color.lightness_from_luma(greys[:, 0]), atol=1e-3)
    assert np.all(np.diff(lab[:, 0]) > 0)


def test_transfer_curve_known_values() -> None:
    np.testing.assert_allclose(color.srgb_to_linear([0, 0.04045, 0.5, 1]), [0, 0.0031308, 0.2140411, 1], atol=1e-6)
    assert color.lightness_from_luma(0.5) == pytest.approx(53.389, abs=1e-3)
    assert color.srgb_to_linear(0.5).shape == ()


@unhurried
@given(st.floats(-3, 3, width=32))
def test_transfer_curve_is_odd_and_invertible(value: float) -> None:
    assert color.srgb_to_linear(-value) == -color.srgb_to_linear(value)
    assert color.linear_to_srgb(color.srgb_to_linear(value)) == pytest.approx(value, abs=1e-5)


@unhurried
@given(arrays(-0.5, 1.5))
def test_lab_round_trip_also_out_of_range(rgb: NDArray[np.float32]) -> None:
    # Near black the encoding is steep: a float32 rounding of L* is worth more there.
    np.testing.assert_allclose(color.lab_to_srgb(color.srgb_to_lab(rgb)), rgb, atol=5e-4)


@unhurried
@given(arrays(-1, 2))
def test_ycc_round_trip(rgb: NDArray[np.float32]) -> None:
    ycc = color.rgb_to_ycc(rgb)
    np.testing.assert_allclose(color.ycc_to_rgb(ycc), rgb, atol=1e-6)
    np.testing.assert_allclose(ycc[..., 0], color.luma(rgb), atol=0)


def test_ycc_of_known_colours() -> None:
    ycc = color.rgb_to_ycc([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
    expected = [
        (0.299, -0.168736, 0.5),
        (0.587, -0.331264, -0.418688),
        (0.114, 0.5, -0.081312),
        (1, 0, 0),
    ]
    np.testing.assert_allclose(ycc, expected, atol=1e-6)


def test_channels_must_come_last() -> None:
    with pytest.raises(ValueError, match=r"\(3, 8, 9\).*channels last"):
        color.srgb_to_lab(np.zeros((3, 8, 9)))


@pytest.mark.parametrize("shape", [(3,), (0, 3), (1, 1, 3), (2, 3, 4, 3)])
def test_any_leading_shape(shape: tuple[int, ...]) -> None:
    rgb = np.full(shape, 0.25)
    lab = color.srgb_to_lab(rgb)
    assert lab.shape == shape
    assert color.lab_to_srgb(lab).shape == shape
    assert color.luma(rgb).shape == shape[:-1]
    assert color.ciede2000(lab, lab).shape == shape[:-1]


# --- differences and colourfulness ------------------------------------------------------------------------

SHARMA_2005 = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
    ((50, 2.8361, -74.0200), (50, 0, -82.7485), 3.4412),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
    ((50, -1.1848, -84.8006), (50, 0, -82.7485), 1.0000),
    ((50, -0.9009, -85.5211), (50, 0, -82.7485), 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0009), 7.1792),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0010), 7.1792),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0011), 7.2195),
    ((50, 2.4900, -0.0010), (50, -2.4900, 0.0012), 7.2195),
    ((50, -0.0010, 2.4900), (50, 0.0009, -2.4900), 4.8045),
    ((50, -0.0010, 2.4900), (50, 0.0010, -2.4900), 4.8045),
    ((50, -0.0010, 2.4900), (50, 0.0011, -2.4900), 4.7461),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((50, 2.5, 0), (61, -5, 29), 22.8977),
    ((50, 2.5, 0), (56, -27, -3), 31.9030),
    ((50, 2.5, 0), (58, 24, 15), 19.4535),
    ((50, 2.5, 0), (50, 3.1736, 0.5854), 1.0000),
    ((50, 2.5, 0), (50, 3.2972, 0), 1.0000),
    ((50, 2.5, 0), (50, 1.8634, 0.5757), 1.0000),
    ((50, 2.5, 0), (50, 3.2592, 0.3350), 1.0000),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((61.2901, 3.7196, -5.3901), (61.4292, 2.2480, -4.9620), 1.8731),
    ((35.0831, -44.1164, 3.7933), (35.0232, -40.0716, 1.5901), 1.8645),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((36.4612, 47.8580, 18.3852), (36.2715, 50.5065, 21.2231), 1.4146),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((90.9257, -0.5406, -0.9208), (88.6381, -0.8985, -0.7239), 1.5381),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def test_ciede2000_published_pairs() -> None:
    first, second, expected = (np.array(column) for column in zip(*SHARMA_2005, strict=True))
    np.testing.assert_allclose(color.ciede2000(first, second), expected, atol=2e-4)
    np.testing.assert_allclose(color.ciede2000(second, first), expected, atol=2e-4)


def test_ciede2000_agrees_with_scikit_image() -> None:
    rng = np.random.default_rng(11)
    low, high = (0, -100, -100), (100, 100, 100)
    first, second = rng.uniform(low, high, (2, 5000, 3)).astype(np.float32)
    near = first + rng.normal(0, 1, first.shape).astype(np.float32)
    for other in (second, near, first * np.float32([1, 0, 0])):
        expected = reference.deltaE_ciede2000(first.astype(np.float64), other.astype(np.float64))
        np.testing.assert_allclose(color.ciede2000(first, other), expected, atol=2e-3)


@unhurried
@given(arrays(-100, 100))
def test_ciede2000_of_itself_is_zero(lab: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(color.ciede2000(lab, lab), 0)


def test_colorfulness_by_hand() -> None:
    red, green, black = (255, 0, 0), (0, 255, 0), (0, 0, 0)
    # R - G is 255, 0 and (R + G) / 2 - B is 127.5, 0: means and deviations are 127.5 and 63.75.
    assert color.colorfulness([red, black]) == pytest.approx(1.3 * np.hypot(127.5, 63.75))
    assert color.colorfulness_abs([red, black]) == pytest.approx(1.3 * np.hypot(127.5, 63.75))
    # R - G is 255, -255: it only spreads; its absolute value only has a mean.
    assert color.colorfulness([red, green]) == pytest.approx(255 + 0.3 * 127.5)
    assert color.colorfulness_abs([red, green]) == pytest.approx(0.3 * np.hypot(255, 127.5))


@unhurried
@given(hnp.arrays(np.uint8, (5, 7)))
def test_colorfulness_of_grey_is_zero(grey: NDArray[np.uint8]) -> None:
    rgb = np.repeat(grey[..., None], 3, axis=2)
    assert color.colorfulness(rgb) == 0
    assert color.colorfulness_abs(rgb) == 0


def test_colorfulness_needs_a_pixel() -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        color.colorfulness(np.zeros((0, 4, 3)))
