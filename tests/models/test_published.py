"""The published systems' networks: exact parameter counts and shapes, trainable, deterministic.

One contract over all of them, then what is particular to each.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tintype.models.driving import DownBlock, DrivingConfig, DrivingUNet
from tintype.models.landscape import LandscapeConfig, LandscapeCritic, LandscapeCriticConfig, LandscapeUNet
from tintype.models.patchgan import PatchCritic, PatchCriticConfig
from tintype.models.pix2pix import Pix2PixConfig, Pix2PixUNet
from tintype.models.uvu import InnerUNet, SourceAttention, UvUConfig, UvUNet

SMALL: dict[str, Callable[[], nn.Module]] = {
    "pix2pix": lambda: Pix2PixUNet(Pix2PixConfig(depth=7, width=8)),
    "driving": lambda: DrivingUNet(DrivingConfig(width=8)),
    "driving, transposed": lambda: DrivingUNet(DrivingConfig(width=8, up="transposed")),
    "landscape": lambda: LandscapeUNet(LandscapeConfig(complexity=8)),
    "uvu": lambda: UvUNet(UvUConfig(width=8)),
    "uvu, spatial": lambda: UvUNet(UvUConfig(width=8, attention="spatial")),
    "uvu, none": lambda: UvUNet(UvUConfig(width=8, attention=None)),
}


def weights(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.seed("S2-02", "S2-08")
def test_contract_of_every_generator(name: str) -> None:
    torch.manual_seed(0)
    network = SMALL[name]()
    x = torch.randn(2, 1, 128, 256)
    y = network(x)
    assert y.shape == (2, 2, 128, 256)
    y.square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    again = SMALL[name]()
    again.load_state_dict(network.state_dict())
    with torch.inference_mode():
        assert torch.equal(network.eval()(x), again.eval()(x))


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (lambda: Pix2PixUNet(), 54_409_858),
        (lambda: Pix2PixUNet(Pix2PixConfig(3, 3)), 54_413_955),
        (lambda: DrivingUNet(), 28_953_474),
        (lambda: DrivingUNet(DrivingConfig(width=32)), 7_243_202),
        *((lambda c=c: LandscapeUNet(LandscapeConfig(complexity=c)), 224 * c * c + 45 * c) for c in (16, 30, 46)),
        (lambda: LandscapeUNet(), 1_164_456),
        (lambda: LandscapeCritic(LandscapeCriticConfig(complexity=4)), 264_341),
        (lambda: LandscapeCritic(), 1_081_937),
        (lambda: PatchCritic(), 2_765_633),
        (lambda: PatchCritic(PatchCriticConfig(inputs=1)), 2_763_585),
        (lambda: UvUNet(), 61_116_610),
        (lambda: UvUNet(UvUConfig(attention=None)), 60_968_770),
        (lambda: UvUNet(UvUConfig(3, 3)), 61_121_731),
        (lambda: UvUNet(UvUConfig(width=32)), 15_304_930),
        (lambda: UvUNet(UvUConfig(width=16)), 3_839_218),
        (lambda: InnerUNet(64), 11_013_888),
    ],
)
@pytest.mark.seed("S0-05", "S1-14", "S1-15", "S2-08", "S4-11", "S4-14")
def test_parameter_counts(network: Callable[[], nn.Module], count: int) -> None:
    with torch.device("meta"):
        assert weights(network()) == count


@pytest.mark.seed("S1-07")
def test_pix2pix_noise_is_dropout_alone() -> None:
    network, x = Pix2PixUNet(Pix2PixConfig(depth=7, width=8)), torch.randn(2, 1, 128, 128)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
    with pytest.raises(ValueError, match="depth 4"):
        Pix2PixUNet(Pix2PixConfig(depth=4))


@pytest.mark.seed("S1-18")
def test_pix2pix_starts_from_a_small_normal() -> None:
    torch.manual_seed(0)
    network = Pix2PixUNet(Pix2PixConfig(width=32))
    kernels = torch.cat([p.flatten() for p in network.parameters() if p.ndim == 4]).detach()
    assert abs(float(kernels.mean())) < 1e-4
    assert float(kernels.std()) == pytest.approx(0.02, rel=0.01)


@pytest.mark.seed("S2-04", "S2-05")
def test_driving_skip_is_what_was_before_pooling() -> None:
    block = DownBlock(1, 4).eval()
    x = torch.randn(1, 1, 16, 16)
    pooled, skip = block(x)
    assert skip.shape == (1, 4, 16, 16)
    assert torch.equal(skip, block.convs(x))
    assert torch.equal(pooled, nn.functional.max_pool2d(skip, 2))


@pytest.mark.seed("S4-12", "S4-13")
def test_landscape_reaches_8_pixels_and_its_critic_judges_whole_pictures() -> None:
    seen: list[tuple[int, ...]] = []
    network = LandscapeUNet(LandscapeConfig(complexity=4))
    network.body.downs[-1].register_forward_hook(lambda *args: seen.append(tuple(args[2].shape)))
    network(torch.randn(2, 1, 256, 256))
    assert seen == [(2, 4, 8, 8)]
    critic = LandscapeCritic(LandscapeCriticConfig(complexity=4, side=64))
    verdict = critic(torch.randn(3, 3, 64, 64))
    assert verdict.shape == (3, 1)
    assert verdict.abs().max() < 2  # divided by the width: far from where a sigmoid saturates
    with pytest.raises(ValueError, match="64x64 alone"):
        critic(torch.randn(1, 3, 32, 32))


def receptive_field(critic: PatchCritic, side: int = 256) -> tuple[tuple[int, ...], int]:
    """Shape of the verdicts, and how many pixels one of them in the middle depends on, along a side."""
    critic.eval()
    picture = torch.randn(1, 3, side, side, requires_grad=True)
    verdicts = critic(picture)
    middle = verdicts.shape[2] // 2
    verdicts[0, 0, middle, middle].backward()
    assert picture.grad is not None
    rows = picture.grad.abs().sum((0, 1, 3)).nonzero()
    return tuple(verdicts.shape), int(rows.max() - rows.min() + 1)


@pytest.mark.seed("S1-16")
def test_patch_critic_sees_70_pixels() -> None:
    assert receptive_field(PatchCritic()) == ((1, 1, 30, 30), 70)


def test_pixel_critic_sees_one() -> None:
    assert receptive_field(PatchCritic(PatchCriticConfig(halvings=0)), 16) == ((1, 1, 16, 16), 1)


def shapes_in(network: nn.Module, names: list[str], x: Tensor) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names:

        def note(module: nn.Module, inputs: object, output: Tensor, name: str = name) -> None:
            shapes[name] = tuple(output.shape[1:])

        network.get_submodule(name).register_forward_hook(note)
    with torch.inference_mode():
        network.eval()(x)
    return shapes


@pytest.mark.seed("S0-05", "S0-07", "S0-08")
def test_uvu_shapes_at_256() -> None:
    f = 4
    expected = {
        "d1": (f, 128, 128), "d2": (2 * f, 64, 64), "d3": (4 * f, 32, 32), "d4": (8 * f, 16, 16),
        "d5": (8 * f, 8, 8), "d6": (8 * f, 4, 4), "d7": (8 * f, 2, 2),
        "inner.e1": (f, 32, 32), "inner.e2": (2 * f, 16, 16), "inner.e3": (4 * f, 8, 8),
        "inner.e4": (8 * f, 4, 4), "inner.e5": (8 * f, 2, 2),
        "inner.v1": (4 * f, 8, 8), "inner.v2": (2 * f, 16, 16), "inner.v3": (f, 32, 32), "inner.v4": (4 * f, 64, 64),
        "u1": (8 * f, 4, 4), "u2": (8 * f, 8, 8), "u3": (8 * f, 16, 16), "u4": (8 * f, 32, 32),
        "u5": (4 * f, 64, 64), "u6": (2 * f, 128, 128), "u7": (2, 256, 256),
    }  # fmt: skip
    assert shapes_in(UvUNet(UvUConfig(width=f)), list(expected), torch.randn(1, 1, 256, 256)) == expected


@pytest.mark.seed("S0-13")
def test_uvu_attention_weighs_two_sources_and_every_part_learns() -> None:
    torch.manual_seed(0)
    attention = SourceAttention(16, 8, 12)
    query, inner, outer = torch.randn(2, 16, 5, 5), torch.randn(2, 8, 5, 5), torch.randn(2, 12, 5, 5)
    context, weights_ = attention(query, inner, outer)
    torch.testing.assert_close(weights_.sum(1), torch.ones(2, 5, 5))
    assert weights_.std() > 0.01  # not the uniform half and half
    context.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in attention.parameters())


@pytest.mark.seed("S0-10")
def test_uvu_extra_block_feeds_the_outer_decoder_alone() -> None:
    """Without e5, u1 changes; the inner decoder does not."""
    network = UvUNet(UvUConfig(width=4)).eval()
    x = torch.randn(1, 1, 128, 128)
    seen: dict[str, list[Tensor]] = {"u1": [], "inner.v4": []}
    for name, outputs in seen.items():
        network.get_submodule(name).register_forward_hook(lambda m, i, o, outputs=outputs: outputs.append(o))
    with torch.inference_mode():
        network(x)
        network.inner.e5.register_forward_hook(lambda m, i, o: torch.zeros_like(o))
        network(x)
    assert not torch.equal(*seen["u1"])
    assert torch.equal(*seen["inner.v4"])


@pytest.mark.seed("S0-09")
def test_uvu_inner_net_runs_alone() -> None:
    e4, e5, v2, v4 = InnerUNet(4)(torch.randn(2, 8, 64, 64))
    assert [t.shape[2] for t in (e4, e5, v2, v4)] == [4, 2, 16, 64]
