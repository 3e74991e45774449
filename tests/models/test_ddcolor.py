"""DDColor: its published size and names, its files in and out, and its loss."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import spectral_norm, weight_norm

from tintype import Colorizer, WeightsError
from tintype.models import SYSTEMS, build_generator
from tintype.models.ddcolor import DDColor, DDColorConfig, neutral
from tintype.network.model_file import find_model
from tintype.training.ddcolor_file import export_published, published_names, read_published
from tintype.training.losses import colourfulness_loss

SMALL = DDColorConfig(width=32, hidden=32, queries=10, layers=3, heads=8, feedforward=32)


@pytest.mark.parametrize("encoder, millions", [("convnext-t", 55.0), ("convnext-l", 227.9)])
def test_it_has_as_many_parameters_as_was_published(encoder: str, millions: float) -> None:
    with torch.device("meta"):
        network = DDColor(DDColorConfig(encoder=encoder))
    assert round(sum(weight.numel() for weight in network.parameters()) / 1e6, 1) == millions


def published_state(network: DDColor) -> dict[str, torch.Tensor]:
    """The state_dict as torch's older norms store it, which the published files were written with."""
    state = {}
    for name, value in network.state_dict().items():
        base, found, last = name.partition(".parametrizations.weight.")
        old = {"original": "weight_orig", "0._u": "weight_u", "0._v": "weight_v", "original0": "weight_g",
               "original1": "weight_v"}  # fmt: skip
        state[f"{base}.{old[last]}" if found else name] = value.clone()
    width = state["encoder.arch.norm3.weight"].shape[0]
    state |= {"encoder.arch.norm.weight": torch.ones(width), "encoder.arch.norm.bias": torch.zeros(width)}
    return state


def test_older_norms_are_named_as_assumed() -> None:
    spectral, weighed = spectral_norm(nn.Conv2d(2, 3, 1, bias=False)), weight_norm(nn.Conv2d(2, 3, 1))
    assert set(spectral.state_dict()) == {"weight_orig", "weight_u", "weight_v"}
    assert set(weighed.state_dict()) == {"bias", "weight_g", "weight_v"}


# Names that public code which loads these files prints or asks for.
NAMED = {
    "encoder.arch.downsample_layers.0.0.weight": (96, 3, 4, 4),
    "encoder.arch.stages.2.8.gamma": (384,),
    "encoder.arch.stages.0.0.dwconv.weight": (96, 1, 7, 7),
    "encoder.arch.norm2.weight": (384,),
    "decoder.layers.0.shuf.conv.0.weight_orig": (2048, 768, 1, 1),
    "decoder.layers.0.shuf.conv.1.running_mean": (2048,),
    "decoder.layers.0.bn.weight": (384,),
    "decoder.layers.0.conv.0.weight_orig": (512, 896, 3, 3),
    "decoder.layers.2.conv.2.weight": (256,),
    "decoder.last_shuf.conv.0.weight_g": (4096, 1, 1, 1),
    "decoder.last_shuf.conv.0.weight_v": (4096, 256, 1, 1),
    "decoder.last_shuf.conv.0.bias": (4096,),
    "decoder.color_decoder.transformer_self_attention_layers.8.self_attn.in_proj_weight": (768, 256),
    "decoder.color_decoder.transformer_cross_attention_layers.0.multihead_attn.out_proj.weight": (256, 256),
    "decoder.color_decoder.transformer_ffn_layers.8.linear1.weight": (2048, 256),
    "decoder.color_decoder.query_feat.weight": (100, 256),
    "decoder.color_decoder.level_embed.weight": (3, 256),
    "decoder.color_decoder.input_proj.2.weight": (256, 256, 1, 1),
    "decoder.color_decoder.color_embed.layers.2.weight": (256, 256),
    "refine_net.0.0.weight_orig": (2, 103, 1, 1),
    "refine_net.0.0.weight_u": (2,),
    "mean": (1, 3, 1, 1),
}


