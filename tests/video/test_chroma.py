"""Chroma planes against the exact colour science they stand for."""

import cv2
import numpy as np
import pytest

from tintype.imaging.gamut import chroma_for_luma
from tintype.video.chroma import ChromaMaker, shrink
from tintype.video.levels import Signal, known_matrix


def colours(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    luma = rng.integers(40, 216, (48, 64), dtype=np.uint8)
    return luma, rng.uniform(-35, 35, (48, 64, 2)).astype(np.float32)


def test_eight_bits_agree_with_the_exact_solution() -> None:
    luma, ab = colours()
    made = ChromaMaker(Signal(8, True, 6, 1, 1), 8).planes(luma, ab, 64, 48)
    exact = chroma_for_luma(luma / 255.0, ab)
    for plane, wanted in zip(made, exact, strict=True):
        off = np.abs(plane.astype(np.float64) - 128 - wanted * 255)
        assert np.median(off) < 0.6
        assert np.percentile(off, 95) < 2.5


def test_ten_bits_are_finer_than_eight() -> None:
    luma, ab = colours(1)
    deep = (luma.astype(np.uint16) << 2) + (luma >> 6)
    eight = ChromaMaker(Signal(8, True, 6, 1, 1), 8).planes(luma, ab, 64, 48)
    ten = ChromaMaker(Signal(10, True, 6, 1, 1), 10).planes(deep, ab, 64, 48)
    for a, b in zip(eight, ten, strict=True):
        assert b.dtype == np.uint16
        assert np.abs(a - b / 1023 * 255).mean() < 0.6
        assert np.unique(b & 3).size == 4


@pytest.mark.parametrize("depth", [8, 10, 12])
@pytest.mark.parametrize("full", [False, True])
def test_no_colour_is_exactly_neutral(depth: int, full: bool) -> None:
    luma = np.linspace(0, (1 << depth) - 1, 64 * 48).reshape(48, 64).astype(np.uint8 if depth == 8 else np.uint16)
    made = ChromaMaker(Signal(depth, full, 1, 1, 1), depth).planes(luma, np.zeros((4, 4, 2), np.float32), 32, 24)
    for plane in made:
        assert (plane == 1 << (depth - 1)).all()


def test_black_and_white_take_no_colour() -> None:
    luma = np.repeat(np.array([[16, 235]], np.uint8), 8, axis=0).repeat(8, axis=1)
    cb, cr = ChromaMaker(Signal(8, False, 1, 1, 1), 8).planes(luma, np.full((2, 2, 2), 80, np.float32), 16, 8)
    assert np.abs(cb.astype(int) - 128).max() <= 1
    assert np.abs(cr.astype(int) - 128).max() <= 1


def test_matrices() -> None:
    assert Signal(8, False, 1, 1, 1).weights == (0.2126, 0.0722)
    assert (known_matrix(2, 720), known_matrix(2, 576), known_matrix(9, 100)) == (1, 6, 9)


def test_limited_range_is_spread() -> None:
    for depth in (8, 10):
        scale = 1 << (depth - 8)
        plane = np.array([[0, 16 * scale, 235 * scale, 255 * scale]], np.uint16 if depth > 8 else np.uint8)
        assert Signal(depth, False, 1, 1, 1).to_full8(plane).tolist() == [[0, 0, 255, 255]]
    assert shrink(np.zeros((8, 8), np.uint16), 4, 2).shape == (2, 4)


def test_shrinking_in_two_steps_gives_the_same_means() -> None:
    rng = np.random.default_rng(0)
    luma = cv2.resize(rng.integers(0, 256, (24, 40), np.uint8), (640, 360), interpolation=cv2.INTER_CUBIC)
    small = shrink(luma, 256, 144)
    direct = cv2.resize(luma.astype(np.float32), (256, 144), interpolation=cv2.INTER_AREA)
    assert small.shape == (144, 256)
    assert np.abs(small - direct).max() < 4
    assert np.abs(small - direct).mean() < 1
