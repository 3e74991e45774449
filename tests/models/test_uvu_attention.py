"""Luong's attentions in UvU-Net: they sum to one, look where they should, learn, and export at any size."""

import logging
import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from tintype.models.luong import LuongAttention
from tintype.models.uvu import UvUConfig, UvUNet

KINDS = ("global", "local")


def attention(window: float | None, strength: float = 0.3) -> LuongAttention:
    """A small one whose weights are far from uniform."""
    torch.manual_seed(0)
    made = LuongAttention(16, 8, 12, window)
    for weight in made.parameters():
        nn.init.normal_(weight, std=strength)
    return made


def maps(height: int = 8, width: int = 16, pictures: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    query, inner, outer = (torch.randn(pictures, c, height, width, generator=generator) for c in (16, 8, 12))
    return query, inner, outer


@pytest.mark.parametrize("window", [None, 1, 2.5])
def test_weights_sum_to_one_over_all_positions_of_both_sources(window: float | None) -> None:
    with torch.inference_mode():
        weights = attention(window).weights(*maps())
    assert weights.shape == (2, 8, 16, 2, 8, 16)
    torch.testing.assert_close(weights.sum((3, 4, 5)), torch.ones(2, 8, 16))
    assert weights.min() >= 0
    assert weights.amax((3, 4, 5)).mean() > 2 / (2 * 8 * 16)  # not uniform


@pytest.mark.parametrize("window", [None, 2])
def test_answer_is_the_state_of_the_weighted_sources(window: float | None) -> None:
    """Against the equations written out for every position, without bands."""
    made, (query, inner, outer) = attention(window), maps()
    with torch.inference_mode():
        sources = torch.stack([inner, made.reduce(outer)], 1)  # (N, 2, C, H, W)
        context = torch.einsum("nhwsij,nscij->nchw", made.weights(query, inner, outer), sources)
        expected = torch.einsum("oi,nihw->nohw", made.state.weight[:, :, 0, 0], torch.cat([context, query], 1)).tanh()
        torch.testing.assert_close(made(query, inner, outer), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.seed("S0-20")
def test_global_scores_are_general() -> None:
    """The log of two weights' ratio is the difference of their scores q W h."""
    made, (query, inner, outer) = attention(None), maps()
    with torch.inference_mode():
        weights = made.weights(query, inner, outer)[0, 3, 5, 0]
        wanted = made.general.weight[:, :, 0, 0] @ query[0, :, 3, 5]
        scores = torch.einsum("c,chw->hw", wanted, inner[0])
    torch.testing.assert_close(weights.log() - weights[0, 0].log(), scores - scores[0, 0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.seed("S0-20")
def test_local_weights_are_zero_out_of_the_window(window: int) -> None:
    made, (query, inner, outer) = attention(window), maps()
    with torch.inference_mode():
        weights, centres = made.weights(query, inner, outer), made.centres(query)
    rows = (torch.arange(8) + 0.5 - centres[:, 0, :, :, None]).abs() <= window
    columns = (torch.arange(16) + 0.5 - centres[:, 1, :, :, None]).abs() <= window
    inside = (rows[..., :, None] & columns[..., None, :])[:, :, :, None].expand_as(weights)
    assert (weights[~inside] == 0).all()
    assert (weights[inside] > 0).all()
    assert inside.float().mean() < 0.9


def test_local_attention_starts_at_its_own_position_and_can_look_elsewhere() -> None:
    made, (query, inner, outer) = attention(2), maps()
    nn.init.zeros_(made.centre.weight)
    rows, columns = torch.meshgrid(torch.arange(8) + 0.5, torch.arange(16) + 0.5, indexing="ij")
    with torch.inference_mode():
        torch.testing.assert_close(made.centres(query), torch.stack([rows, columns]).expand(2, -1, -1, -1))
        # What happens far away does not matter ...
        changed = inner.clone()
        changed[:, :, 7, 15] += 10
        difference = (made(query, changed, outer) - made(query, inner, outer)).abs().sum(1)
        assert (difference[:, :5] == 0).all()
        assert (difference[:, :, :13] == 0).all()
        assert (difference[:, 6:, 14:] > 0).any()
        # ... until the centre moves there.
        nn.init.normal_(made.centre.weight, std=5)
        moved = made.centres(query)
    assert (moved[:, 1] - columns).abs().max() > 8
    assert moved.min() >= 0
    assert moved[:, 0].max() <= 8
    assert moved[:, 1].max() <= 16


def test_global_attention_reaches_everywhere() -> None:
    made, (query, inner, outer) = attention(None, strength=0.1), maps()
    changed = inner.clone()
    changed[:, :, 7, 15] += 1
    with torch.inference_mode():
        assert ((made(query, changed, outer) - made(query, inner, outer)).abs().sum(1) > 0).all()


@pytest.mark.parametrize("window", [None, 2])
def test_gradient_reaches_every_weight(window: float | None) -> None:
    made = attention(window)
    made(*maps()).square().sum().backward()
    silent = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


@pytest.mark.parametrize("kind", KINDS)
def test_network_learns_everywhere_at_every_size(kind: str) -> None:
    torch.manual_seed(0)
    network = UvUNet(UvUConfig(width=4, attention=kind))  # type: ignore[arg-type]
    for side in (256, 384):
        with torch.inference_mode():
            assert network.eval()(torch.randn(1, 1, side, 128)).shape == (1, 2, side, 128)
    network.train()(torch.randn(2, 1, 128, 128)).square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.parametrize(("kind", "count"), [("global", 61_181_890), ("local", 61_247_682)])
def test_parameter_counts(kind: str, count: int) -> None:
    with torch.device("meta"):
        network = UvUNet(UvUConfig(attention=kind))  # type: ignore[arg-type]
    assert sum(p.numel() for p in network.parameters()) == count


def test_unknown_kind_and_window() -> None:
    with pytest.raises(ValueError, match="attention 'globl'; known: source, spatial, global, local, none"):
        UvUNet(UvUConfig(attention="globl"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"window 0.5: at least 1"):
        UvUNet(UvUConfig(width=4, attention="local", window=0.5))


def exported(network: nn.Module, example: tuple[Tensor, ...], names: list[str]) -> onnxruntime.InferenceSession:
    """An ONNX session of `network`, batch and sides of its inputs left open."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    auto = torch.export.Dim.AUTO
    shapes = tuple({0: torch.export.Dim("batch"), 2: auto, 3: auto} for _ in names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network.eval(),
            example,
            dynamo=True,
            opset_version=18,
            input_names=names,
            dynamic_shapes=shapes,
            verbose=False,
        )
    assert program is not None
    return onnxruntime.InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.slow
@pytest.mark.parametrize("window", [None, 2.5])
def test_attention_exports_with_open_sizes(window: float | None) -> None:
    made = attention(window)
    session = exported(made, maps(), ["query", "inner", "outer"])
    for pictures, height, width in ((1, 8, 8), (2, 16, 16), (3, 24, 8), (1, 16, 40)):
        inputs = maps(height, width, pictures)
        with torch.inference_mode():
            expected = made(*inputs).numpy()
        feed = dict(zip(("query", "inner", "outer"), (t.numpy() for t in inputs), strict=True))
        np.testing.assert_allclose(np.asarray(session.run(None, feed)[0]), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_network_exports_with_open_sizes(kind: str) -> None:
    torch.manual_seed(0)
    network = UvUNet(UvUConfig(width=8, attention=kind))  # type: ignore[arg-type]
    session = exported(network, (torch.zeros(2, 1, 256, 384),), ["lightness"])
    for pictures, height, width in ((1, 128, 128), (2, 256, 256), (1, 384, 128)):
        x = torch.randn(pictures, 1, height, width)
        with torch.inference_mode():
            expected = network(x).numpy()
        np.testing.assert_allclose(np.asarray(session.run(None, {"lightness": x.numpy()})[0]), expected, atol=1e-4)
