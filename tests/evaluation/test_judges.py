"""The networks together on made-up pictures with random weights, and the classifier with its own."""

import numpy as np
import pytest
import torch

from tintype.errors import MissingExtra
from tintype.evaluation.judges import LONGEST, SHORTEST, SIDE, Networks, PerceptualMetrics, fitted
from tintype.evaluation.lpips import LPIPS
from tintype.models.encoders import ENCODERS
from tintype.perceptual.alexnet import AlexNet
from tintype.perceptual.classifier import LiteClassifier, load_classifier, square
from tintype.perceptual.inception import Inception
from tintype.perceptual.vgg import VGG16

CPU = torch.device("cpu")


def drawn_networks(inception: bool = True) -> Networks:
    torch.manual_seed(1)
    alex = LPIPS(AlexNet(), [torch.rand(width) for width in (64, 192, 384, 256, 256)])
    vgg = LPIPS(VGG16(), [torch.rand(width) for width in (64, 128, 256, 512, 512)])
    classifier = LiteClassifier(ENCODERS["efficientnet-lite0"])
    return Networks(alex, vgg, classifier, Inception() if inception else None, None if inception else "none here")


def test_the_truth_agrees_with_itself() -> None:
    draw = np.random.default_rng(3)
    truth, other = draw.integers(0, 256, (2, 70, 90, 3), dtype=np.uint8)
    judgements = PerceptualMetrics(drawn_networks())([other, truth, truth])
    for same in judgements[1:]:
        assert (same.lpips_alex, same.lpips_vgg) == pytest.approx((0, 0), abs=1e-6)
        assert (same.same_class, same.class_probability) == (1, 0)
    assert judgements[0].lpips_alex > 0 < judgements[0].lpips_vgg
    assert judgements[0].features is not None
    assert judgements[0].features.shape == (2048,)


def test_without_the_network_of_fid_the_rest_works() -> None:
    picture = np.full((64, 64, 3), 90, np.uint8)
    assert PerceptualMetrics(drawn_networks(inception=False))([picture])[0].features is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [((100, 140), (100, 140)), ((512, 1024), (256, 512)), ((40, 100), (64, 100)), ((300, 9000), (SIDE, LONGEST))],
)
def test_pictures_are_brought_within_limits(given: tuple[int, int], expected: tuple[int, int]) -> None:
    got = fitted(np.full((2, *given, 3), 51, np.uint8), CPU)
    assert tuple(got.shape) == (2, 3, *expected)
    assert min(got.shape[2:]) >= SHORTEST
    torch.testing.assert_close(got, torch.full_like(got, 0.2))


def test_the_middle_square() -> None:
    rgb = torch.zeros(1, 3, 100, 300)
    rgb[..., 100:200] = 1
    assert square(rgb).shape == (1, 3, 224, 224)
    assert float(square(rgb)[..., 8:-8].min()) == pytest.approx(1, abs=1e-3)


def test_the_classifier_knows_a_cat() -> None:
    try:
        classifier = load_classifier(ENCODERS["efficientnet-lite0"])
    except MissingExtra as error:
        pytest.skip(str(error))
    import skimage.data

    cat = skimage.data.chelsea()
    with torch.inference_mode():
        best = classifier(square(fitted(cat[None].copy(), CPU))).softmax(1)[0].topk(3)
    # ImageNet's classes 281 to 285 are the cats of houses: tabby, tiger, Persian, Siamese, Egyptian.
    assert int(best.indices[0]) in range(281, 286)
    assert float(best.values[0]) > 0.2
