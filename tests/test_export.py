"""Checkpoint -> model file -> the same colours through the light core."""

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
import torch

from tintype import Colorizer
from tintype.errors import OutputError, WeightsError
from tintype.imaging.ab_bins import ab_bins
from tintype.models import build_generator
from tintype.models.task import PairForm
from tintype.models.tint import annealed_mean
from tintype.network.model_file import find_model
from tintype.network.network import Network
from tintype.training.answers import Answers
from tintype.training.checkpoint import write_tensors
from tintype.training.export import ModelFileGraph, export_checkpoint
from tintype.training.pretrained import initialise
from tintype.training.reading import Reading
from tintype.training.skin_probe import SkinProbe, read_skin_probe, write_skin_probe
from tintype.training.teacher import load_teacher

OPTIONS = {"encoder": "efficientnet-lite0", "bottom": 32, "widths": [24, 16, 16]}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    generator = build_generator("tint", OPTIONS)
    path = tmp_path_factory.mktemp("checkpoint") / "weights.safetensors"
    write_tensors(path, generator.state_dict(), {"system": "tint", "generator": OPTIONS, "images_seen": 7})
    return path


@pytest.fixture(scope="module")
def exported(checkpoint: Path) -> Path:
    output = checkpoint.with_name("small.onnx")
    return export_checkpoint(checkpoint, output, name="small", reading=Reading(0.5, 1.25))


