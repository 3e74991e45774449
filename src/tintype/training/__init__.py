"""Training: a recipe of stages, one loop, runs that can be killed and continued."""

from tintype.training.loop import train
from tintype.training.recipe import Recipe, load_recipe, recipe_names

__all__ = ["Recipe", "load_recipe", "recipe_names", "train"]
