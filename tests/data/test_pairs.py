"""Training pairs: right values, and the same samples whenever a run is resumed."""

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from tintype.data.cache import PictureCache, open_cache
from tintype.data.pairs import UNCHANGED, Augmentation, Batches, PairLoader, crop_square, split_pair
from tintype.imaging.color import lightness_from_luma, luma, srgb_to_lab
from tintype.models.task import PairForm
from training_pictures import write_tiles


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> PictureCache:
    root = tmp_path_factory.mktemp("pairs")
    return open_cache([write_tiles(root / "photos")], 96, root / "cache")


def test_pair_of_a_crop_is_its_luma_and_its_ab(cache: PictureCache) -> None:
    rgb = crop_square(cache[3], 96, 1.0, 0.5, 0.5, False)
    lightness, ab = split_pair(rgb, 4)
    assert lightness.shape == (1, 96, 96)
    assert ab.shape == (2, 24, 24)
    exact = srgb_to_lab(rgb / np.float32(255))[..., 1:].reshape(24, 4, 24, 4, 2).mean((1, 3)).transpose(2, 0, 1)
    assert np.abs(ab - exact).max() < 1.5  # 8-bit rounding of the fast conversion
    assert np.abs(ab - exact).mean() < 0.3
    expected = lightness_from_luma(luma(rgb / np.float32(255))) / 50 - 1
    assert np.abs(lightness[0] - expected).max() < 0.011  # half a level of 8-bit luma, steepest near black


FOUR = Batches(4)


def loader(
    cache: PictureCache, batches: Batches = FOUR, augmentation: Augmentation = UNCHANGED, **changes: Any
) -> PairLoader:
    options = {"form": PairForm(), "size": 32, "seed": 1} | changes
    return PairLoader(cache, np.arange(len(cache)), batches, augmentation, **options)


def test_a_resumed_loader_goes_on_with_the_next_samples(cache: PictureCache) -> None:
    unbroken = list(islice(loader(cache), 10))
    resumed = list(islice(loader(cache, Batches(4, start=24)), 4))
    for a, b in zip(unbroken[6:], resumed, strict=True):
        assert torch.equal(a.condition, b.condition)
        assert torch.equal(a.target, b.target)


def test_processes_share_a_run_without_overlap(cache: PictureCache) -> None:
    together = list(islice(loader(cache, Batches(8)), 3))
    first = list(islice(loader(cache, Batches(4, rank=0, world=2)), 3))
    second = list(islice(loader(cache, Batches(4, rank=1, world=2)), 3))
    for whole, a, b in zip(together, first, second, strict=True):
        assert torch.equal(whole.condition, torch.cat([a.condition, b.condition]))


@pytest.mark.seed("S4-06")
def test_an_epoch_shows_every_picture_once(cache: PictureCache) -> None:
    pairs = PairLoader(cache, np.arange(len(cache)), FOUR, form=PairForm(), size=32, seed=0)
    order = [pairs._picture_of(i) for i in range(2 * len(cache))]
    assert sorted(order[:16]) == sorted(order[16:]) == list(range(16))
    assert order[:16] != order[16:]


def test_another_seed_gives_other_samples(cache: PictureCache) -> None:
    a, b = next(iter(loader(cache))), next(iter(loader(cache, seed=2)))
    assert not torch.equal(a.condition, b.condition)


def test_drawings_have_more_lines_and_fewer_when_they_are_to_vary(cache: PictureCache) -> None:
    def ink(lines: float = 0.0) -> np.ndarray:
        form = PairForm("sketch", "lab", 110.0, 1)
        drawings = loader(cache, augmentation=Augmentation(lines=lines), form=form, size=96)
        batches = islice(drawings, 4)
        return np.concatenate([(batch.condition < 0).float().mean((1, 2, 3)).numpy() for batch in batches])

    usual, varied = ink(), ink(lines=1.0)
    assert (varied > 1.1 * usual).any()
    assert (varied < usual).any()
    assert (ink(lines=1.0) == varied).all()
    some = ink(lines=0.5)
    assert 0 < (some == usual).mean() < 1
