"""The distance against theory and against plain formulas; FID's network against what its own file says of it."""

import numpy as np
import pytest
import scipy.linalg
import torch
from torch.nn import functional as F

import training_pictures
from tintype.data.sources import iter_pictures
from tintype.errors import WeightsError
from tintype.evaluation.fid import distance_of_halves, frechet_distance, load_fid_network
from tintype.models.inception import FEATURES, Inception, Layer, resize_as_tensorflow
from tintype.photo import Photo

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
def test_the_published_network_meets_the_statistics_it_was_trained_on(tmp_path: object) -> None:
    """Each batch norm says what mean its input had on ImageNet: a wrong stride, pool or order would miss it."""
    try:
        network = load_fid_network()
    except WeightsError as error:
        pytest.skip(str(error))
    means: dict[str, list[torch.Tensor]] = {}

    def watch(name: str):  # type: ignore[no-untyped-def]
        def hook(layer: Layer, given: tuple[torch.Tensor]) -> None:
            answer = F.conv2d(given[0], layer.weight, stride=layer.stride, padding=layer.padding)
            means.setdefault(name, []).append(answer.mean((0, 2, 3)))

        return hook

    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, Layer)}
    for name, layer in layers.items():
        layer.register_forward_pre_hook(watch(name))
    folder = training_pictures.write_tiles(tmp_path / "tiles", side=224, per_picture=2)  # type: ignore[operator]
    with torch.inference_mode():
        for picture in iter_pictures(folder):
            rgb = torch.from_numpy(Photo.read(picture.data).rgb().copy()).permute(2, 0, 1)[None] / 255
            features = network(rgb)
    assert len(layers) == 94
    off = {
        name: float(((torch.stack(means[name]).mean(0) - layer.mean) / layer.var.sqrt()).abs().mean())
        for name, layer in layers.items()
    }
    assert np.median(list(off.values())) < 0.3
    assert max(off.values()) < 0.8
    assert 0.15 < float(features.mean()) < 0.6
