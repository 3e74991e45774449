"""Runs and checkpoints of earlier versions go on as they began; another recipe is refused by what differs."""

import re
from pathlib import Path

import pytest
import torch

from tintype.errors import RecipeError
from tintype.models import build_generator
from tintype.training.checkpoint import read_checkpoint, write_tensors
from tintype.training.continuing import as_begun, stated
from tintype.training.recipe import load_recipe

# Keys that recipe.toml of a run did not have at first.
LATER = re.compile(r'^(name = "landscape"|(stem|more|warmup_share|critic_update|hold_out|first) = .*)\n', re.MULTILINE)


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    """recipe.toml of a landscape run that an earlier version began, with bf16 as it was the default then."""
    text = load_recipe("landscape", ["precision=bf16-mixed"]).to_toml()
    assert LATER.search(text)
    (tmp_path / "recipe.toml").write_text(LATER.sub("", text))
    return tmp_path / "recipe.toml"


def test_an_older_run_goes_on_with_the_network_and_the_steps_that_it_began_with(old_run: Path) -> None:
    run = as_begun(old_run, stated(load_recipe("landscape")))
    assert run.generator["stem"] == run.critic["stem"] == "linear"
    assert run.stages[0].critic_update == "joint"
    assert run.stages[0].warmup_share == 1.0
    assert run.data.hold_out == 0.0
    assert run.precision == "bf16-mixed"


def test_what_differs_is_named(old_run: Path) -> None:
    with pytest.raises(RecipeError, match=r"its stages\.0\.lr is 7e-05, this one's 0\.001"):
        as_begun(old_run, stated(load_recipe("landscape", ["stages.0.lr=1e-3"])))
    with pytest.raises(RecipeError, match=r"its stages\.0\.critic_lr is None, this one's 0\.001"):
        as_begun(old_run, stated(load_recipe("landscape", ["stages.0.critic_lr=1e-3"])))


@pytest.mark.parametrize("name", ["landscape", "nogan", "tint", "uvu-sketch"])
def test_a_run_of_this_version_states_everything(tmp_path: Path, name: str) -> None:
    recipe = stated(load_recipe(name))
    (tmp_path / "recipe.toml").write_text(recipe.to_toml())
    assert as_begun(tmp_path / "recipe.toml", recipe) == recipe
    if name == "landscape":
        with pytest.raises(RecipeError, match=r"generator\.stem is 'leaky_relu', this one's 'linear'"):
            as_begun(tmp_path / "recipe.toml", stated(load_recipe(name, ["generator.stem=linear"])))


def test_an_older_checkpoint_computes_what_it_did(tmp_path: Path) -> None:
    torch.manual_seed(0)
    before = build_generator("landscape", {"complexity": 4, "stem": "linear"}).eval()
    info = {"system": "landscape", "generator": {"complexity": 4}, "images_seen": 1}
    write_tensors(tmp_path / "weights-1.safetensors", before.state_dict(), info)
    read = read_checkpoint(tmp_path / "weights-1.safetensors")
    again = build_generator("landscape", read.info["generator"])
    again.load_state_dict(read.weights)
    lightness = torch.randn(1, 1, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(again.eval()(lightness), before(lightness))
        today = build_generator("landscape", {"complexity": 4})
        today.load_state_dict(read.weights)
        assert not torch.allclose(today.eval()(lightness), before(lightness))
