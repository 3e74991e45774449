"""Batches too large for the machine are refused with one that fits; pictures too small for a crop are refused, too."""

from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric

from tintype.data.cache import open_cache
from tintype.errors import DataError, OutputError, RecipeError
from tintype.training import memory
from tintype.training.loop import train
from tintype.training.networks import Training
from tintype.training.recipe import load_recipe
from training_pictures import files_up_to, write_tiles

SMALL = ["generator.width=8", "precision=32-true", "stages.0.size=64", "stages.0.images=16", "stages.0.batch=8"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("data") / "photos")


@pytest.mark.seed("S2-09")
def test_what_is_kept_grows_with_the_picture(photos: Path, tmp_path: Path) -> None:
    cache = open_cache([photos], 96, tmp_path)
    recipe = load_recipe("driving", SMALL)
    import numpy as np

    training = Training(recipe, cache, np.arange(len(cache)), Fabric(accelerator="cpu", devices=1))
    small = recipe.stages[0]
    before = torch.get_rng_state()
    kept = memory.kept_bytes(training, small)
    assert torch.equal(torch.get_rng_state(), before)
    # Two pictures, at least ten maps of 8 channels at full size are kept.
    assert kept > 2 * 10 * 8 * 64 * 64 * 4
    ratio = memory.kept_bytes(training, small.model_copy(update={"size": 128})) / kept
    assert ratio == pytest.approx(4, rel=0.1)


@pytest.mark.seed("S2-09")
def test_a_batch_that_does_not_fit_is_refused_with_one_that_does(photos: Path, tmp_path: Path) -> None:
    recipe = load_recipe("driving", [*SMALL, "stages.0.batch=1000000"])
    with pytest.raises(RecipeError, match=r"GB are free; stages.0.batch=\d+ fits") as caught:
        train(recipe, [photos], tmp_path / "run", cache_dir=tmp_path)
    fitting = int(str(caught.value).split("batch=")[1].split()[0])
    assert 8 <= fitting < 1_000_000


def test_pictures_far_smaller_than_the_crop_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="short side of 96 pixels, stage 'mse' cuts 256"):
        train(load_recipe("driving", [*SMALL, "stages.0.size=256"]), [photos], tmp_path / "run", cache_dir=tmp_path)


def test_a_run_that_cannot_be_written_says_so(photos: Path, tmp_path: Path) -> None:
    """The kernel refuses to write on, as on a full disk."""
    open_cache([photos], 256, tmp_path)
    with files_up_to(100), pytest.raises(OutputError, match="cannot be written"):
        train(load_recipe("driving", SMALL), [photos], tmp_path / "run", cache_dir=tmp_path)


def test_what_a_cgroup_has_taken_is_not_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max").write_text("800000000\n")
    (tmp_path / "current").write_text("600000000\n")
    monkeypatch.setattr(memory, "LIMITS", {str(tmp_path / "max"): str(tmp_path / "current")})
    assert memory.free_bytes(torch.device("cpu")) == 200_000_000
    (tmp_path / "max").write_text("max\n")
    assert (memory.free_bytes(torch.device("cpu")) or 0) > 200_000_000