def test_training_goes_on_from_a_model_file(exported: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every weight is in the file under its name, rounded to fp16: by path, and by name."""
    wanted = build_generator("tint", OPTIONS)
    initialise(wanted, str(checkpoint))
    monkeypatch.setenv("TINTYPE_MODELS", str(exported.parent))
    for weights in (str(exported), "small"):
        generator = build_generator("tint", OPTIONS)
        initialise(generator, weights)
        for name, value in wanted.state_dict().items():
            torch.testing.assert_close(generator.state_dict()[name], value, rtol=1e-3, atol=1e-4, msg=name)
    with pytest.raises(WeightsError, match="does not fit this generator"):
        initialise(build_generator("tint", OPTIONS | {"bottom": 64}), str(exported))


def test_a_model_file_knows_its_shape_and_so_can_teach(exported: Path, checkpoint: Path) -> None:
    answers = Answers(PairForm(), torch.tensor(ab_bins()))
    lightness = torch.rand(1, 1, 64, 64)
    by_file, by_weights = (load_teacher(str(path), answers, hints=False)(lightness) for path in (exported, checkpoint))
    torch.testing.assert_close(by_file, by_weights, rtol=2e-2, atol=2e-2)


def test_an_export_says_nothing_that_is_not_for_its_reader(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The engine that checks the graph has warnings of its own, of nodes that it does not fold."""
    options = {
        "encoder": "efficientnet-lite0",
        "width": 32,
        "hidden": 32,
        "queries": 10,
        "layers": 3,
        "feedforward": 32,
    }
    generator = build_generator("ddcolor", options)
    path = tmp_path / "weights.safetensors"
    write_tensors(path, generator.state_dict(), {"system": "ddcolor", "generator": options, "images_seen": 7})
    export_checkpoint(path, tmp_path / "small.onnx")
    assert "onnxruntime" not in capfd.readouterr().err


def test_metadata_and_size(exported: Path, checkpoint: Path) -> None:
    model = find_model(exported)
    assert (model.info.name, model.info.system, model.info.images_seen) == ("small", "tint", 7)
    assert (model.info.temperature, model.info.chroma_gain) == (0.5, 1.25)
    assert exported.stat().st_size < 0.6 * checkpoint.stat().st_size
    weights = onnx.load(exported).graph.initializer
    assert sum(w.data_type == onnx.TensorProto.FLOAT16 for w in weights) > 100


@pytest.mark.parametrize("shape", [(1, 32, 32), (3, 64, 160), (2, 96, 32)])
def test_the_runtime_computes_what_torch_does(exported: Path, checkpoint: Path, shape: tuple[int, int, int]) -> None:
    from tintype.training.checkpoint import read_checkpoint

    generator = build_generator("tint", OPTIONS).eval()
    generator.load_state_dict({k: v.half().to(v.dtype) for k, v in read_checkpoint(checkpoint).weights.items()})
    n, h, w = shape
    lightness = np.random.default_rng(1).uniform(-1, 1, (n, 1, h, w)).astype(np.float32)
    with torch.inference_mode():
        logits = generator(torch.from_numpy(lightness))
        expected = annealed_mean(logits, generator.bins, 0.5).numpy() * 1.25
    got = Network(find_model(exported), precision="f32").run(lightness)["ab"]
    np.testing.assert_allclose(got, expected, atol=0.05)


GAIN, WARM_GAIN, SKIN_GAIN = 1.5, 1.1, 0.6
LIGHT_GAIN, SHADE_GAIN, SKIN_ODDS = 2.5, 0.4, 0.7
HIDDEN = 5


def skin_probe(channels: tuple[int, ...], colours: int) -> SkinProbe:
    """A probe of weights that are drawn."""
    torch.manual_seed(3)
    probe = SkinProbe(channels, HIDDEN, colours)
    probe.odds.normal_()
    for parameter in probe.parameters():
        parameter.data.normal_(0, 0.3)
    return probe.eval()


def multiplied_by(ab: np.ndarray, light: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """(N, 2, h, w) -> (N, 1, h, w): all of WARM_GAIN at a hue of 55 degrees, or of SKIN_GAIN where there is skin (its
    probability (N, 1, h, w)), none of them from a right angle on; LIGHT_GAIN in what is lit, less in the shade, by the
    lightness L* of the places, (N, 1, h, w)."""
    away = np.abs(np.degrees(np.arctan2(ab[:, 1:], ab[:, :1])) - 55)
    away = np.minimum(np.minimum(away, 360 - away), 90)
    near = np.cos(np.radians(away)) ** 2
    mean = light.mean((1, 2, 3), keepdims=True)
    lit = 1 / (1 + np.exp(-(light - mean - 30) / 5)) / (1 + np.exp(-(45 - mean) / 4))
    lit = lit / (1 + np.exp(-(0.25 - lit.mean((1, 2, 3), keepdims=True)) / 0.05)) * (1 - skin) ** 2
    without = GAIN + (WARM_GAIN - GAIN) * near
    without = without * (1 - lit) + LIGHT_GAIN * lit
    without = without * (1 - (1 - SHADE_GAIN) / (1 + np.exp(-(18 - light) / 4)))
    return without + (SKIN_GAIN - without) * near * skin


def skin_in(features: list[torch.Tensor], probe: SkinProbe) -> np.ndarray:
    """What the probe must say: a perceptron on the features of four strides at stride 4."""

    def larger(x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(x, scale_factor=2, mode="bilinear")

    state = probe.state_dict()
    x4, x8, x16, x32 = features
    together = torch.cat([x4, larger(x8), larger(larger(x16)), larger(larger(larger(x32)))], 1)
    weight = torch.cat([state[f"layers.{n}.weight"] for n in range(4)], 1)[:, :, 0, 0]
    hidden = torch.einsum("nchw,kc->nkhw", together, weight) + state["layers.0.bias"][:, None, None]
    logits = torch.einsum("nkhw,k->nhw", hidden.clamp(min=0), state["answer.weight"][0, :, 0, 0])
    return torch.sigmoid(logits[:, None] + state["answer.bias"]).numpy()


def test_a_probe_of_skin_is_one_perceptron_over_four_strides(tmp_path: Path) -> None:
    torch.manual_seed(2)
    features = [torch.randn(2, count, 48 // stride, 32 // stride) for count, stride in ((3, 1), (5, 2), (7, 4), (4, 8))]
    probe = skin_probe((3, 5, 7, 4), 0)
    expected = skin_in(features, probe)
    assert expected.std() > 0.05
    np.testing.assert_allclose(probe(features).detach().numpy(), expected, atol=1e-5)
    write_skin_probe(tmp_path / "skin.safetensors", probe)
    generator = build_generator("tint", OPTIONS)
    with pytest.raises(WeightsError, match="for this encoder"):
        read_skin_probe(tmp_path / "skin.safetensors", generator)
    with pytest.raises(WeightsError, match="shows no features"):
        read_skin_probe(tmp_path / "skin.safetensors", build_generator("landscape", {}))


def test_a_probe_that_does_not_know_the_colours_makes_none_likelier(checkpoint: Path, tmp_path: Path) -> None:
    channels = build_generator("tint", OPTIONS).encoder.channels  # type: ignore[union-attr, index]
    write_skin_probe(tmp_path / "skin.safetensors", skin_probe(channels, 0))
    reading = Reading(skin=tmp_path / "skin.safetensors", skin_odds=1.0)
    with pytest.raises(WeightsError, match="odds of 0 colours"):
        export_checkpoint(checkpoint, tmp_path / "x.onnx", reading=reading)
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.parametrize("reading", [Reading(skin_odds=1.5), Reading(skin_gain=0.8)])
def test_gains_of_skin_need_the_probe_that_finds_it(checkpoint: Path, tmp_path: Path, reading: Reading) -> None:
    with pytest.raises(WeightsError, match=r"need a probe that finds skin: name its file with --skin"):
        export_checkpoint(checkpoint, tmp_path / "x.onnx", reading=reading)


@pytest.mark.parametrize(
    ("target", "reading", "message"),
    [
        ("ab", Reading(light_gain=2.0), "leave --light-gain and --shade-gain out"),
        ("rgb", Reading(shade_gain=0.5), "leave --light-gain and --shade-gain out"),
        ("light", Reading(chroma_gain=1.2), "has no colours to read"),
    ],
)
def test_a_reading_that_a_network_cannot_give_is_refused(
    target: Literal["ab", "rgb", "light"], reading: Reading, message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        ModelFileGraph(torch.nn.Identity(), Answers(PairForm(target=target)), reading)


@pytest.fixture(scope="module")
def hinted(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, torch.Tensor], Path]:
    """Weights whose hints are drawn, not trained, and the model file made of them."""
    from tintype.training.checkpoint import read_checkpoint

    folder, source = tmp_path_factory.mktemp("hinted"), read_checkpoint(checkpoint)
    torch.manual_seed(1)
    drawn = {name: t.normal_() if name.startswith("hints.") else t for name, t in source.weights.items()}
    write_tensors(folder / "hinted.safetensors", drawn, source.info | {"hints": "trained"})
    channels = build_generator("tint", OPTIONS).encoder.channels  # type: ignore[union-attr, index]
    write_skin_probe(folder / "skin.safetensors", skin_probe(channels, len(ab_bins())))
    skin = folder / "skin.safetensors"
    reading = Reading(
        0.6, GAIN, WARM_GAIN, skin, SKIN_GAIN, light_gain=LIGHT_GAIN, shade_gain=SHADE_GAIN, skin_odds=SKIN_ODDS
    )
    return drawn, export_checkpoint(folder / "hinted.safetensors", folder / "hinted.onnx", reading=reading)


@pytest.mark.parametrize("shape", [(1, 64, 96), (2, 96, 32)])
def test_hints_are_obeyed_and_need_no_second_look_at_the_picture(
    hinted: tuple[dict[str, torch.Tensor], Path], shape: tuple[int, int, int]
) -> None:
    drawn, path = hinted
    network = Network(find_model(path), "cpu", "f32", threads=1)
    info = network.model_file.info
    assert (info.hints, info.chroma_gain, info.warm_gain, info.skin_gain) == ("trained", GAIN, WARM_GAIN, SKIN_GAIN)
    assert (info.light_gain, info.shade_gain, info.skin_odds) == (LIGHT_GAIN, SHADE_GAIN, SKIN_ODDS)
    count, height, width = shape
    rng = np.random.default_rng(0)
    # Dark, with lights of a few cells, and grain within the cells.
    light = (95 * rng.random((count, 1, height // 4, width // 4)) ** 3).astype(np.float32)
    grain = np.tile(np.float32([[1, -1], [-1, 1]]), (height // 2, width // 2))
    lightness = (light.repeat(4, 2).repeat(4, 3) + grain) / np.float32(50) - 1
    hints = rng.uniform(-0.5, 0.5, (count, 3, height, width)).astype(np.float32)
    hints[:, 2] = rng.random((count, height, width)) < 0.01
    encoded = network.encode(lightness)
    whole, again = network.run(lightness, hints)["ab"], network.decode(encoded, hints)["ab"]
    np.testing.assert_allclose(again, whole, atol=1e-3)
    np.testing.assert_allclose(network.decode(encoded)["ab"], network.run(lightness)["ab"], atol=1e-3)
    assert np.abs(whole - network.run(lightness)["ab"]).max() > 1
    generator = build_generator("tint", OPTIONS).eval()
    generator.load_state_dict(drawn)
    probe = skin_probe(generator.encoder.channels, len(ab_bins()))  # type: ignore[union-attr, index]
    with torch.inference_mode():
        skin = skin_in(generator.encoder(torch.from_numpy(lightness)), probe)  # type: ignore[operator]
        # Divided, since the answer is multiplied: by the hue of all that is hinted in a cell.
        cells = (hints[:, :2] * hints[:, 2:]).reshape(count, 2, height // 4, 4, width // 4, 4).sum((3, 5))
        meant = hints[:, :2] / multiplied_by(cells, light, skin).repeat(4, 2).repeat(4, 3)
        told = torch.from_numpy(np.concatenate([meant, hints[:, 2:]], 1))
        logits = generator(torch.from_numpy(lightness), told)
        logits = logits + SKIN_ODDS * torch.from_numpy(skin) * probe.odds[:, None, None]
        mean = annealed_mean(logits, generator.bins, 0.6).numpy()  # type: ignore[arg-type]
    assert abs(float(skin.mean()) - 0.5) < 0.3
    expected = mean * multiplied_by(mean, light, skin)
    np.testing.assert_allclose(whole, expected, atol=0.05 + 0.005 * np.abs(expected).max())


def test_hints_are_gathered_into_cells_before_anything_else_is_done_with_them(
    hinted: tuple[dict[str, torch.Tensor], Path],
) -> None:
    """Work on them at every pixel is a fifth of a small network's time, spent where nobody gave a hint, too."""
    nodes = onnx.load_model(hinted[1]).graph.node
    assert [node.op_type for node in nodes if "hints" in node.input] == ["AveragePool"]


def test_the_file_tells_nothing_of_the_machine_it_was_made_on(exported: Path) -> None:
    data = exported.read_bytes()
    assert str(Path(__file__).parents[1]).encode() not in data
    assert b"stack_trace" not in data
    assert b"site-packages" not in data


def test_it_colours_a_photo(exported: Path, examples: list[Path]) -> None:
    photo = Colorizer(exported).colorize(examples[0])
    assert photo.chroma is not None


def test_a_flipped_bit_in_the_weights_is_found(exported: Path, tmp_path: Path) -> None:
    data = bytearray(exported.read_bytes())
    data[len(data) // 2] ^= 0x10
    (tmp_path / "flipped.onnx").write_bytes(data)
    with pytest.raises(WeightsError, match="corrupt"):
        find_model(tmp_path / "flipped.onnx")


def test_existing_file_is_kept(exported: Path, checkpoint: Path) -> None:
    with pytest.raises(OutputError, match="exists already"):
        export_checkpoint(checkpoint, exported)


def test_weights_of_another_shape(tmp_path: Path, checkpoint: Path) -> None:
    from tintype.training.checkpoint import read_checkpoint

    info = {"system": "tint", "generator": OPTIONS | {"bottom": 64}, "images_seen": 0}
    write_tensors(tmp_path / "w.safetensors", read_checkpoint(checkpoint).weights, info)
    with pytest.raises(WeightsError, match="does not fit"):
        export_checkpoint(tmp_path / "w.safetensors", tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()
