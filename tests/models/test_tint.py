"""The default generator and its encoder."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tintype.errors import RecipeError, WeightsError
from tintype.imaging.ab_bins import annealed_mean as annealed_mean_numpy
from tintype.models import build_generator
from tintype.models.encoders import ENCODERS, LiteEncoder, load_imagenet
from tintype.models.imagenet import imagenet_file
from tintype.models.tint import Tint, TintConfig, annealed_mean, hints_by_cell
from tintype.network.model_file import find_model
from tintype.training.checkpoint import write_tensors
from tintype.training.pretrained import initialise

SMALL = TintConfig(encoder="efficientnet-lite0", bottom=32, widths=(24, 16, 16))


@pytest.mark.parametrize("size", [(64, 64), (32, 96)])
def test_logits_come_at_stride_four(size: tuple[int, int]) -> None:
    network = Tint(SMALL).eval()
    assert network(torch.zeros(2, 1, *size)).shape == (2, 229, size[0] // 4, size[1] // 4)


def test_default_size() -> None:
    assert sum(p.numel() for p in Tint().parameters()) == 6_239_117


def test_an_encoder_without_its_last_stage_has_the_published_weights_of_the_others() -> None:
    state = torch.load(imagenet_file(ENCODERS["efficientnet-lite0"]), weights_only=True)
    short, whole = (LiteEncoder(ENCODERS["efficientnet-lite0"], stages).eval() for stages in (6, 7))
    for encoder in (short, whole):
        load_imagenet(encoder, state)
    lightness = torch.rand(1, 1, 64, 96)
    for ours, theirs in zip(short(lightness)[:3], whole(lightness)[:3], strict=True):
        torch.testing.assert_close(ours, theirs)
    assert short(lightness)[3].shape == (1, 192, 2, 3)
    assert Tint(TintConfig("efficientnet-lite0", 6))(lightness).shape == (1, 229, 16, 24)
    with pytest.raises(RecipeError, match="of 5 stages"):
        LiteEncoder(ENCODERS["efficientnet-lite0"], 5)


def test_untrained_hints_change_nothing_and_every_weight_but_theirs_gets_a_gradient() -> None:
    network = Tint(SMALL).eval()
    lightness, hints = torch.rand(2, 1, 64, 64), torch.rand(2, 3, 64, 64).round(decimals=2)
    torch.testing.assert_close(network(lightness, hints), network(lightness))
    network.train()(lightness, hints).square().mean().backward()
    silent = {name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()}
    # The last weights of attention and hints start at zero and hide what stands before them from the first gradient.
    hidden = (".qkv.", ".norm.", *(f"hints.convs.{scale}.0." for scale in range(4)))
    assert all(any(part in name for part in hidden) for name in silent), silent


def test_trained_hints_act_where_they_are_and_no_hints_are_zeros() -> None:
    network = Tint(SMALL).eval()
    for convs in network.hints.convs:
        torch.torch.nn.init.normal_(convs[2].weight)  # type: ignore[index]
    lightness, hints = torch.rand(1, 1, 64, 64), torch.zeros(1, 3, 64, 64)
    plain = network(lightness)
    torch.testing.assert_close(network(lightness, hints), plain)
    hints[:, :2], hints[:, 2, 30:33, 30:33] = 0.5, 1  # colours without a mask say nothing
    moved = (network(lightness, hints) - plain).abs().mean(1)[0]
    assert moved[7:9, 7:9].mean() > 2 * moved[:2, :2].mean()
    told = hints_by_cell(hints * hints[:, 2:])
    torch.testing.assert_close(network.decode(network.encoder(lightness), told), network(lightness, hints))


def test_folded_encoder_computes_what_the_batch_normed_one_does() -> None:
    """First block by hand from the published weights, batch norm unfolded."""
    state = torch.load(imagenet_file(ENCODERS["efficientnet-lite0"]), weights_only=True)
    encoder = LiteEncoder(ENCODERS["efficientnet-lite0"]).eval()
    load_imagenet(encoder, state)

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        parts = [state[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
        return torch.nn.functional.batch_norm(x, *parts, eps=1e-3)

    grey = torch.rand(1, 1, 32, 32) * 2 - 1
    rgb = grey.expand(-1, 3, -1, -1)
    pad = torch.nn.functional.pad
    x = norm(torch.nn.functional.conv2d(pad(rgb, (0, 1, 0, 1)), state["_conv_stem.weight"], stride=2), "_bn0").clamp(
        0, 6
    )
    weight = state["_blocks.0._depthwise_conv.weight"]
    x = norm(torch.nn.functional.conv2d(x, weight, padding=1, groups=32), "_blocks.0._bn1").clamp(0, 6)
    x = norm(torch.nn.functional.conv2d(x, state["_blocks.0._project_conv.weight"]), "_blocks.0._bn2")
    stem = torch.nn.functional.relu6(encoder.stem(grey))
    torch.testing.assert_close(encoder.stages[0](stem), x, rtol=1e-3, atol=1e-4)


def test_features_of_the_published_widths() -> None:
    assert LiteEncoder(ENCODERS["efficientnet-lite0"]).channels == [24, 40, 112, 320]
    assert LiteEncoder(ENCODERS["efficientnet-lite2"]).channels == [24, 48, 120, 352]


def test_changed_imagenet_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "carries_weights"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "w.pth").write_bytes(b"something else")
    monkeypatch.syspath_prepend(tmp_path)
    config = ENCODERS["efficientnet-lite0"].__class__("x", 1, 1, "carries_weights", "w.pth", "0" * 64)
    with pytest.raises(WeightsError, match="sha256"):
        imagenet_file(config)


def test_annealed_mean_is_that_of_numpy() -> None:
    network, logits = Tint(SMALL), torch.randn(2, 229, 4, 5) * 3
    ours = annealed_mean(logits, network.bins, 0.6).permute(0, 2, 3, 1).numpy()
    plain = annealed_mean_numpy(logits.permute(0, 2, 3, 1).numpy(), network.bins.numpy(), 0.6)
    np.testing.assert_allclose(ours, plain, atol=1e-3)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(RecipeError, match="unknown system 'tnt'"):
        build_generator("tnt", {})
    with pytest.raises(RecipeError, match="options are encoder"):
        build_generator("tint", {"widht": 3})
    with pytest.raises(RecipeError, match="resnet"):
        build_generator("tint", {"encoder": "resnet"})


GROWN = {"queries": 8, "query_width": 32, "query_layers": 2, "middle_blocks": 1, "feed_forward": True}


def test_a_grown_network_begins_as_the_one_that_it_grew_from() -> None:
    """Queries and blocks change nothing until they are trained; then they do."""
    shipped = find_model("tint").info.generator
    plain = build_generator("tint", shipped).eval()
    initialise(plain, "tint")
    grown = build_generator("tint", {**shipped, **GROWN, "attention_blocks": 3}).eval()
    initialise(grown, "tint")
    lightness = torch.linspace(-1, 1, 64 * 96).reshape(1, 1, 64, 96)
    with torch.no_grad():
        before = plain(lightness)
        assert torch.equal(grown(lightness), before)
        grown.queries.colours.weight.normal_()
        assert not torch.allclose(grown(lightness), before)


def test_a_wider_decoder_begins_as_the_one_that_it_grew_from(tmp_path: Path) -> None:
    """With hints, too, and each new channel has something to learn from."""
    narrow = Tint(SMALL).eval()
    for name, value in narrow.state_dict().items():  # trained hints and norms, not those that the constructor makes
        if "hints" in name or "running" in name:
            value.uniform_(0.1, 0.5)
    file = tmp_path / "narrow.safetensors"
    write_tensors(file, narrow.state_dict(), {"system": "tint", "generator": asdict(SMALL)})
    wide = Tint(replace(SMALL, widths=(40, 24, 32)))
    initialise(wide, str(file))
    lightness, hints = torch.rand(2, 1, 64, 64) * 2 - 1, torch.rand(2, 3, 64, 64).round()
    with torch.no_grad():
        for given in ((lightness,), (lightness, hints)):
            torch.testing.assert_close(wide.eval()(*given), narrow(*given), atol=1e-5, rtol=1e-5)
    wide.train()(lightness, hints).square().mean().backward()
    assert wide.head.weight.grad is not None
    assert wide.head.weight.grad[:, 16:].abs().sum(0).min() > 0  # a channel that was dead would have none


def test_a_network_is_not_grown_from_weights_that_lack_more(tmp_path: Path) -> None:
    """Nor narrowed, nor widened outside its decoder; what the weights were made with is said."""
    shipped = find_model("tint").info.generator
    for change in ({"bottom": 128}, {"bottom": 320}, {"widths": [24, 16, 16]}):
        with pytest.raises(WeightsError, match=r"(head\.weight|bottom\.0|up16).*made with.*efficientnet-lite2"):
            initialise(build_generator("tint", {**shipped, **change}), "tint")


def test_every_part_of_a_grown_network_learns() -> None:
    network = build_generator("tint", GROWN)
    for name, parameter in network.named_parameters():
        if name.endswith(("project.weight", "narrow.weight", "colours.weight")):
            torch.nn.init.normal_(parameter, std=0.02)
    network(torch.rand(2, 1, 64, 64) * 2 - 1).square().mean().backward()
    silent = [
        name
        for name, parameter in network.named_parameters()
        if not name.startswith("hints.") and (parameter.grad is None or not parameter.grad.any())
    ]
    assert silent == []