def test_its_weights_are_named_and_shaped_as_published() -> None:
    with torch.device("meta"):
        state = published_state(DDColor())
    assert NAMED.items() <= {name: tuple(value.shape) for name, value in state.items()}.items()
    assert published_names(state).keys() == DDColor(SMALL).state_dict().keys() | {
        name for name in published_names(state) if ".transformer_" in name
    }


@pytest.fixture(scope="module")
def network() -> DDColor:
    torch.manual_seed(0)
    made = DDColor(SMALL).train()
    with torch.no_grad():  # an untrained one hardly depends on its encoder
        for name, weight in made.named_parameters():
            if name.endswith("gamma"):
                weight.fill_(0.3)
    made(torch.rand(4, 1, 64, 64) * 2 - 1)  # norms see something
    return made.eval()


@pytest.mark.parametrize("wrapper", [None, "params"])
def test_a_published_file_gives_the_same_network(wrapper: str | None, network: DDColor, tmp_path: Path) -> None:
    state = published_state(network)
    path = tmp_path / "pytorch_model.bin"
    torch.save({wrapper: state} if wrapper else state, path)
    read = read_published(path)
    assert read.config == SMALL
    lightness = torch.rand(1, 1, 64, 96) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(read(lightness), network(lightness))


def test_files_of_others_are_refused(tmp_path: Path, network: DDColor) -> None:
    path = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="not DDColor's weights"):
        read_published(path)
    torch.save(nn.Linear(2, 2), path)  # code, not tensors
    with pytest.raises(WeightsError, match="not a readable file of weights"):
        read_published(path)
    state = published_state(network)
    del state["decoder.layers.0.bn.weight"]
    torch.save(state, path)
    with pytest.raises(WeightsError, match=r"does not fit DDColor: Missing key.*decoder\.layers\.0\.bn\.weight"):
        read_published(path)


@pytest.mark.slow
def test_exported_and_read_again_through_its_contract_it_is_the_same(network: DDColor, tmp_path: Path) -> None:
    state, path = tmp_path / "model.bin", tmp_path / "exported.onnx"
    torch.save(published_state(network), state)
    export_published(read_published(state), path)
    assert find_model(path).contract == "ddcolor"
    colorizer = Colorizer(path, threads=1, precision="f32")
    luma = np.random.default_rng(0).integers(0, 256, (64, 96)).astype(np.uint8)
    with torch.inference_mode():
        from tintype.imaging.color import lightness_from_luma

        lightness = torch.from_numpy(lightness_from_luma(luma / np.float32(255)) / 50 - 1)[None, None].float()
        expected = network(lightness)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(colorizer.open(luma).predict_ab(size=64), expected, atol=0.02)


def test_the_neutral_picture_is_that_of_the_lightness() -> None:
    from tintype.imaging.color import luma_from_lightness

    lightness = torch.linspace(-1, 1, 101)[None, None, None]
    expected = luma_from_lightness(lightness.numpy() * 50 + 50)
    np.testing.assert_allclose(neutral(lightness).numpy(), np.repeat(expected, 3, 1), atol=1e-5)


def test_it_is_a_system_that_trains_from_imagenet_weights() -> None:
    options = {
        "encoder": "efficientnet-lite0",
        "width": 32,
        "hidden": 32,
        "queries": 10,
        "layers": 3,
        "feedforward": 32,
    }
    generator = build_generator("ddcolor", options)
    assert SYSTEMS["ddcolor"].form.scale == 1
    answer = generator(torch.zeros(2, 1, 64, 64))
    assert answer.shape == (2, 2, 64, 64)
    answer.mean().backward()
    idle = [name for name, weight in generator.named_parameters() if weight.grad is None]
    assert idle == []


def test_colourful_pictures_have_the_smaller_loss() -> None:
    rgb = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    grey = rgb.mean(1, keepdim=True).expand(-1, 3, -1, -1).clone().requires_grad_()
    assert colourfulness_loss(rgb) < colourfulness_loss(0.5 * rgb + 0.5 * grey) < colourfulness_loss(grey)
    torch.testing.assert_close(colourfulness_loss(grey), torch.tensor(1.0), atol=1e-3, rtol=0)
    colourfulness_loss(grey).backward()
    assert grey.grad is not None
    assert grey.grad.isfinite().all()
