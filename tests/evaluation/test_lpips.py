"""LPIPS: the mathematics with networks of random weights, and published figures with the published ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchmetrics
from torch import Tensor

from tintype.errors import WeightsError
from tintype.evaluation.lpips import LPIPS, load_lpips
from tintype.perceptual.alexnet import AlexNet
from tintype.perceptual.vgg import VGG16


class TwoTaps(torch.nn.Module):
    """The picture itself, and its square."""

    def forward(self, x: Tensor) -> list[Tensor]:
        return [x, x.square()]


def test_by_hand() -> None:
    heads = [torch.tensor([1.0, 2.0, 0.5]), torch.tensor([0.0, 0.0, 3.0])]
    first, truth = torch.zeros(1, 3, 2, 1), torch.zeros(1, 3, 2, 1)
    first[0, :, 0, 0], truth[0, :, 0, 0] = torch.tensor([3.0, 4, 0]), torch.tensor([0, 0, 2.0])
    # Unit vectors (0.6, 0.8, 0) and (0, 0, 1), at one of two places; squares: (0.49, 0.87, 0) and again (0, 0, 1).
    expected = (1 * 0.36 + 2 * 0.64 + 0.5 * 1 + 3 * 1) / 2
    assert float(LPIPS(TwoTaps(), heads)(first, truth)) == pytest.approx(expected, rel=1e-5)


@pytest.fixture(params=["alexnet", "vgg16"])
def drawn(request: pytest.FixtureRequest) -> LPIPS:
    torch.manual_seed(5)
    trunk = AlexNet() if request.param == "alexnet" else VGG16()
    channels = [layer.out_channels for layer in trunk.modules() if isinstance(layer, torch.nn.Conv2d)]
    if request.param == "vgg16":
        channels = [channels[i] for i in (1, 3, 6, 9, 12)]
    return LPIPS(trunk, [torch.rand(width) for width in channels])


def test_equal_pictures_are_at_no_distance_and_distance_grows(drawn: LPIPS) -> None:
    torch.manual_seed(6)
    truth, noise = torch.rand(1, 3, 48, 64), torch.randn(1, 3, 48, 64)
    pictures = torch.cat([(truth + strength * noise).clamp(0, 1) for strength in (0, 0.03, 0.1, 0.4)])
    distances = drawn(pictures, truth)
    assert distances.shape == (4,)
    assert distances[0] == 0
    assert (distances.diff() > 0).all()
    back = drawn(truth, pictures[3:])
    torch.testing.assert_close(back, distances[3:])


def published(net: str) -> LPIPS:
    try:
        return load_lpips(net)  # type: ignore[arg-type]
    except WeightsError as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_vgg_gives_the_figure_published_for_random_pictures() -> None:
    """Torchmetrics and the package lpips give 0.3494 for these pictures."""
    draw = np.random.RandomState(123)
    first, second = (torch.from_numpy(draw.rand(10, 3, 100, 100)).float() for _ in range(2))
    metric = published("vgg16")
    distances = [float(metric(a[None], b[None])) for a, b in zip(first, second, strict=True)]
    assert np.mean(distances) == pytest.approx(0.3494, abs=6e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("net", "file"), [("alexnet", "alex.pth"), ("vgg16", "vgg.pth")])
def test_the_heads_are_those_that_their_authors_published(net: str, file: str) -> None:
    """Torchmetrics carries the files of the package lpips, version 0.1."""
    folder = Path(torchmetrics.__file__).parent / "functional/image/lpips_models"
    expected = torch.load(folder / file, map_location="cpu", weights_only=True)
    heads = published(net).heads
    assert len(heads) == len(expected) == 5
    for index, head in enumerate(heads):
        assert torch.equal(head, expected[f"lin{index}.model.1.weight"].flatten())
