"""Colour with gradients agrees with the numpy side; feature distances order pictures as people would."""

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from torch import Tensor

import training_pictures
from tintype.errors import TintypeError
from tintype.imaging import color, gamut
from tintype.perceptual.vgg import TAPS, VGG16
from tintype.training.color import lab_to_rgb, rgb_to_lab
from tintype.training.feature_loss import TYPICAL, FeatureLoss, LiteTrunk

NETS = ("vgg16", "efficientnet-lite0")


def numpy_lab(lightness: Tensor, ab: Tensor) -> np.ndarray:
    return torch.cat([lightness * 50 + 50, ab], 1).permute(0, 2, 3, 1).detach().numpy()


def test_lab_to_rgb_is_the_clipped_colour_of_the_numpy_side() -> None:
    torch.manual_seed(0)
    lightness, ab = torch.rand(4, 1, 64, 64) * 2 - 1, torch.randn(4, 2, 64, 64) * 40
    got = lab_to_rgb(lightness, ab).permute(0, 2, 3, 1).numpy()
    expected = color.lab_to_srgb(numpy_lab(lightness, ab))
    assert 0.2 < gamut.in_gamut(expected).mean() < 0.8
    np.testing.assert_allclose(got, expected.clip(0, 1), atol=2e-5)


def test_rgb_to_lab_is_that_of_the_numpy_side_and_the_way_back() -> None:
    corners = torch.tensor([[r, g, b] for r in (0.0, 1.0) for g in (0.0, 1.0) for b in (0.0, 1.0)]).T.view(1, 3, 2, 4)
    for rgb in (corners, torch.rand(3, 3, 40, 40), torch.rand(1, 3, 40, 40) * 0.01):
        lightness, ab = rgb_to_lab(rgb)
        expected = color.srgb_to_lab(rgb.permute(0, 2, 3, 1).numpy())
        np.testing.assert_allclose(numpy_lab(lightness, ab), expected, atol=5e-3)
        torch.testing.assert_close(lab_to_rgb(lightness, ab), rgb, atol=1e-4, rtol=0)


def test_colour_gradients_are_right_in_gamut() -> None:
    torch.manual_seed(0)
    lightness, ab = rgb_to_lab(torch.rand(1, 3, 3, 3) * 0.8 + 0.1)
    step = 1e-2
    for index in range(2):
        wiggled = torch.zeros_like(ab)
        wiggled[:, index] = step
        expected = (lab_to_rgb(lightness, ab + wiggled) - lab_to_rgb(lightness, ab - wiggled)) / (2 * step)
        _, tangent = torch.autograd.functional.jvp(lambda x: lab_to_rgb(lightness, x), ab, wiggled / step)
        torch.testing.assert_close(tangent, expected, atol=2e-4, rtol=2e-2)


def test_colour_gradients_are_finite_everywhere() -> None:
    axis = torch.tensor([-200.0, -60, -1, 0, 1e-6, 60, 200])
    a, b = torch.meshgrid(axis, axis, indexing="ij")
    for level in (-1.2, -1.0, -0.999, 0.0, 1.0, 1.2):
        ab = torch.stack([a, b]).unsqueeze(0).requires_grad_()
        lightness = torch.full((1, 1, 7, 7), level, requires_grad=True)
        lab_to_rgb(lightness, ab).square().sum().backward()
        assert torch.isfinite(ab.grad).all()  # type: ignore[arg-type]
        assert torch.isfinite(lightness.grad).all()  # type: ignore[arg-type]
    for rgb in (torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1), torch.tensor([0, 1e-9, 1.0]).view(1, 3, 1, 1)):
        rgb.requires_grad_()
        sum(t.square().sum() for t in rgb_to_lab(rgb)).backward()  # type: ignore[union-attr]
        assert torch.isfinite(rgb.grad).all()  # type: ignore[arg-type]


def test_a_colour_out_of_gamut_is_pulled_back_and_never_pushed_on() -> None:
    lightness = torch.zeros(1, 1, 1, 1)
    truth = lab_to_rgb(lightness, torch.tensor([20.0, -10]).view(1, 2, 1, 1))
    ab = torch.full((1, 2, 1, 1), 200.0, requires_grad=True)
    far = lab_to_rgb(lightness, ab)
    assert ((far < 1e-5) | (far > 1 - 1e-5)).all()  # a plain clamp would have no gradient left
    optimizer = torch.optim.Adam([ab], lr=3)
    for _ in range(400):
        optimizer.zero_grad()
        (lab_to_rgb(lightness, ab) - truth).square().sum().backward()
        optimizer.step()
    torch.testing.assert_close(lab_to_rgb(lightness, ab.detach()), truth, atol=0.02, rtol=0)
    # White is asked for more than the screen has: nothing to gain.
    bright = torch.full((1, 1, 1, 1), 1.5, requires_grad=True)
    (-lab_to_rgb(bright, torch.zeros(1, 2, 1, 1))).sum().backward()
    assert bright.grad == 0


def test_colour_stays_exact_under_autocast() -> None:
    lightness, ab = torch.rand(1, 1, 8, 8), torch.randn(1, 2, 8, 8) * 10
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(lab_to_rgb(lightness, ab), lab_to_rgb(lightness, ab))
        rounded = lab_to_rgb(lightness, ab)
    assert rounded.dtype == torch.float32
    assert torch.equal(rounded, lab_to_rgb(lightness, ab))


