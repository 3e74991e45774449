"""The network runner: the right numbers, the stated precision, and clear refusals."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import tiny_model
from tintype import MissingExtra, TintypeError, WeightsError
from tintype.imaging.types import Planes
from tintype.network.model_file import ModelFile, read_model
from tintype.network.network import Network, bf16_difference


def lightness(*shape: int, seed: int = 0) -> Planes:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def has_bf16(model_file: ModelFile) -> bool:
    return Network(model_file, "cpu").precision == "bf16"


@pytest.mark.parametrize("shape", [(1, 1, 32, 32), (2, 1, 64, 96), (3, 1, 96, 32)])
def test_agrees_with_onnx_runtime(model_file: ModelFile, shape: tuple[int, ...]) -> None:
    planes = lightness(*shape)
    hints = lightness(shape[0], 3, *shape[2:], seed=1)
    hints[:, 2] = hints[:, 2] > 0
    meant = np.concatenate([hints[:, :2] * hints[:, 2:], hints[:, 2:]], 1)  # what stands beside the mask is no hint
    session = onnxruntime.InferenceSession(model_file.path, providers=["CPUExecutionProvider"])
    network = Network(model_file, "cpu", "f32")
    assert (network.device, network.precision) == ("cpu", "f32")
    for given in (None, hints):
        feed = {"lightness": planes, "hints": np.zeros_like(hints) if given is None else meant}
        expected = dict(zip(("ab", "distribution"), session.run(["ab", "distribution"], feed), strict=True))
        found = network.run(planes, given, outputs=("ab", "distribution"))
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            assert found[name].dtype == np.float32
            np.testing.assert_allclose(found[name], values, atol=1e-3)
        assert list(network.run(planes, given)) == ["ab"]


def test_same_input_same_numbers_from_many_threads(model_file: ModelFile) -> None:
    network = Network(model_file, threads=1)
    inputs = [lightness(1, 1, 32, 32 * (1 + i % 3), seed=i) for i in range(12)]
    alone = [network.run(planes)["ab"] for planes in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda planes: network.run(planes)["ab"], inputs))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_precision_is_stated(model_file: ModelFile) -> None:
    if not has_bf16(model_file):
        with pytest.raises(TintypeError, match="cannot compute in bf16"):
            Network(model_file, "cpu", "bf16")
        return
    mean, most = bf16_difference(model_file)
    assert 0 < mean <= most < 30
    planes = lightness(1, 1, 64, 64)
    rough, exact = (Network(model_file, "cpu", name).run(planes)["ab"] for name in ("bf16", "f32"))
    assert not np.array_equal(rough, exact)


def test_bad_planes(model_file: ModelFile) -> None:
    network = Network(model_file, "cpu")
    for shape in [(1, 1, 33, 32), (1, 1, 32, 0), (1, 3, 32, 32), (32, 32)]:
        with pytest.raises(TintypeError, match="multiples of 32"):
            network.run(lightness(*shape))
    with pytest.raises(TintypeError, match="hints are"):
        network.run(lightness(1, 1, 32, 32), lightness(1, 3, 32, 64))
    with pytest.raises(WeightsError, match="no output 'depth'"):
        network.run(lightness(1, 1, 32, 32), outputs=("depth",))


def test_bad_choices(model_file: ModelFile) -> None:
    with pytest.raises(TintypeError, match="choose one of auto, cpu, cuda"):
        Network(model_file, "tpu")  # type: ignore[arg-type]
    with pytest.raises(TintypeError, match="choose one of auto, f32, bf16"):
        Network(model_file, precision="f8")  # type: ignore[arg-type]
    with pytest.raises(TintypeError, match="the least is 1"):
        Network(model_file, threads=0)


def test_a_gpu_needs_its_extra(model_file: ModelFile) -> None:
    if Network(model_file).device == "cuda":
        pytest.skip("this machine has the extra and a GPU")
    with pytest.raises((MissingExtra, TintypeError)):
        Network(model_file, "cuda")


def test_a_broken_network_is_an_error_and_never_grey(tmp_path: Path) -> None:
    model = read_model(tiny_model.build(tmp_path / "nan.onnx", weight=float("nan")))
    with pytest.raises(WeightsError, match="NaN"):
        Network(model, "cpu").run(lightness(1, 1, 32, 32))
