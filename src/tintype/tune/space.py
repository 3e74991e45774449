"""What a study draws its trials from: one recipe or several, and the searched values of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution

from tintype.errors import RecipeError
from tintype.training.recipe import Recipe, load_recipe

from .search import Search, parse_searches

RECIPE = "recipe"  # the parameter that says which of several
VALIDATIONS = 8  # of each trial where several recipes are compared


@dataclass(frozen=True)
class Space:
    """The recipes by name, and the searches of each: the same keys and ranges, in the places that each has for them."""

    recipes: Mapping[str, Recipe]
    searches: Mapping[str, Sequence[Search]]

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """The ranges by key, for Optuna; of several recipes, their names under the key "recipe"."""
        first = next(iter(self.searches.values()))
        found = {search.key: search.distribution for search in first}
        return found | ({RECIPE: CategoricalDistribution(list(self.recipes))} if len(self.recipes) > 1 else {})

    @property
    def text(self) -> str:
        """All recipes as TOML: what tells this space from another with the same searches."""
        return "\n".join(recipe.to_toml() for recipe in self.recipes.values())

    def file(self, folder: Path, name: str) -> Path:
        """Where the recipe lies in a study's folder."""
        return folder / ("recipe.toml" if len(self.recipes) == 1 else f"recipe-{name}.toml")

    def write(self, folder: Path) -> None:
        """Write the recipes, before the searched values, into the study's folder."""
        for name, recipe in self.recipes.items():
            self.file(folder, name).write_text(recipe.to_toml(), encoding="utf-8")

    def recipe(self, folder: Path, params: Mapping[str, Any]) -> Recipe:
        """The recipe of a trial with these values. Raises RecipeError when they do not go together."""
        name = str(params.get(RECIPE, next(iter(self.recipes))))
        overrides = [text for search in self.searches[name] for text in search.overrides(params[search.key])]
        return load_recipe(self.file(folder, name), overrides)


def plan_space(
    recipes: str | Path, overrides: Sequence[str], searches: Sequence[str], images: int | None = None
) -> Space:
    """The space of one recipe, or of several by names with commas between, each shortened to `images` if that is given.

    Raises RecipeError for searches that do not fit each recipe, for a name that stands twice, and for several recipes
    without `images`, or without anything that makes them comparable: photographs and drawings are not.
    """
    names = [name.strip() for name in str(recipes).split(",") if name.strip()]
    if len(names) < 2:
        names = [str(recipes)]
    elif images is None:
        raise RecipeError(f"several recipes need --images, which each trial sees: --recipe {recipes} --images 20000")
    stems = [Path(name).stem for name in names]
    if twice := [stem for stem in stems if stems.count(stem) > 1]:
        raise RecipeError(f"--recipe {recipes}: {twice[0]!r} stands twice")
    several = len(names) > 1
    found: dict[str, Recipe] = {}
    parsed: dict[str, list[Search]] = {}
    for stem, name in zip(stems, names, strict=True):
        changes = [*overrides, *_shortened(name, overrides, images, several)]
        found[stem] = load_recipe(name, changes)
        try:
            parsed[stem] = parse_searches(name, changes, searches) if searches or not several else []
        except RecipeError as error:
            raise RecipeError(f"{stem}: {error}" if several else str(error)) from error
    if len({recipe.answer.condition for recipe in found.values()}) > 1:
        raise RecipeError(f"--recipe {recipes}: some colour photographs, some drawings; search in one kind at a time")
    return Space(found, parsed)


def _shortened(name: str, overrides: Sequence[str], images: int | None, several: bool) -> list[str]:
    """What makes a recipe see `images`; of several recipes, all are validated after the same numbers of images."""
    if images is None:
        return []
    if images < 1:
        raise RecipeError(f"--images {images}: the least is 1")
    recipe = load_recipe(name, overrides)
    changes = [f"stages.{number}.images={count}" for number, count in enumerate(recipe.images_by_stage(images))]
    often = max(1, images // VALIDATIONS)
    return [*changes, f"log.samples={often}", f"log.candidate={often}"] if several else changes
