"""Measures of pictures whose figures are known by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from skimage import color as reference
from skimage.metrics import peak_signal_noise_ratio

from tintype.evaluation import measure, psnr
from tintype.imaging import color


def filled(*rgb: int, height: int = 3, width: int = 5) -> NDArray[np.uint8]:
    return np.full((height, width, 3), rgb, np.uint8)


def test_psnr_by_hand() -> None:
    # One channel of three is off by 30: the mean square is 300, and 10 log10(65025 / 300) is 23.36.
    assert psnr(filled(100, 100, 130), filled(100, 100, 100)) == pytest.approx(23.3596, abs=1e-4)
    assert psnr(filled(0, 0, 0), filled(255, 255, 255)) == 0


def test_psnr_of_equal_pictures_is_bounded_by_rounding() -> None:
    picture = filled(1, 2, 3)
    assert psnr(picture, picture) == pytest.approx(10 * np.log10(255**2 * 12))


def test_psnr_of_large_errors_does_not_overflow() -> None:
    assert psnr(filled(0, 0, 0, height=300, width=401), filled(255, 255, 255, height=300, width=401)) == 0


def test_red_against_its_grey() -> None:
    figures = measure(filled(76, 76, 76), filled(255, 0, 0))
    grey, red = color.srgb_to_lab([[76 / 255] * 3, [1, 0, 0]])
    assert figures.ciede2000 == pytest.approx(float(color.ciede2000(grey, red)), rel=1e-6)
    assert figures.colorfulness == figures.colorfulness_abs == 0
    assert figures.mean_chroma == pytest.approx(0, abs=1e-3)
    assert measure(filled(255, 0, 0), filled(255, 0, 0)).mean_chroma == pytest.approx(104.55, abs=0.05)


def test_a_picture_of_two_colours() -> None:
    picture = np.concatenate([filled(255, 0, 0), filled(0, 255, 0)])
    figures = measure(picture, picture)
    assert figures.ciede2000 == 0
    assert figures.colorfulness == pytest.approx(255 + 0.3 * 127.5)
    assert figures.colorfulness_abs == pytest.approx(0.3 * np.hypot(255, 127.5))


def test_many_strips_agree_with_scikit_image() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 256, (2, 150, 301, 3), dtype=np.uint8)
    figures = measure(first, second)
    lab, other = reference.rgb2lab(first), reference.rgb2lab(second)
    assert figures.ciede2000 == pytest.approx(reference.deltaE_ciede2000(lab, other).mean(), abs=5e-3)
    assert figures.mean_chroma == pytest.approx(np.hypot(lab[..., 1], lab[..., 2]).mean(), abs=5e-3)
    assert figures.psnr == pytest.approx(peak_signal_noise_ratio(second, first), abs=1e-9)
    assert figures.psnr == psnr(first, second)


@settings(deadline=None, max_examples=40)
@given(hnp.arrays(np.uint8, (2, 4, 3, 3)))
def test_differences_are_symmetric_and_never_negative(pair: NDArray[np.uint8]) -> None:
    there, back = measure(pair[0], pair[1]), measure(pair[1], pair[0])
    assert there.psnr == back.psnr
    assert 0 <= there.psnr < 59
    assert there.ciede2000 == pytest.approx(back.ciede2000, abs=1e-3)
    assert there.ciede2000 >= 0


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (filled(1, 2, 3), filled(1, 2, 3, width=6), "of one size"),
        (np.zeros((0, 5, 3), np.uint8), np.zeros((0, 5, 3), np.uint8), "of one size"),
        (np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.uint8), r"\(H, W, 3\)"),
        (np.zeros((4, 5, 3)), np.zeros((4, 5, 3)), "uint8"),
    ],
    ids=["sizes", "empty", "grey", "floats"],
)
def test_other_pictures_are_refused(first: NDArray[np.uint8], second: NDArray[np.uint8], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        measure(first, second)
