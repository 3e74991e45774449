"""Seed 3, NoGAN: the networks' parts, the stages and their order, noise, sizes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.nn.utils import parametrize

import tiny_model
from tintype import Colorizer
from tintype.data.cache import PictureCache, open_cache
from tintype.data.pairs import Augmentation, Batches, PairBatch, PairLoader
from tintype.data.sources import list_entries
from tintype.models import build_generator
from tintype.models.nogan import NoGANConfig, NoGANCritic, NoGANCriticConfig, NoGANUNet, SAGANAttention
from tintype.models.task import PairForm
from tintype.training.networks import Training
from tintype.training.optimizers import build_optimizer
from tintype.training.recipe import load_recipe
from training_pictures import write_tiles

IMAGENET = 1_281_167  # pictures for training


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> PictureCache:
    root = tmp_path_factory.mktemp("nogan")
    return open_cache([write_tiles(root / "photos", side=64, per_picture=1)], 64, root / "cache")


def generator() -> nn.Module:
    return NoGANUNet(NoGANConfig(encoder="resnet18", width=4))


def critic() -> nn.Module:
    return NoGANCritic(NoGANCriticConfig(width=4))


@pytest.mark.seed("S3-02", "S3-03", "S3-04")
@pytest.mark.parametrize("build", [generator, critic])
def test_both_networks_have_self_attention_and_spectral_norm(build: Callable[[], nn.Module]) -> None:
    network = build()
    assert sum(isinstance(module, SAGANAttention) for module in network.modules()) == 1
    convs = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv1d | nn.Conv2d)
        and not name.startswith("encoder")
        and not name.startswith("head.1")
    }
    assert len(convs) > 8
    assert all(parametrize.is_parametrized(conv, "weight") for conv in convs.values())
    assert not any(isinstance(module, nn.Linear) for module in network.modules())


@pytest.mark.seed("S3-04")
def test_averaged_weights_have_spectral_norm_one_as_well(cache: PictureCache) -> None:
    """The norm's two vectors may turn round together from one step to the next: their mean would be far too short."""
    small = ["generator.encoder=resnet18", "generator.width=4", "critic.width=4", "pretrained=none"]
    recipe = load_recipe("nogan", [*small, "stages.*.losses={ l1 = 1 }"])
    training = Training(recipe, cache, np.arange(len(cache)), Fabric(accelerator="cpu", devices=1))
    training.update_average(5_000, 100_000)
    for name, value in training.networks["generator"].state_dict().items():
        if name.endswith(("._u", "._v")):
            value.neg_()
    training.update_average(5_000, 100_000)
    with training.averaged() as network:
        convs = [conv for conv in network.modules() if parametrize.is_parametrized(conv, "weight")]
        norms = [float(torch.linalg.matrix_norm(conv.weight.detach().flatten(1), ord=2)) for conv in convs]
    assert len(norms) > 10
    assert norms == pytest.approx([1] * len(norms), abs=0.1)


@pytest.mark.seed("S3-01")
def test_the_backbone_is_resnet34_when_asked_for() -> None:
    recipe = load_recipe("nogan", ["generator.encoder=resnet34"])
    assert recipe.pretrained == "imagenet"
    with torch.device("meta"):
        made = build_generator(recipe.system, recipe.generator)
    assert isinstance(made, NoGANUNet)
    assert sum(p.numel() for p in made.encoder.parameters()) == 21_284_672


@pytest.mark.seed("S3-06")
def test_two_time_scales() -> None:
    recipe = load_recipe("nogan")
    [stage] = [stage for stage in recipe.stages if stage.kind == "adversarial"]
    made = {"generator": generator(), "critic": critic()}
    highest = {
        name: max(group["lr"] for group in build_optimizer(name, network, stage, recipe.optimizer).param_groups)
        for name, network in made.items()
    }
    assert highest["critic"] == pytest.approx(5 * highest["generator"])


@pytest.mark.seed("S3-08", "S3-09")
def test_generator_then_critic_then_both_and_again() -> None:
    def kinds(cycles: int) -> list[str]:
        return [stage.kind for stage in load_recipe("nogan", [f"cycles={cycles}"]).schedule if stage.size >= 128][-6:]

    once = load_recipe("nogan", ["cycles=1"]).schedule
    assert [stage.kind for stage in once] == [*(["supervised"] * (len(once) - 2)), "critic", "adversarial"]
    assert all("feature" in stage.losses for stage in once if stage.kind == "supervised")
    assert kinds(3) == ["critic", "adversarial"] * 3
    names = [stage.name for stage in load_recipe("nogan", ["cycles=3"]).schedule]
    assert len(set(names)) == len(names)


