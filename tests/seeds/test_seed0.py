"""Seed 0, UvU-Net: two nested U-Nets with alternating skips and additive attention, for sketches and photographs."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tintype.data.split import split
from tintype.models import build_generator, form_of
from tintype.models.uvu import SourceAttention, SpatialAttention, UvUConfig, UvUNet
from tintype.training.optimizers import trainable
from tintype.training.recipe import load_recipe

F = 4  # width of the networks here; the seed's is 64
# What each block is given, by name: the whole wiring of the network without attention.
WHOLE = {
    "inner.e1": ["d2"],
    "u1": ["d7", "inner.e5"],
    "u2": ["u1", "inner.e4"],
    "u3": ["u2", "d5"],
    "u4": ["u3", "inner.v2"],
    "u5": ["u4", "d3"],
    "u6": ["u5", "inner.v4"],
    "u7": ["u6", "d1"],
}


@pytest.mark.seed("S0-01", "S0-02")
@pytest.mark.parametrize(
    ("name", "condition", "target", "planes"), [("uvu-sketch", "sketch", "lab", 3), ("uvu", "lightness", "ab", 2)]
)
def test_drawings_become_pictures_and_photographs_get_colour(
    name: str, condition: str, target: str, planes: int
) -> None:
    recipe = load_recipe(name, [f"generator.width={F}"])
    generator = build_generator(recipe.system, recipe.generator).eval()
    answer = recipe.answer
    form = form_of(recipe.system, generator, condition=answer.condition, target=answer.target)
    assert (form.condition, form.target, form.channels) == (condition, target, planes)
    assert recipe.data.background == ("remove" if condition == "sketch" else "keep")
    with torch.inference_mode():
        assert generator(torch.zeros(1, 1, 128, 128)).shape == (1, planes, 128, 128)


def wiring(network: UvUNet) -> dict[str, list[str]]:
    """Names of the feature maps that the input of each block is concatenated from; a map is found by its values."""
    torch.manual_seed(0)
    given: dict[str, Tensor] = {}
    made: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        if re.fullmatch(r"(inner\.)?[deuv]\d", name):
            module.register_forward_pre_hook(lambda m, args, name=name: given.update({name: args[0]}))
            module.register_forward_hook(lambda m, args, output, name=name: made.update({name: output}))
    with torch.inference_mode():
        network.eval()(torch.randn(1, 1, 128, 128))
    return {name: _parts(given[name], made) for name in sorted(WHOLE) if name in given}


def _parts(joined: Tensor, made: dict[str, Tensor]) -> list[str]:
    parts, start = [], 0
    while start < joined.shape[1]:
        fitting = [name for name, t in made.items() if torch.equal(joined[:, start : start + t.shape[1]], t)]
        assert len(fitting) == 1, fitting
        parts += fitting
        start += made[fitting[0]].shape[1]
    return parts


@pytest.mark.seed("S0-05", "S0-06", "S0-08", "S0-10")
def test_the_outer_net_has_skips_at_odd_levels_and_the_inner_net_stands_in_for_the_others() -> None:
    assert wiring(UvUNet(UvUConfig(width=F, attention=None))) == WHOLE
    with torch.device("meta"):
        whole = UvUNet()
        second = whole.d2(whole.d1(torch.empty(1, 1, 256, 256)))
    assert second.shape == (1, 128, 64, 64)


@pytest.mark.seed("S0-11", "S0-12")
@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"inner": "no-extra"}, {"u1": ["d7"]}),
        ({"inner": "none"}, {"u1": ["d7"], "u2": ["u1", "d6"], "u4": ["u3", "d4"], "u6": ["u5", "d2"]}),
    ],
    ids=["without the extra block", "plain U-Net"],
)
def test_parts_can_be_left_out(options: dict[str, str], changed: dict[str, list[str]]) -> None:
    made = build_generator("uvu", {"width": F, "attention": "none"} | options)
    assert isinstance(made, UvUNet)
    expected = WHOLE | changed
    if options["inner"] == "none":
        expected.pop("inner.e1")
    assert wiring(made) == expected
    made.train()(torch.randn(2, 1, 128, 128)).square().mean().backward()
    assert all(p.grad is not None for p in made.parameters())


@pytest.mark.seed("S0-11")
def test_it_is_compared_with_a_plain_u_net_under_the_same_conditions() -> None:
    one, other = load_recipe("pix2pix"), load_recipe("uvu")
    assert (one.critic, one.optimizer, one.data) == (other.critic, other.optimizer, other.data)
    assert [s.model_copy(update={"images": 1}) for s in one.stages] == [
        s.model_copy(update={"images": 1}) for s in other.stages
    ]


@pytest.mark.seed("S0-09")
def test_the_inner_net_can_be_frozen_on_its_own() -> None:
    network = UvUNet(UvUConfig(width=F))
    options = load_recipe("uvu", ['stages.0.freeze=["inner"]']).stages[0]
    trainable(network, options, 0.0)
    moving = {name.partition(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert "inner" not in moving
    assert {"d1", "d7", "u1", "u7", "attention"} <= moving


@pytest.mark.seed("S0-13")
def test_scores_are_bahdanaus() -> None:
    """e = v tanh(W s + K h), softmax over the sources, their weighted sum; worked out at one position."""
    torch.manual_seed(0)
    attention = SourceAttention(6, 4, 5)
    query, inner, outer = torch.randn(1, 6, 3, 3), torch.randn(1, 4, 3, 3), torch.randn(1, 5, 3, 3)
    with torch.inference_mode():
        context, weights = attention(query, inner, outer)
        state = attention.query.weight[:, :, 0, 0] @ query[0, :, 1, 2]
        sources = (inner[0, :, 1, 2], attention.reduce(outer)[0, :, 1, 2])
        key, bias, v = attention.key.weight[:, :, 0, 0], attention.key.bias, attention.score.weight[0, :, 0, 0]
        assert bias is not None
        scores = torch.stack([v @ (state + key @ source + bias).tanh() for source in sources])
        shares = scores.softmax(0)
        torch.testing.assert_close(weights[0, :, 1, 2], shares)
        torch.testing.assert_close(context[0, :, 1, 2], shares[0] * sources[0] + shares[1] * sources[1])


def attended(kind: str) -> tuple[dict[str, Tensor], tuple[Tensor, ...], Tensor]:
    """Maps that blocks made, what the attention was given, and what u4 was given."""
    network = build_generator("uvu", {"width": F, "attention": kind}).eval()
    made: dict[str, Tensor] = {}
    given: list[tuple[Tensor, ...]] = []
    for name in ("u3", "d4", "inner.v2", "attention"):
        network.get_submodule(name).register_forward_hook(lambda m, a, o, name=name: made.update({name: o}))
    for name in ("attention", "u4"):
        network.get_submodule(name).register_forward_pre_hook(lambda m, args: given.append(args))
    with torch.inference_mode():
        network(torch.randn(1, 1, 128, 256))
    return made, given[0], given[1][0]


@pytest.mark.seed("S0-13", "S0-14")
def test_states_come_from_the_blocks_that_the_figure_names() -> None:
    made, given, joined = attended("source")
    assert all(a is b for a, b in zip(given, (made["u3"], made["inner.v2"], made["d4"]), strict=True))
    context = made["attention"][0]
    assert torch.equal(joined, torch.cat([made["u3"], context], 1))
    assert joined.shape[1] == 8 * F + 2 * F


@pytest.mark.seed("S0-13", "S0-14", "S0-24")
def test_the_sentence_is_there_too_with_the_scores_as_a_feature() -> None:
    made, given, joined = attended("spatial")
    assert all(a is b for a, b in zip(given, (made["u3"], made["inner.v2"]), strict=True))
    assert joined.shape[1] == 10 * F + 1  # 641 at the seed's width
    scores = joined[:, -1:]
    assert torch.equal(scores, made["attention"])
    torch.testing.assert_close(scores.mean(), torch.tensor(1.0))  # a softmax over the positions, times their number
    assert isinstance(build_generator("uvu", {"width": F, "attention": "spatial"}).attention, SpatialAttention)


@pytest.mark.seed("S0-15")
def test_celeba_is_divided_as_its_own_file_says(tmp_path: Path) -> None:
    (tmp_path / "img_align_celeba").mkdir()
    for number in range(1, 13):  # dividing by name reads no picture
        (tmp_path / "img_align_celeba" / f"{number:06d}.jpg").touch()
    parts = "".join(f"{n:06d}.jpg {0 if n < 9 else 1 if n < 12 else 2}\n" for n in range(1, 13))
    (tmp_path / "list_eval_partition.txt").write_text(parts)
    divided = split([tmp_path / "img_align_celeba"])
    assert {name: len(pictures) for name, pictures in divided.parts.items()} == {"train": 8, "val": 3, "test": 1}


@pytest.mark.seed("S0-22")
@pytest.mark.parametrize("name", ["uvu", "uvu-sketch"])
def test_training_is_fast_by_default(name: str) -> None:
    recipe = load_recipe(name, [f"generator.width={F}"])
    assert recipe.precision == "auto"  # bf16 where it is fast: tests/training/test_precision.py
    network = build_generator(recipe.system, recipe.generator).to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        loss = network(torch.randn(2, 1, 128, 128)).square().mean()
    loss.backward()
    first = network.get_submodule("d2.0")
    assert isinstance(first, nn.Conv2d)
    assert first.weight.is_contiguous(memory_format=torch.channels_last)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
