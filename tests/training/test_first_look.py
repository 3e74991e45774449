"""A run's speed is told before its first step, and telling it changes nothing."""

from pathlib import Path

import pytest
import torch

from tintype.errors import RecipeError
from tintype.training import log, loop
from tintype.training.checkpoint import STATE, read_tensors
from tintype.training.log import ProgressLine
from tintype.training.loop import train
from tintype.training.recipe import load_recipe
from training_pictures import write_tiles

QUIET = ["precision=32-true", "log.first=0"]
SMALL = {
    "pix2pix": [*QUIET, "generator.depth=5", "generator.width=4", "critic.width=4"],
    "uvu": [*QUIET, "generator.width=2", "critic.width=2"],
    "nogan": [
        *QUIET,
        "pretrained=none",
        "cycles=1",
        "generator.encoder=efficientnet-lite0",
        "generator.width=8",
        "critic.width=8",
        "stages.*.losses={ l1 = 1 }",
    ],
    "landscape": [*QUIET, "generator.complexity=1"],
    "tint": [*QUIET, "pretrained=none", "generator.encoder=efficientnet-lite0"],
}
SIZES = {"uvu": 256}


@pytest.mark.parametrize("name", SMALL)
def test_the_first_look_changes_nothing_of_a_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = write_tiles(tmp_path / "photos", side=64)
    size = SIZES.get(name, 64)
    changes = [*SMALL[name], f"stages.*.size={size}", "stages.*.batch=4", "stages.*.images=8"]
    recipe = load_recipe(name, changes)
    if size > 64:
        photos = write_tiles(tmp_path / "large", side=size, per_picture=1)
    looked = []

    def look(*given: object) -> float:
        looked.append(given)
        return real(*given)  # type: ignore[arg-type]

    real = loop.first_look
    monkeypatch.setattr(loop, "first_look", look)
    train(recipe, [photos], tmp_path / "told", cache_dir=tmp_path / "cache")
    assert len(looked) == 1  # once a process, not once a stage
    monkeypatch.setattr(loop, "first_look", lambda *given: 0.0)
    train(recipe, [photos], tmp_path / "untold", cache_dir=tmp_path / "cache")
    told, untold = (read_tensors(tmp_path / run / "checkpoints" / STATE)[0] for run in ("told", "untold"))
    assert told.keys() == untold.keys()
    assert all(torch.equal(value, untold[key]) for key, value in told.items())


def test_a_slow_run_says_its_speed_before_its_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = write_tiles(tmp_path / "photos", side=64)
    recipe = load_recipe("pix2pix", [*SMALL["pix2pix"], "stages.*.size=64", "stages.*.batch=4", "stages.0.images=7"])
    monkeypatch.setattr(log, "FIRST_BEAT", 1e-6)
    train(recipe, [photos], tmp_path / "run", cache_dir=tmp_path / "cache")
    words = capsys.readouterr().err
    assert "         0 of 8 images  gan  about " in words
    assert words.index("0 of 8 images") < words.index("8 of 8 images"), "a stage ends with a whole step"
    assert "8 images to see" in words


def test_only_what_takes_long_is_promised(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ProgressLine(1_000, 0)
    progress.promise(0, "gan", each=0.01, step=16)
    assert capsys.readouterr().err == ""
    progress.promise(0, "gan", each=2.0, step=16)
    progress.close()
    assert "0 of 1,000 images  gan  about 0.5 images/s  33 min left" in capsys.readouterr().err


def test_an_unknown_layer_of_the_feature_loss_is_named(tmp_path: Path) -> None:
    photos = write_tiles(tmp_path / "photos", side=64)
    wrong = ["stages.*.images=8", "stages.*.losses.feature=1", "feature_layers.stride9=1"]
    recipe = load_recipe("nogan", [*SMALL["nogan"], *wrong])
    with pytest.raises(RecipeError, match=r"stride9.*efficientnet-lite0.*stride4, stride8"):
        train(recipe, [photos], tmp_path / "run", cache_dir=tmp_path / "cache")