@pytest.mark.seed("S3-10")
def test_very_little_of_it_is_adversarial() -> None:
    recipe = load_recipe("nogan")
    adversarial = [stage for stage in recipe.schedule if stage.kind == "adversarial"]
    assert sum(stage.images for stage in adversarial) <= 0.03 * IMAGENET
    assert sum(stage.images for stage in adversarial) < 0.2 * recipe.images
    assert all(stage.back_to_best for stage in adversarial)
    assert all(stage.images >= 2 * recipe.log.candidate for stage in adversarial)  # there is something to choose from
    assert load_recipe("nogan", ["log.candidate=1280"]).log.candidate <= 0.001 * IMAGENET


def conditions(cache: PictureCache, noise: float) -> PairBatch:
    form = PairForm(target="ab", scale=110.0, stride=1)
    noisy = Augmentation(noise=noise)
    loader = PairLoader(cache, np.arange(len(cache)), Batches(16), noisy, form=form, size=64, seed=0)
    return next(iter(loader))


@pytest.mark.seed("S3-11", "S3-12")
def test_noise_is_gaussian_on_the_input_alone_and_as_strong_as_asked(cache: PictureCache) -> None:
    clean, some, more = (conditions(cache, noise) for noise in (0, 12, 36))
    assert torch.equal(clean.target, some.target)
    grey = (clean.condition.abs() < 0.6).float()  # where nothing is cut off

    def levels(batch: PairBatch) -> torch.Tensor:
        added = (batch.condition - clean.condition) * grey * 127.5
        return (added.square().sum((1, 2, 3)) / grey.sum((1, 2, 3))).sqrt()

    weak, strong = levels(some), levels(more)
    assert weak.max() <= 12.5
    assert weak.max() > 4 * weak.min()  # each sample has its own strength
    torch.testing.assert_close(strong, 3 * weak, rtol=0.1, atol=0.3)
    sample = int(weak.argmax())
    added = (some.condition - clean.condition)[sample][clean.condition[sample].abs() < 0.6] * 127.5 / weak[sample]
    within = [float((added.abs() < limit).float().mean()) for limit in (1, 2)]
    assert within == pytest.approx([0.683, 0.954], abs=0.04)  # as a normal distribution has it


@pytest.mark.seed("S3-13")
def test_sizes_grow_from_stage_to_stage() -> None:
    sizes = [stage.size for stage in load_recipe("nogan").stages if stage.kind == "supervised"]
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 64
    steps = [64, 96, 128, 192, 256]
    more = [f"stages.{i}.size={size}" for i, size in enumerate(steps)] + ["stages.4.kind=supervised"]
    recipe = load_recipe("nogan", [*more, "stages.4.losses={ l1 = 1 }", "cycle_from=gan"])
    assert [stage.size for stage in recipe.stages[:5]] == steps


@pytest.mark.seed("S3-15")
def test_one_size_for_all_stages_can_be_tried() -> None:
    recipe = load_recipe("nogan", ["stages.*.size=128"])
    assert {stage.size for stage in recipe.schedule} == {128}
    assert recipe.images == load_recipe("nogan").images


@pytest.mark.seed("S3-18")
@pytest.mark.parametrize("multiple", [32, 128, 256])
@pytest.mark.parametrize("shape", [(400, 400), (250, 131), (1, 1), (97, 640)])
def test_any_size_is_coloured_whatever_the_network_needs(tmp_path: Path, shape: tuple[int, int], multiple: int) -> None:
    colorizer = Colorizer(tiny_model.build(tmp_path / "tiny.onnx", size_multiple=multiple), threads=1)
    grey = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    coloured = colorizer.colorize(grey)
    assert coloured.rgb().shape == (*shape, 3)
    np.testing.assert_array_equal(coloured.luma, grey)


@pytest.mark.seed("S3-19")
def test_folders_of_classes_are_read_to_the_bottom(tmp_path: Path) -> None:
    for kind, name in (("n01440764", "n01440764_18.JPEG"), ("n02102040", "n02102040_7.JPEG")):
        (tmp_path / "train" / kind).mkdir(parents=True)
        (tmp_path / "train" / kind / name).touch()
    assert [entry.name for entry in list_entries(tmp_path / "train")] == [
        "n01440764/n01440764_18.JPEG",
        "n02102040/n02102040_7.JPEG",
    ]


@pytest.mark.seed("S3-21")
def test_attention_can_be_left_out() -> None:
    options = {"encoder": "resnet18", "width": 4}
    attending, plain = (build_generator("nogan", options | {"attention": on}) for on in (True, False))
    assert not any(isinstance(module, SAGANAttention) for module in plain.modules())
    left = set(attending.state_dict()) - set(plain.state_dict())
    assert left
    assert all(".gamma" in name or "query" in name or "key" in name or "value" in name for name in left)
