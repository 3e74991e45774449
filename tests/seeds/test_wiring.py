"""The wiring of all five generators: skips, attention, dropout and the last activation carry signal where they should.

Each network's joins (concatenations) are listed by the modules that made their parts; a part that is replaced by zeros
has to change the answer. So a skip that is left out, silenced, or taken from another level is found in any of them.
"""

import re
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from seeds.joins import joined_names, without
from tintype.models import build_generator
from tintype.models.nogan import NoGANCritic, NoGANCriticConfig, SAGANAttention

INSIDE = "layers.1" + 5 * ".layers.3"  # pix2pix: where the block around the innermost lies, by way of its neighbours


@dataclass(frozen=True)
class Case:
    """A generator at a width for tests, and what the document says of it.

    joins: names of the modules whose answers are joined, in order. drops: names of the modules that drop values out,
    as a pattern, and how many there are. bounded: does an activation keep answers in [-1, 1]?
    """

    system: str
    options: dict[str, Any]
    side: int
    joins: list[list[str]]
    drops: tuple[str, int] = ("", 0)
    bounded: bool = True


def _pix2pix_joins() -> list[list[str]]:
    """From the innermost outward: what went into a block, and what came back from it."""
    joins = [["layers." + INSIDE + ".layers.2", "layers." + INSIDE + ".layers.3.layers.4"]]
    for depth in (4, 3, 2, 1, 0):
        block = "layers.layers.1" + depth * ".layers.3"
        joins.append([block + ".layers.2", block + ".layers.3.layers.6"])
    return [*joins, ["layers.layers.0", "layers.layers.1.layers.6"]]


UVU = [
    ["inner.v1.2", "inner.e3.2"],
    ["inner.v2.2", "inner.e2.2"],
    ["inner.v3.2", "inner.e1.2"],
    ["d7.1", "inner.e5.1"],
    ["u1.2", "inner.e4.2"],
    ["u2.2", "d5.2"],
    ["u3.2", "inner.v2.2"],
    ["u4.2", "d3.2"],
    ["u5.2", "inner.v4.2"],
    ["u6.2", "d1.1"],
]
UVU_DROPS = (r"u[123]\.3", 3)

CASES = {
    "pix2pix": Case("pix2pix", {"width": 2}, 256, _pix2pix_joins(), (r"(layers\.)+.*layers\.7", 3)),
    "driving": Case(
        "driving",
        {"width": 2},
        32,
        [[f"ups.{up}.enlarge.1", f"downs.{3 - up}.convs.5"] for up in range(4)],
        bounded=False,
    ),
    "driving, transposed": Case(
        "driving",
        {"width": 2, "up": "transposed"},
        32,
        [[f"ups.{up}.enlarge", f"downs.{3 - up}.convs.5"] for up in range(4)],
        bounded=False,
    ),
    "nogan on a ResNet": Case(
        "nogan",
        {"encoder": "resnet18", "width": 4},
        64,
        [
            *[[f"ups.{up}", f"encoder.layer{3 - up}.1"] for up in range(3)],
            ["ups.3", "unknown"],  # the stem's features after a rectifier that is no module
            ["full.0", "input"],
        ],
    ),
    "nogan": Case(
        "nogan",
        {"encoder": "efficientnet-lite0", "width": 4},
        64,
        [
            *[[f"ups.{up}", f"encoder.stages.{stage}"] for up, stage in enumerate(("4.2", "2.1", "1.1"))],
            ["full.1", "input"],
        ],
    ),
    "landscape": Case(
        "landscape",
        {"complexity": 3},
        64,
        [[f"body.ups.{up}.2", f"body.downs.{3 - up}.2"] for up in range(4)],
        (r"body\.ups\.[0123]\.3", 4),
    ),
    "uvu without attention": Case("uvu", {"width": 2, "attention": "none"}, 128, UVU, UVU_DROPS),
    "uvu": Case(
        "uvu",
        {"width": 2},
        128,
        [*UVU[:6], ["attention.score", "attention.score"], ["u3.2", "attention"], *UVU[7:]],
        UVU_DROPS,
    ),
    "uvu by the text": Case(
        "uvu",
        {"width": 2, "attention": "spatial"},
        128,
        [*UVU[:6], ["u3.2", "inner.v2.2", "attention"], *UVU[7:]],
        UVU_DROPS,
    ),
}


def build(case: Case, **more: Any) -> nn.Module:
    """The generator with random weights, strong enough that nothing fades on its way, those that start at zero, too."""
    torch.manual_seed(0)
    network = build_generator(case.system, case.options | more)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 4:
                nn.init.kaiming_normal_(parameter)
            elif not parameter.any():
                parameter.normal_(std=0.3)
        for module in network.modules():  # spectral norm's singular vectors were those of the weights before
            if is_parametrized(module, "weight"):
                module.train()
                for _ in range(15):
                    _ = module.weight
    return network.eval()


def lightness(case: Case, count: int = 1) -> Tensor:
    torch.manual_seed(1)
    return 2 * torch.rand(count, 1, case.side, case.side) - 1


@pytest.mark.seed("S0-05", "S0-06", "S0-08", "S0-10", "S1-14", "S2-04", "S2-05", "S2-08", "S3-01", "S4-10")
@pytest.mark.parametrize("name", CASES)
def test_what_is_joined_is_what_the_document_joins(name: str) -> None:
    case = CASES[name]
    assert joined_names(build(case), lightness(case)) == case.joins


