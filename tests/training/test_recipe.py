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
    first, second, *later = load_recipe("tint").stages
    assert first.freeze == ("encoder",)
    assert first.images >= 400_000
    assert second.freeze == ()
    assert second.images >= 300_000
    assert all(stage.hints and stage.degrade for stage in later)


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
        ("stages.0.losses={ l3 = 1.0 }", "smooth_l1"),
        ("stages.0.losses={}", "stage 'decoder' is supervised and has no losses"),
        ("stages.0.kind=adversarial", "need a [critic] with a kind"),
        ("cycle_from=third", "cycle_from is 'third'; the stages are decoder, whole"),
    ],
)
def test_what_is_wrong_with_an_override(override: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("tint", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_star_changes_every_stage() -> None:
    assert {stage.batch for stage in load_recipe("nogan", ["stages.*.batch=8"]).stages} == {8}


def test_cycles_repeat_the_last_stages() -> None:
    recipe = load_recipe("nogan", ["cycles=3"])
    names = [stage.name for stage in recipe.schedule]
    assert names[4:] == ["critic", "gan", "critic 2", "gan 2", "critic 3", "gan 3"]
    assert recipe.images == sum(stage.images for stage in recipe.stages[:4]) + 3 * (8_000 + 6_400)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("critic.kind=patchy", "unknown critic 'patchy'; known: patch, landscape, nogan"),
        ("critic.widht=3", "has no option 'widht'; its options are inputs, width, halvings"),
        ("generator.depth=7.5", "depth = 7.5: Input should be a valid integer"),
        ("generator.depth=3", "at least 5 halvings"),
        ("generator.outputs=3", "the target 'ab' has 2; set generator.outputs=2 or answer.target"),
        ("answer.target=rgb", "the target 'rgb' has 3"),
        ("system=pix3pix", "unknown system 'pix3pix'"),
    ],
)
def test_networks_that_cannot_be_built(override: str, message: str) -> None:
    from tintype.models import build_critic, build_generator, form_of

    recipe = load_recipe("pix2pix", [override])

    def build() -> None:
        generator = build_generator(recipe.system, recipe.generator)
        form_of(recipe.system, generator, target=recipe.answer.target)
        options = dict(recipe.critic)
        build_critic(str(options.pop("kind")), options, 3)

    with pytest.raises(RecipeError) as caught:
        build()
    assert message in str(caught.value)


def test_unknown_recipes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'tint'"):
        load_recipe("tnt")
    with pytest.raises(RecipeError, match="no such recipe file"):
        load_recipe(tmp_path / "x.toml")
    (tmp_path / "bad.toml").write_text("system = ")
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(tmp_path / "bad.toml")
