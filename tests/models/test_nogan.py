"""The NoGAN system's networks: published backbones, spectral norm, attention, no checkerboard."""

import pytest
import torch
from torch import nn

from tintype.errors import RecipeError
from tintype.models.nogan import NoGANConfig, NoGANCritic, NoGANCriticConfig, NoGANUNet, SAGANAttention, ShuffleUp
from tintype.models.resnet import ResNetEncoder, load_torchvision


@pytest.mark.parametrize(
    ("name", "count"), [("resnet18", 11_176_512), ("resnet34", 21_284_672), ("resnet50", 23_508_032)]
)
@pytest.mark.seed("S3-01")
def test_backbones_have_the_published_number_of_weights(name: str, count: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in ResNetEncoder(name).parameters()) == count


def test_torchvision_names_load_and_the_classifier_is_left_out() -> None:
    encoder = ResNetEncoder("resnet18")
    state = {name: torch.randn_like(value.float()).to(value.dtype) for name, value in encoder.state_dict().items()}
    assert {"conv1.weight", "bn1.running_mean", "layer2.0.downsample.0.weight", "layer4.1.conv2.weight"} <= set(state)
    load_torchvision(encoder, state | {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)})
    assert torch.equal(encoder.layer4[1].conv2.weight, state["layer4.1.conv2.weight"])  # type: ignore[union-attr]


@pytest.mark.parametrize("encoder", ["resnet18", "efficientnet-lite0"])
def test_generator_starts_with_grey_at_full_size_and_every_part_learns(encoder: str) -> None:
    torch.manual_seed(0)
    network = NoGANUNet(NoGANConfig(encoder=encoder, width=8))
    lightness = torch.randn(2, 1, 64, 96)
    torch.testing.assert_close(network(lightness), torch.zeros(2, 2, 64, 96))
    nn.init.normal_(network.head[1].weight)  # type: ignore[arg-type]
    network(lightness).square().mean().backward()
    silent = {name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()}
    waiting = {f"convs.1.2.{part}.parametrizations.weight.original" for part in ("query", "key", "value")}
    assert silent <= waiting | {"encoder.hint_stem.weight"}  # attention waits for gamma to leave zero


def test_unknown_encoder() -> None:
    with pytest.raises(RecipeError, match="unknown encoder 'resnet19'"):
        NoGANUNet(NoGANConfig(encoder="resnet19"))


@pytest.mark.seed("S3-04")
def test_spectral_norm_is_one_on_every_decoder_convolution() -> None:
    torch.manual_seed(0)
    network = NoGANUNet(NoGANConfig(encoder="resnet18", width=8))
    for _ in range(30):  # each training pass is one step of the power iteration
        network(torch.randn(1, 1, 32, 32).expand(2, -1, -1, -1))
    network.eval()
    normed = [m for m in (*network.ups.modules(), *network.convs.modules()) if hasattr(m, "parametrizations")]
    assert len(normed) > 10
    for module in normed:
        largest = torch.linalg.matrix_norm(module.weight.flatten(1), ord=2)
        assert float(largest.detach()) == pytest.approx(1, abs=0.05)


@pytest.mark.seed("S3-03", "S3-21")
def test_attention_starts_silent_and_reaches_far() -> None:
    torch.manual_seed(0)
    attention, x = SAGANAttention(16).eval(), torch.randn(1, 16, 6, 6)
    torch.testing.assert_close(attention(x), x)
    nn.init.ones_(attention.gamma)
    changed = x.clone()
    changed[:, :, 0, 0] += 2
    assert (attention(changed) - attention(x))[:, :, 5, 5].abs().max() > 1e-4


def test_icnr_starts_without_checkerboard() -> None:
    up = ShuffleUp(8, 4, spectral=False)
    y = up(torch.randn(1, 8, 5, 5))
    cells = y.reshape(1, 4, 5, 2, 5, 2)
    torch.testing.assert_close(cells, cells[:, :, :, :1, :, :1].expand_as(cells))


@pytest.mark.seed("S3-02")
def test_critic_gives_one_value_a_picture_without_batch_norm() -> None:
    critic = NoGANCritic(NoGANCriticConfig(width=8)).eval()
    assert not any(isinstance(module, nn.BatchNorm2d | nn.Linear) for module in critic.modules())
    assert critic(torch.randn(3, 3, 64, 96)).shape == (3, 1)
    one, two = torch.randn(2, 1, 3, 64, 64)
    together = critic(torch.cat([one, two]))
    torch.testing.assert_close(together, torch.cat([critic(one), critic(two)]))
