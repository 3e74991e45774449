"""The distance against theory and against plain formulas; FID's network against the program in its file."""

import numpy as np
import pytest
import scipy.linalg
import skimage.data
import torch

from tintype.errors import WeightsError
from tintype.evaluation.fid import (
    _weighted_distance,
    distance_of_halves,
    frechet_distance,
    load_fid_network,
    paired_distance,
)
from tintype.perceptual.inception import FEATURES, SIDE, Inception, resize_as_tensorflow
from tintype.perceptual.package_files import package_file
from tintype.perceptual.published_weights import INCEPTION

DRAW = np.random.default_rng(7)


def plain(first: np.ndarray, second: np.ndarray) -> float:
    """The definition, word for word."""
    gap = first.mean(0) - second.mean(0)
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    return float(gap @ gap + np.trace(one + other - 2 * scipy.linalg.sqrtm(one @ other).real))


def test_the_distance_is_the_definition() -> None:
    first, second = DRAW.normal(0, 1, (300, 12)), DRAW.normal(0.3, 1.5, (200, 12)) @ DRAW.normal(0, 0.5, (12, 12))
    assert frechet_distance(first, second) == pytest.approx(plain(first, second), rel=1e-6)


def test_a_shift_costs_its_square() -> None:
    first = DRAW.normal(0, 1, (60, 5))
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(first + np.array([3, 0, 0, 4, 0]), first) == pytest.approx(25, rel=1e-6)


def test_few_pictures_of_many_features_lose_nothing_by_turning_the_axes() -> None:
    first, second = DRAW.normal(0, 1, (30, 90)), DRAW.normal(0.2, 1, (25, 90))
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    gap = first.mean(0) - second.mean(0)
    centred = (first - first.mean(0)) / np.sqrt(29), (second - second.mean(0)) / np.sqrt(24)
    cross = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    expected = gap @ gap + np.trace(one) + np.trace(other) - 2 * cross
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-4)


def test_pictures_may_count_more_than_once() -> None:
    first, second = DRAW.normal(0, 1, (40, 9)).astype("f4"), DRAW.normal(0.5, 2, (40, 9)).astype("f4")
    once = _weighted_distance(first, second, np.ones(40, np.int64))
    assert once == pytest.approx(frechet_distance(first, second), rel=1e-4)
    counts = DRAW.integers(0, 3, 40)
    repeated = frechet_distance(first.repeat(counts, 0), second.repeat(counts, 0))
    assert _weighted_distance(first, second, counts) == pytest.approx(repeated, rel=1e-4)


@pytest.mark.parametrize("pictures", [120, 600])
def test_the_interval_is_as_wide_as_luck(pictures: int) -> None:
    """Compared with how far figures of independent sets of pictures, each with its colouring, really spread."""

    def drawn() -> tuple[np.ndarray, np.ndarray]:
        truth = DRAW.normal(0, 1, (pictures, 6))
        return (truth * 0.7 + DRAW.normal(0.4, 0.4, truth.shape)).astype("f4"), truth.astype("f4")

    spread = np.std([frechet_distance(*drawn()) for _ in range(60)])
    estimates = [paired_distance(*drawn()) for _ in range(4)]
    for estimate in estimates:
        assert estimate.value - estimate.low == pytest.approx(estimate.high - estimate.value)
    reach = np.mean([estimate.high - estimate.value for estimate in estimates])
    assert 0.75 < reach / (1.96 * spread) < 1.5


def test_halves_of_one_set_differ_less_the_larger_it_is() -> None:
    small, large = DRAW.normal(0, 1, (40, 10)), DRAW.normal(0, 1, (4000, 10))
    assert distance_of_halves(small) > 10 * distance_of_halves(large)


def test_tensorflow_reads_pixels_from_the_upper_left() -> None:
    x = torch.arange(12.0).view(1, 1, 3, 4)
    assert torch.equal(resize_as_tensorflow(x, 4)[0, 0, 0], x[0, 0, 0])
    up = resize_as_tensorflow(x, 8)[0, 0, 0]
    torch.testing.assert_close(up, torch.tensor([0, 0.5, 1, 1.5, 2, 2.5, 3, 3]))
    torch.testing.assert_close(resize_as_tensorflow(x, 2)[0, 0], torch.tensor([[0.0, 2], [6, 8]]))


def test_any_picture_gives_2048_features_and_none_is_negative() -> None:
    torch.manual_seed(0)
    network = Inception().eval()
    with torch.inference_mode():
        features = network(torch.rand(2, 3, 50, 91))
    assert features.shape == (2, FEATURES)
    assert (features >= 0).all()
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.slow
def test_features_are_those_of_the_published_program() -> None:
    """The file holds the network as a program, too: it is run here, and only here, once its hash is right."""
    try:
        network = load_fid_network().eval()
    except WeightsError as error:
        pytest.skip(str(error))
    published = torch.jit.load(package_file(INCEPTION, "default_1.pt")).eval()
    for picture in (skimage.data.coffee(), skimage.data.astronaut()[:, 60:400]):
        rgb = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None] / 255
        with torch.inference_mode():
            expected = published(resize_as_tensorflow(rgb, SIDE) * (255 / 128) - 1).flatten(1)
            torch.testing.assert_close(network(rgb), expected, rtol=1e-4, atol=1e-5)
