"""Seed 2, driving scenes: the classic U-Net block by block, the data, the schedule."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tintype.data.cache import PictureCache, open_cache
from tintype.data.manifest import Entry
from tintype.data.pairing import find_pairings
from tintype.data.pairs import Augmentation, Batches, PairBatch, PairLoader
from tintype.data.sources import list_entries
from tintype.data.split import split
from tintype.models import build_generator, form_of
from tintype.models.driving import ConvBlock, DrivingConfig, DrivingUNet, UpBlock
from tintype.models.task import PairForm
from tintype.training.answers import Answers
from tintype.training.objective import Objective
from tintype.training.recipe import load_recipe
from tintype.training.schedule import learning_rate_factor
from tintype.tune.search import parse_searches
from training_pictures import write_tiles


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> PictureCache:
    root = tmp_path_factory.mktemp("driving")
    return open_cache([write_tiles(root / "photos", side=64, per_picture=1)], 64, root / "cache")


@pytest.mark.seed("S2-01", "S2-02", "S2-08")
def test_lightness_of_a_scene_becomes_its_two_planes_of_colour() -> None:
    recipe = load_recipe("driving", ["generator.width=4"])
    generator = build_generator(recipe.system, recipe.generator)
    assert isinstance(generator, DrivingUNet)
    form = form_of(recipe.system, generator)
    assert (form.condition, form.target, form.stride) == ("lightness", "ab", 1)
    assert generator(torch.zeros(2, 1, 96, 160)).shape == (2, 2, 96, 160)
    assert len(generator.downs) == len(generator.ups) == 4


@pytest.mark.seed("S2-01")
def test_the_loss_is_the_mean_squared_error() -> None:
    stage = load_recipe("driving").stages[0]
    answers = Answers(PairForm(target="ab", scale=110.0, stride=1))
    torch.manual_seed(0)
    planes, batch = torch.randn(2, 2, 4, 4), PairBatch(torch.zeros(2, 1, 4, 4), torch.randn(2, 2, 4, 4))
    loss, parts = Objective(stage, answers)(planes, planes, batch)
    torch.testing.assert_close(loss, (planes - batch.target).square().mean())
    assert set(parts) == {"l2"}


@pytest.mark.seed("S2-03")
def test_a_block_is_twice_convolution_norm_and_rectifier() -> None:
    block = ConvBlock(3, 8)
    assert [type(layer) for layer in block] == 2 * [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert [(c.in_channels, c.out_channels, c.kernel_size) for c in block if isinstance(c, nn.Conv2d)] == [
        (3, 8, (3, 3)),
        (8, 8, (3, 3)),
    ]


@pytest.mark.seed("S2-04", "S2-05")
def test_the_decoder_joins_what_was_before_pooling() -> None:
    network = DrivingUNet(DrivingConfig(width=4)).eval()
    before: list[Tensor] = []
    joined: list[Tensor] = []
    for down in network.downs:
        down.register_forward_hook(lambda m, args, output: before.append(output[1]))
    for up in network.ups:
        up.register_forward_pre_hook(lambda m, args: joined.append(args[1]))
    network(torch.randn(1, 1, 64, 64))
    assert [t.shape[2] for t in joined] == [8, 16, 32, 64]  # the pooled ones would be half as large
    assert all(a is b for a, b in zip(joined, reversed(before), strict=True))


@pytest.mark.seed("S2-06")
def test_doubling_is_upsampling_and_a_1x1_convolution() -> None:
    block = UpBlock(8, 4, "upsample")
    assert isinstance(block.enlarge, nn.Sequential)
    double, mix = block.enlarge
    assert isinstance(double, nn.Upsample)
    assert isinstance(mix, nn.Conv2d)
    assert (mix.kernel_size, mix.in_channels, mix.out_channels) == ((1, 1), 8, 4)
    assert not any(isinstance(m, nn.ConvTranspose2d) for m in DrivingUNet(DrivingConfig(width=4)).modules())


@pytest.mark.seed("S2-07")
def test_or_a_2x2_transposed_convolution() -> None:
    recipe = load_recipe("driving", ["generator.width=4", "generator.up=transposed"])
    found = [m for m in build_generator("driving", recipe.generator).modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [(m.kernel_size, m.stride) for m in found] == 4 * [((2, 2), (2, 2))]


@pytest.mark.seed("S2-11")
def test_pictures_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """A text sort puts 10 before 2: the mistake behind an error above 500."""
    for side, names in (
        ("input", [f"{i}.png" for i in range(1, 13)]),
        ("target", [f"{i:03d}.png" for i in range(1, 13)]),
    ):
        (tmp_path / side).mkdir()
        for name in names:
            (tmp_path / side / name).touch()
    entries = list_entries(tmp_path / "input")
    assert [entry.name for entry in entries] == [f"{i}.png" for i in range(1, 13)]
    [pairing] = find_pairings(list_entries(tmp_path))
    assert (pairing.pairs, pairing.unsorted) == (12, True)
    assert pairing.misplaced > 0


@pytest.mark.seed("S2-12")
def test_two_learning_rates_are_compared_by_a_search() -> None:
    [search] = parse_searches("driving", ["generator.width=4"], ["lr=choice:1e-3,3e-4"])
    tried = [load_recipe("driving", search.overrides(value)).stages[0].lr for value in search.distribution.choices]  # type: ignore[attr-defined]
    assert tried == [1e-3, 3e-4]


@pytest.mark.seed("S2-13")
def test_the_learning_rate_falls_in_a_line_to_a_twentieth() -> None:
    stage = load_recipe("driving").stages[0]
    rates = [stage.lr * learning_rate_factor(round(share * stage.images), stage) for share in (0, 0.5, 1)]
    assert rates == pytest.approx([1e-3, (1e-3 + 5e-5) / 2, 5e-5])


@pytest.mark.seed("S2-14")
def test_validation_on_the_same_drive_or_on_another(tmp_path: Path) -> None:
    for drive in ("a", "b", "c"):
        for frame in range(20):
            (tmp_path / f"{drive}_{frame:04d}.png").touch()
    shares = {"train": 2 / 3, "val": 1 / 3}
    same, other = split([tmp_path], shares, by="picture"), split([tmp_path], shares, by="prefix")

    def drives(pictures: list[Entry]) -> set[str]:
        return {entry.name[0] for entry in pictures}

    assert drives(same.parts["train"]) == drives(same.parts["val"]) == {"a", "b", "c"}
    assert not drives(other.parts["train"]) & drives(other.parts["val"])
    assert len(same.parts["val"]) == len(other.parts["val"]) == 20


@pytest.mark.seed("S2-15")
def test_a_picture_is_never_shown_twice_the_same_way(cache: PictureCache) -> None:
    def shown(flip: bool, smallest_crop: float) -> Tensor:
        form = PairForm(target="ab", scale=110.0, stride=1)
        one = np.array([0])
        change = Augmentation(smallest_crop, flip)
        loader = PairLoader(cache, one, Batches(6), change, form=form, size=32, seed=0)
        return next(iter(loader)).condition

    plain, mirrored, cropped = shown(False, 1.0), shown(True, 1.0), shown(False, 0.5)
    assert all(torch.equal(plain[0], other) for other in plain)
    both = {tuple(image.flatten().tolist()) for image in mirrored}
    assert both == {tuple(plain[0].flatten().tolist()), tuple(plain[0].flip(-1).flatten().tolist())}
    assert len({tuple(image.flatten().tolist()) for image in cropped}) == 6


@pytest.mark.seed("S2-16")
def test_two_data_sets_are_trained_on_together(tmp_path: Path) -> None:
    folders = [write_tiles(tmp_path / name, side=32, per_picture=n) for name, n in (("one", 1), ("two", 2))]
    assert len(open_cache(folders, 32, tmp_path / "cache")) == 4 + 8
