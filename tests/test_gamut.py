"""What fits into sRGB: weakened no more than it must be, luma and hue kept."""

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from color_samples import arrays, corners, some_rgb, unhurried, unit
from tintype.imaging import color, gamut


def hue_gap(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """How far apart two (..., 2) chroma vectors are across their common direction, in their own units."""
    cross = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return np.asarray(np.abs(cross) / np.maximum(np.hypot(first[..., 0], first[..., 1]), 1e-6), dtype=np.float64)


@pytest.mark.parametrize("shape", [(3,), (0, 3), (1, 1, 3), (2, 3, 4, 3)])
def test_any_leading_shape(shape: tuple[int, ...]) -> None:
    rgb = np.full(shape, 0.25)
    lab = color.srgb_to_lab(rgb)
    assert gamut.reduce_chroma_lab(lab).shape == shape
    cb, cr = gamut.chroma_for_luma(color.luma(rgb), lab[..., 1:])
    assert cb.shape == cr.shape == shape[:-1]


@unhurried
@given(arrays(-110, 110), unit)
def test_lab_reduction_keeps_lightness_and_hue(lab: NDArray[np.float32], level: float) -> None:
    lab[..., 0] = 100 * level
    out = gamut.reduce_chroma_lab(lab)
    assert np.all(gamut.in_gamut(color.lab_to_srgb(out)))
    np.testing.assert_array_equal(out[..., 0], lab[..., 0])
    assert np.all(np.hypot(out[..., 1], out[..., 2]) <= np.hypot(lab[..., 1], lab[..., 2]) + 1e-4)
    assert hue_gap(lab[..., 1:], out[..., 1:]).max() < 1e-3
    np.testing.assert_array_equal(gamut.reduce_chroma_lab(out), out)


@unhurried
@given(arrays(0, 1))
def test_lab_reduction_leaves_colours_in_gamut_alone(rgb: NDArray[np.float32]) -> None:
    lab = color.srgb_to_lab(rgb)
    inside = gamut.in_gamut(color.lab_to_srgb(lab))
    np.testing.assert_array_equal(gamut.reduce_chroma_lab(lab)[inside], lab[inside])


def test_lab_reduction_is_as_weak_as_possible() -> None:
    lab = np.array([[60, 100, 0], [40, 0, -90], [90, -80, 0]], dtype=np.float32)
    out = gamut.reduce_chroma_lab(lab)
    more = out * np.array([1, 1.005, 1.005], dtype=np.float32)
    assert np.all(gamut.in_gamut(color.lab_to_srgb(out)))
    assert not np.any(gamut.in_gamut(color.lab_to_srgb(more)))


@unhurried
@given(arrays(-0.5, 0.5), unit)
def test_ycc_reduction_keeps_luma_and_ratio(ycc: NDArray[np.float32], level: float) -> None:
    ycc[..., 0] = level
    cb, cr = gamut.reduce_chroma_ycc(*np.moveaxis(ycc, -1, 0))
    out = np.stack([ycc[..., 0], cb, cr], axis=-1)
    rgb = color.ycc_to_rgb(out)
    assert gamut.in_gamut(rgb, 1e-6).all()
    np.testing.assert_allclose(color.luma(rgb), ycc[..., 0], atol=1e-6)
    assert hue_gap(ycc[..., 1:], out[..., 1:]).max() < 1e-6
    again = gamut.reduce_chroma_ycc(out[..., 0], cb, cr)
    np.testing.assert_allclose(again, (cb, cr), atol=1e-6)


def test_ycc_reduction_worked_example() -> None:
    # y = 0.9, cr = 0.5: red would be 1.601; 0.1 / 0.701 of the way it is exactly 1.
    cb, cr = gamut.reduce_chroma_ycc([0.9, 0.9, 1.0, 0.0, 0.5], [0, 0, 0.1, 0.1, 0.1], [0.5, 0.01, 0, 0, 0.1])
    np.testing.assert_allclose(cr, [0.5 * 0.1 / 0.701, 0.01, 0, 0, 0.1], atol=1e-7)
    np.testing.assert_allclose(cb, [0, 0, 0, 0, 0.1], atol=1e-7)


def test_ycc_reduction_over_many_blocks_and_strides() -> None:
    ycc = np.random.default_rng(3).uniform(-0.5, 0.5, (301, 307, 3)).astype(np.float32)
    ycc[..., 0] += 0.5
    whole = gamut.reduce_chroma_ycc(*np.moveaxis(ycc, -1, 0))
    one_row = gamut.reduce_chroma_ycc(*np.moveaxis(ycc[200], -1, 0))
    np.testing.assert_array_equal(whole[0][200], one_row[0])
    np.testing.assert_array_equal(whole[1][200], one_row[1])


def test_ycc_reduction_refuses_planes_of_different_size() -> None:
    with pytest.raises(ValueError, match=r"\(4, 4\), \(2, 2\).*one size"):
        gamut.reduce_chroma_ycc(np.zeros((4, 4)), np.zeros((2, 2)), np.zeros((2, 2)))


@pytest.mark.parametrize(
    "rgb",
    [some_rgb(20000), some_rgb(20000, 4), 1 - some_rgb(20000, 4), corners()],
    ids=["random", "dark", "light", "corners"],
)
def test_chroma_for_luma_recovers_real_colours(rgb: NDArray[np.float32]) -> None:
    y, ab = color.luma(rgb), color.srgb_to_lab(rgb)[..., 1:]
    cb, cr = gamut.chroma_for_luma(y, ab)
    out = color.ycc_to_rgb(np.stack([y, cb, cr], axis=-1))
    np.testing.assert_allclose(color.luma(out), y, atol=1e-5)
    np.testing.assert_allclose(color.srgb_to_lab(out)[..., 1:], ab, atol=0.1)


@unhurried
@given(arrays(-110, 110, last=2), unit)
def test_chroma_for_luma_is_always_in_gamut(ab: NDArray[np.float32], level: float) -> None:
    y = np.full(ab.shape[:-1], level, np.float32)
    cb, cr = gamut.chroma_for_luma(y, ab)
    rgb = color.ycc_to_rgb(np.stack([y, cb, cr], axis=-1))
    assert gamut.in_gamut(rgb, 1e-5).all()
    np.testing.assert_allclose(color.luma(rgb), y, atol=1e-5)


def test_chroma_for_luma_keeps_the_hue_out_of_gamut() -> None:
    rng = np.random.default_rng(5)
    y = rng.uniform(0.1, 0.95, 5000).astype(np.float32)
    ab = rng.uniform(-60, 60, (5000, 2)).astype(np.float32)
    cb, cr = gamut.chroma_for_luma(y, ab)
    out = color.srgb_to_lab(color.ycc_to_rgb(np.stack([y, cb, cr], axis=-1)))[..., 1:]
    turn = np.degrees(np.abs(np.angle((out @ [1, 1j]) / (ab @ [1, 1j]))))
    assert np.quantile(turn, 0.99) < 3
    assert turn.max() < 10
    assert np.all(np.hypot(*out.T) <= np.hypot(*ab.T) + 0.1)


def test_chroma_for_luma_of_grey_is_zero() -> None:
    y = np.linspace(0, 1, 256)
    cb, cr = gamut.chroma_for_luma(y, np.zeros((256, 2)))
    assert np.abs(cb).max() < 1e-6
    assert np.abs(cr).max() < 1e-6


def test_chroma_for_luma_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"\(4, 5, 2\)"):
        gamut.chroma_for_luma(np.zeros((4, 5)), np.zeros((5, 4, 2)))
