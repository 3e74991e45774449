"""What training starts from: published weights by place, path and address, other runs, and one-line refusals."""

import hashlib
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tintype.errors import TintypeError, WeightsError
from tintype.models.nogan import NoGANConfig, NoGANUNet
from tintype.models.pix2pix import Pix2PixConfig, Pix2PixUNet
from tintype.models.resnet import ResNetEncoder
from tintype.training.checkpoint import write_tensors
from tintype.training.pretrained import initialise
from tintype.training.recipe import load_recipe


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TINTYPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def network(encoder: str = "resnet18", seed: int = 0) -> NoGANUNet:
    torch.manual_seed(seed)
    return NoGANUNet(NoGANConfig(encoder=encoder, width=4))


@pytest.fixture(scope="module")
def published() -> dict[str, Tensor]:
    """Weights as torchvision names them, classifier included, without the counters that old files lack."""
    torch.manual_seed(7)
    state = {
        name: torch.rand_like(value)
        for name, value in ResNetEncoder("resnet18").state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    return state | {"fc.weight": torch.rand(10, 512), "fc.bias": torch.rand(10)}


@pytest.fixture(scope="module")
def torch_file(published: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(published, path)
    return path


def same(module: nn.Module, state: dict[str, Tensor]) -> bool:
    return all(torch.equal(module.state_dict()[name], state[name]) for name in state if not name.startswith("fc."))


@pytest.mark.seed("S1-26", "S3-01")
def test_resnet_from_a_torch_file_and_from_safetensors(
    torch_file: Path, published: dict[str, Tensor], tmp_path: Path
) -> None:
    save_file(published, tmp_path / "resnet18.safetensors")
    for path in (torch_file, tmp_path / "resnet18.safetensors"):
        generator = network()
        assert not same(generator.encoder, published)
        initialise(generator, str(path))
        assert same(generator.encoder, published)


def test_an_address_is_fetched_once_and_its_hash_is_checked(
    torch_file: Path, published: dict[str, Tensor], empty_cache: Path, tmp_path: Path
) -> None:
    digest = hashlib.sha256(torch_file.read_bytes()).hexdigest()
    named = tmp_path / f"resnet18-{digest[:8]}.pth"
    os.link(torch_file, named)
    for url in (f"{torch_file.as_uri()}#sha256={digest}", named.as_uri()):
        generator = network()
        initialise(generator, url)
        assert same(generator.encoder, published)
    named.unlink()
    initialise(network(), named.as_uri())  # from the cache
    assert len(list((empty_cache / "weights").iterdir())) == 2
    (empty_cache / "weights" / f"{digest[:8]}-{named.name}").write_bytes(b"broken")
    with pytest.raises(WeightsError, match="No such file"):
        initialise(network(), named.as_uri())


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("", "no hash to check it by"),
        ("#sha256=1234", "no hash"),
        ("#sha256=0123456789", "sha256 .*, expected 01234567"),
    ],
)
def test_an_address_without_the_right_hash(torch_file: Path, end: str, message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        initialise(network(), torch_file.as_uri() + end)


@pytest.mark.parametrize("weights", [None, "imagenet"])
def test_imagenet_weights_of_a_lite_encoder_come_from_its_package(weights: str | None) -> None:
    one, two = network("efficientnet-lite0", 0), network("efficientnet-lite0", 1)
    assert not torch.equal(one.encoder.stem.weight, two.encoder.stem.weight)  # type: ignore[union-attr, arg-type]
    initialise(one, weights)
    initialise(two, weights)
    assert same(one.encoder, two.encoder.state_dict())
    assert not torch.equal(one.middle[0][1].weight, one.encoder.stem.weight)  # type: ignore[index, arg-type, union-attr]


def test_without_a_network_one_line_tells_the_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tintype.training.pretrained.TORCHVISION", "http://127.0.0.1:9/")
    with pytest.raises(
        WeightsError, match=r"refused.*resnet18-f37072fd.pth by its path.*efficientnet-lite0.*'none'"
    ) as e:
        initialise(network())
    assert "\n" not in str(e.value)


def test_none_and_generators_without_an_encoder_stay_as_they_are() -> None:
    for generator, weights in ((network(), "none"), (Pix2PixUNet(Pix2PixConfig(width=2)), None)):
        before = {name: value.clone() for name, value in generator.state_dict().items()}
        initialise(generator, weights)
        assert same(generator, before)


@pytest.mark.seed("S1-26")
def test_a_run_starts_from_another_runs_checkpoint(tmp_path: Path) -> None:
    """Supervised training first, adversarial after it: the second starts with all weights of the first."""
    first, second = network(seed=1), network(seed=2)
    run = tmp_path / "run"
    write_tensors(run / "checkpoints/weights-000000001.safetensors", first.state_dict(), {"system": "nogan"})
    for weights in (run, run / "checkpoints/weights-000000001.safetensors"):
        initialise(second, str(weights))
        assert same(second, first.state_dict())


def test_several_runs_are_averaged(tmp_path: Path) -> None:
    networks = [network(seed=seed) for seed in (1, 2, 3)]
    files = [tmp_path / f"{number}.safetensors" for number in range(3)]
    for file, one in zip(files, networks, strict=True):
        write_tensors(file, one.state_dict(), {"system": "nogan"})
    recipe = load_recipe("nogan", [f"pretrained={[str(file) for file in files]}"])
    (tmp_path / "again.toml").write_text(recipe.to_toml())
    assert load_recipe(tmp_path / "again.toml") == recipe
    mean = network(seed=4)
    initialise(mean, recipe.pretrained)
    states = [one.state_dict() for one in networks]
    for name, value in mean.state_dict().items():
        if name.endswith(("._u", "._v")):  # of spectral norm: a mean would be shorter than one
            assert torch.equal(value, states[-1][name]), name
        elif value.is_floating_point():
            assert torch.allclose(value, sum(state[name] for state in states) / 3, atol=1e-6), name
    assert any(name.endswith("._u") for name in states[0])
    with pytest.raises(WeightsError, match=r"missing\.pth"):
        initialise(mean, [str(files[0]), "missing.pth"])


def test_files_that_do_not_fit_are_named_in_one_line(torch_file: Path, tmp_path: Path) -> None:
    write_tensors(tmp_path / "pix2pix.safetensors", network().state_dict(), {"system": "nogan"})
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "small.pth")
    surplus = torch.load(torch_file, weights_only=True) | {"layer9.weight": torch.zeros(1)}
    torch.save(surplus, tmp_path / "surplus.pth")
    torch.save({"epoch": 3}, tmp_path / "more.pth")
    (tmp_path / "broken.pth").write_bytes(b"nothing")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    pix2pix = Pix2PixUNet(Pix2PixConfig(width=2))
    cases: list[tuple[nn.Module, Path, str]] = [
        (pix2pix, tmp_path / "pix2pix.safetensors", "does not fit this generator: layers.* is missing"),
        (pix2pix, torch_file, "this generator has no encoder"),
        (network("resnet34"), torch_file, "does not fit the encoder: layer.* is missing"),
        (network(), tmp_path / "small.pth", "conv1.weight is 3, not 64x3x7x7"),
        (network("efficientnet-lite0"), torch_file, "does not fit the encoder: KeyError"),
        (network(), tmp_path / "surplus.pth", "layer9.weight is unknown"),
        (network(), tmp_path / "more.pth", "more than named tensors"),
        (network(), tmp_path / "broken.pth", "not a readable file of weights"),
        (network(), tmp_path / "broken.safetensors", "not a readable safetensors file"),
        (network(), tmp_path / "missing.pth", "no such file"),
    ]
    for generator, path, message in cases:
        with pytest.raises(TintypeError, match=message) as caught:
            initialise(generator, str(path))
        assert "\n" not in str(caught.value)


def test_a_pickle_with_code_in_it_is_refused(tmp_path: Path) -> None:
    torch.save({"conv1.weight": nn.Conv2d(1, 1, 1)}, tmp_path / "module.pth")
    with pytest.raises(WeightsError, match=r"not a readable file of weights \(UnpicklingError\)"):
        initialise(network(), str(tmp_path / "module.pth"))
