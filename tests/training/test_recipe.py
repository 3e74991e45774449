"""Recipes: read, override, refuse, write back."""

from pathlib import Path

import pytest

from tintype.errors import RecipeError
from tintype.training.recipe import load_recipe, recipe_names


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_survives_writing_and_reading(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    (tmp_path / "again.toml").write_text(recipe.to_toml())
    assert load_recipe(tmp_path / "again.toml") == recipe


def test_the_default_recipe_freezes_then_trains_the_encoder() -> None:
    first, second = load_recipe("tint").stages[:2]
    assert first.freeze == ("encoder",)
    assert first.images >= 400_000
    assert second.freeze == ()
    assert second.images >= 300_000


def test_overrides() -> None:
    recipe = load_recipe("tint", ["stages.0.images=2000", "generator.encoder=efficientnet-lite0", "data.flip=false"])
    assert recipe.stages[0].images == 2000
    assert recipe.generator["encoder"] == "efficientnet-lite0"
    assert not recipe.data.flip


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stages.0.imges=5", "unknown key 'stages.0.imges'; did you mean 'images'?"),
        ("sytem=1", "did you mean 'system'?"),
        ("data.flp=true", "did you mean 'flip'?"),
        ("stages.0.images=-5", "stages.0.images = -5: Input should be greater than 0"),
        ("stages.0.size=100", "multiple of 32"),
        ("stages.0.images=many", "'many'"),
        ("stages.7.images=5", "no such place"),
        ("seed", "write it as key=value"),
        ("stages.0.kind=supervisd", "supervised"),
    ],
)
def test_what_is_wrong_with_an_override(override: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("tint", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_recipes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'tint'"):
        load_recipe("tnt")
    with pytest.raises(RecipeError, match="no such recipe file"):
        load_recipe(tmp_path / "x.toml")
    (tmp_path / "bad.toml").write_text("system = ")
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(tmp_path / "bad.toml")