@pytest.mark.seed("S0-05", "S0-06", "S0-10", "S1-14", "S2-08", "S3-01", "S4-10")
@pytest.mark.parametrize("name", CASES)
def test_every_part_of_every_join_carries_signal(name: str) -> None:
    case = CASES[name]
    network, given = build(case), lightness(case)
    with torch.inference_mode():
        whole = network(given)
    silent = [
        f"{join}: {part}"
        for join, parts in enumerate(case.joins)
        for number, part in enumerate(parts)
        if torch.equal(without(network, join, number, given), whole)
    ]
    assert not silent


@pytest.mark.seed("S0-13", "S1-07", "S2-08", "S4-10")
@pytest.mark.parametrize("name", CASES)
def test_dropout_is_where_the_document_has_it_and_nothing_else_is_random(name: str) -> None:
    case = CASES[name]
    network = build(case)
    dropping = {name: module for name, module in network.named_modules() if isinstance(module, nn.Dropout)}
    pattern, count = case.drops
    assert len(dropping) == count
    assert all(re.fullmatch(pattern, name) and module.p == 0.5 for name, module in dropping.items())
    given = lightness(case, 2)
    with torch.no_grad():
        assert torch.equal(network(given), network(given))  # in use nothing is random
        for module in dropping.values():
            module.train()
            assert not torch.equal(network(given), network(given))
            module.eval()


@pytest.mark.seed("S0-05", "S1-14", "S2-08", "S3-01", "S4-10")
@pytest.mark.parametrize("name", CASES)
def test_the_last_activation_bounds_the_answer_or_none_does(name: str) -> None:
    case = CASES[name]
    network = build(case)
    *_, last = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    with torch.no_grad():
        last.weight.mul_(1e4)
    with torch.inference_mode():
        largest = float(network(lightness(case)).abs().max())
    assert largest == pytest.approx(1, abs=1e-3) if case.bounded else largest > 10


@pytest.mark.seed("S4-10")
def test_the_landscape_generator_bounds_twice() -> None:
    """After the last doubling and after the last convolution."""
    case = CASES["landscape"]
    network = build(case)
    given: list[Tensor] = []
    network.get_submodule("outc").register_forward_pre_hook(lambda m, args: given.append(args[0]))
    with torch.no_grad():
        network.get_submodule("body.ups.4.1").weight.mul_(1e4)  # type: ignore[operator, union-attr]
        network(lightness(case))
    assert float(given[0].abs().max()) == pytest.approx(1, abs=1e-3)


@pytest.mark.seed("S3-03", "S3-21")
@pytest.mark.parametrize("which", ["generator", "critic"])
def test_self_attention_carries_signal_between_far_parts_once_it_has_a_strength(which: str) -> None:
    """It starts at no strength. With one, a change in a corner reaches the opposite corner of its map."""
    torch.manual_seed(0)
    network: nn.Module = build(CASES["nogan"]) if which == "generator" else NoGANCritic(NoGANCriticConfig(width=8))
    [attention] = [module for module in network.eval().modules() if isinstance(module, SAGANAttention)]
    channels = attention.value.in_channels
    features = torch.randn(1, channels, 8, 8)
    changed = features.clone()
    changed[..., 0, 0] += 5
    with torch.inference_mode():
        attention.gamma.fill_(0)
        assert torch.equal(attention(features), features)
        attention.gamma.fill_(1)
        far = attention(changed)[..., -1, -1] - attention(features)[..., -1, -1]
    assert far.abs().max() > 1e-4
    given = torch.randn(1, 1 if which == "generator" else 3, 64, 64)
    with torch.inference_mode():
        strong = network(given)
        attention.gamma.fill_(0)
        assert not torch.equal(network(given), strong)


@pytest.mark.seed("S0-13", "S0-14", "S0-24")
@pytest.mark.parametrize("kind", ["source", "spatial"])
def test_attention_looks_at_each_of_its_states(kind: str) -> None:
    """Its scores follow the inner decoder's state and the outer one's, and they are not the same everywhere."""
    torch.manual_seed(0)
    network = build_generator("uvu", {"width": 4, "attention": kind})
    attention: Any = network.attention
    states = [torch.randn(1, 32, 4, 4), torch.randn(1, 8, 4, 4)]
    states += [torch.randn(1, 32, 4, 4)] if kind == "source" else []

    def scores(*given: Tensor) -> Tensor:
        answer = attention(*given)
        return answer[1] if isinstance(answer, tuple) else answer

    with torch.inference_mode():
        for parameter in attention.parameters():
            parameter.normal_()
        usual = scores(*states)
        for number in range(len(states)):
            others = [torch.randn_like(state) if k == number else state for k, state in enumerate(states)]
            assert not torch.allclose(scores(*others), usual)
        assert usual.std() > 0.05
        if kind == "spatial":  # e = v tanh(W1 v2 + W2 u3), softmax over the positions, times their number
            u3, v2 = states
            plain = attention.score((attention.query(u3) + attention.key(v2)).tanh()).flatten().softmax(0) * 16
            torch.testing.assert_close(usual.flatten(), plain)


@pytest.mark.seed("S3-07")
def test_the_critic_judges_light_and_colour() -> None:
    torch.manual_seed(0)
    critic = NoGANCritic(NoGANCriticConfig(width=8)).eval()
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        verdict = critic(picture)
        for plane in range(3):
            other = picture.clone()
            other[:, plane] = 0
            assert not torch.allclose(critic(other), verdict)