def test_vgg_has_the_published_shape() -> None:
    network = VGG16()
    assert sum(p.numel() for p in network.parameters()) == 14_714_688
    assert not any(p.requires_grad for p in network.parameters())
    shapes = [tuple(f.shape) for f in network(torch.rand(1, 3, 64, 96))]
    assert shapes == [(1, 64, 64, 96), (1, 128, 32, 48), (1, 256, 16, 24), (1, 512, 8, 12), (1, 512, 4, 6)]
    shallow = VGG16(["relu2_2"])
    assert sum(p.numel() for p in shallow.parameters()) == 260_160
    shallow.load_state_dict({name: network.state_dict()[name] for name in shallow.state_dict()})
    x = torch.rand(1, 3, 32, 32)
    assert torch.equal(shallow(x)[0], network(x)[1])
    for taps in ([], ["relu9_9"], ["relu3_3", "relu1_2"]):
        with pytest.raises(ValueError, match="choose some of relu1_2"):
            VGG16(taps)


def feature_loss(net: str, *arguments: object) -> FeatureLoss:
    try:
        return FeatureLoss(net, *arguments)  # type: ignore[arg-type]
    except TintypeError as error:
        pytest.skip(str(error))


def photograph(name: str, side: int = 128) -> Tensor:
    image = Image.fromarray(getattr(skimage.data, name)())
    pixels = np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).unsqueeze(0) / 255


@pytest.fixture(scope="module")
def portrait() -> Tensor:
    return photograph("astronaut")


@pytest.fixture(scope="module")
def coffee() -> Tensor:
    return photograph("coffee")


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS)
def test_features_of_photographs_are_as_large_as_recorded(net: str) -> None:
    layers = tuple(TYPICAL[net])
    loss = feature_loss(net, layers)
    pictures = torch.cat([photograph(name) for name in training_pictures.NAMES])
    with torch.inference_mode():
        for layer, features in zip(layers, loss.trunk(pictures), strict=True):
            assert float(features.abs().mean()) == pytest.approx(TYPICAL[net][layer], rel=0.5)


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS)
def test_nearer_colours_are_nearer(net: str, portrait: Tensor, coffee: Tensor) -> None:
    loss = feature_loss(net)
    lightness, ab = rgb_to_lab(portrait)
    slightly, half, grey = (lab_to_rgb(lightness, ab * share) for share in (0.9, 0.5, 0.0))
    with torch.inference_mode():
        for measure in (lambda a: float(loss(a, portrait)), lambda a: loss.feature_distance(a, portrait)):
            distances = [measure(answer) for answer in (portrait, slightly, half, grey, coffee)]
            assert distances[0] == pytest.approx(0, abs=1e-6)
            assert distances == sorted(distances)
            assert len(set(distances)) == 5


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS)
def test_gradient_reaches_the_answer_alone(net: str, portrait: Tensor) -> None:
    loss = feature_loss(net)
    lightness, ab = rgb_to_lab(portrait)
    answer, truth = (ab * 0.5).requires_grad_(), portrait.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(lab_to_rgb(lightness, answer), truth)
    assert value.dtype == torch.float32
    assert value.ndim == 0
    value.backward()
    assert answer.grad is not None
    assert torch.isfinite(answer.grad).all()
    assert answer.grad.abs().sum() > 0
    assert truth.grad is None
    assert all(p.grad is None for p in loss.parameters())
    with torch.no_grad():
        nearer = loss(lab_to_rgb(lightness, answer - 1000 * answer.grad), truth)
        assert nearer < loss(lab_to_rgb(lightness, answer), truth)


@pytest.mark.slow
def test_layers_and_weights_of_the_callers_choice(portrait: Tensor, coffee: Tensor) -> None:
    one, two = feature_loss("vgg16", ["relu1_2"]), feature_loss("vgg16", ["relu2_2"])
    both = feature_loss("vgg16", ["relu1_2", "relu2_2"], [1, 3])
    with torch.inference_mode():
        expected = 0.25 * one(portrait, coffee) + 0.75 * two(portrait, coffee)
        torch.testing.assert_close(both(portrait, coffee), expected)
        pair = both.feature_distance(torch.cat([portrait, coffee]), torch.cat([coffee, coffee]))
        assert pair == pytest.approx(both.feature_distance(portrait, coffee) / 2, rel=1e-4)
    assert tuple(TYPICAL["vgg16"]) == TAPS
    assert tuple(TYPICAL["efficientnet-lite0"]) == LiteTrunk.TAPS


@pytest.mark.parametrize(
    ("net", "layers", "weights", "message"),
    [
        ("vgg19", None, None, "feature network 'vgg19'; known: vgg16, efficientnet-lite0"),
        ("efficientnet-lite0", ["stride2"], None, "choose some of stride4"),
        ("vgg16", ["relu1_2"], [1, 2], "give one for each"),
        ("vgg16", ["relu1_2"], [-1], "none negative"),
    ],
)
def test_impossible_choices(net: str, layers: object, weights: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeatureLoss(net, layers, weights)  # type: ignore[arg-type]
