"""What is searched: `lr=log:1e-5:1e-2`, parsed, placed in a recipe and tried there before the first trial."""

import difflib
import json
import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from tintype.errors import RecipeError
from tintype.models import build_critic, build_generator
from tintype.training.recipe import Recipe, StageOptions, load_recipe

FORMS = {
    "log": "log:LOW:HIGH",
    "float": "float:LOW:HIGH",
    "int": "int:LOW:HIGH or int:LOW:HIGH:STEP",
    "choice": "choice:A,B,...",
}
MOST_TRIED = 64  # of an integer range that is tried value by value
GOLDEN = 0.382  # a place inside a range that is not a round number: an integer key must refuse it

Value = bool | int | float | str


@dataclass(frozen=True)
class Search:
    """One searched value: the key as it was written, the recipe's keys that get it, and its range."""

    key: str
    places: tuple[str, ...]
    distribution: BaseDistribution

    def overrides(self, value: Value) -> list[str]:
        """For `load_recipe`: every place with `value`. Choices are TOML text already."""
        return [f"{place}={value}" for place in self.places]


def parse_searches(name_or_path: str | Path, overrides: Sequence[str], texts: Sequence[str]) -> list[Search]:
    """Parse `texts` and build the recipe (and its networks, where their options are searched) with the ends of each.

    A key without a section means that key of every stage that has it: `lr` is `stages.0.lr`, `stages.1.lr`, and so on.
    Raises RecipeError for unknown keys and kinds, wrong types, empty ranges, and keys that are searched twice.
    """
    if not texts:
        raise RecipeError("nothing to search; give at least one --search, for example lr=log:1e-5:1e-2")
    recipe = load_recipe(name_or_path, overrides)
    searches: list[Search] = []
    taken: dict[str, str] = {}
    for text in texts:
        key, equals, form = text.partition("=")
        if not (key and equals and form):
            raise RecipeError(f"--search {text!r}: write it as KEY=KIND:..., for example lr=log:1e-5:1e-2")
        distribution = parse_distribution(form, text)
        search = Search(key, _places(recipe, key, text), distribution)
        for place in search.places:
            if place in taken:
                raise RecipeError(f"--search {text!r}: {place} is searched by {taken[place]!r} already")
            taken[place] = text
        _try(name_or_path, overrides, search, text)
        searches.append(search)
    return searches


def parse_distribution(form: str, text: str) -> BaseDistribution:
    """The range that `KIND:...` means. Raises RecipeError, naming the whole search `text`."""
    kind, _, rest = form.partition(":")
    if kind not in FORMS:
        close = difflib.get_close_matches(kind, FORMS, 1, 0.4)
        hint = f"did you mean {FORMS[close[0]]!r}?" if close else f"known: {', '.join(FORMS)}"
        raise RecipeError(f"--search {text!r}: unknown kind {kind!r}; {hint}")
    if kind == "choice":
        return _choices(rest, text)
    numbers = rest.split(":")
    if len(numbers) not in ((2, 3) if kind == "int" else (2,)):
        raise RecipeError(f"--search {text!r}: write it as {FORMS[kind]}")
    if kind == "int":
        low, high, step = (*(_number(n, int, text) for n in numbers), 1)[:3]
        _check_range(low, high, text)
        if not 1 <= step <= high - low:
            raise RecipeError(f"--search {text!r}: STEP is {step}; it must be 1 to {high - low}")
        return IntDistribution(int(low), int(low + (high - low) // step * step), step=int(step))
    low, high = (_number(n, float, text) for n in numbers)
    _check_range(low, high, text)
    if kind == "log" and low <= 0:
        raise RecipeError(f"--search {text!r}: LOW is {low:g}; a logarithmic range begins above 0, or use float")
    return FloatDistribution(low, high, log=kind == "log")


def _number(text: str, kind: type[int] | type[float], search: str) -> float:
    try:
        number = kind(text)
    except ValueError:
        what = "an integer" if kind is int else "a number"
        raise RecipeError(f"--search {search!r}: {text!r} is not {what}") from None
    if not math.isfinite(number):
        raise RecipeError(f"--search {search!r}: {text!r} is not a finite number")
    return number


def _check_range(low: float, high: float, text: str) -> None:
    if low >= high:
        raise RecipeError(f"--search {text!r}: LOW is {low:g} and HIGH {high:g}; LOW must be the smaller one")


def _choices(rest: str, text: str) -> CategoricalDistribution:
    """TOML values (lists too) where all of them are TOML; plain words otherwise."""
    try:
        choices = [json.dumps(value) for value in tomllib.loads(f"v = [{rest}]")["v"]]
    except (tomllib.TOMLDecodeError, TypeError):
        choices = [word.strip() for word in rest.split(",")]
    if len(choices) < 2 or len(set(choices)) < len(choices) or "" in choices:
        raise RecipeError(f"--search {text!r}: a choice needs two or more different values")
    return CategoricalDistribution(choices)


def _places(recipe: Recipe, key: str, text: str) -> tuple[str, ...]:
    first = key.partition(".")[0]
    names = [*Recipe.model_fields, *StageOptions.model_fields]
    # A misspelt key is placed where its nearest name belongs, for the recipe to complain about it there.
    meant = first if first in names else next(iter(difflib.get_close_matches(first, names, 1, 0.5)), first)
    if meant in StageOptions.model_fields and meant not in Recipe.model_fields:
        key = f"stages.*.{key}"
    if not key.startswith("stages.*."):
        return (key,)
    inner = key.removeprefix("stages.*.")
    if inner.partition(".")[0] not in StageOptions.model_fields:
        return (f"stages.0.{inner}",)
    having = [number for number, stage in enumerate(recipe.stages) if _has(stage.model_dump(), inner)]
    if not having:
        raise RecipeError(f"--search {text!r}: no stage of the recipe sets {inner}; name one: stages.0.{inner}")
    return tuple(f"stages.{number}.{inner}" for number in having)


def _has(values: object, key: str) -> bool:
    for step in key.split("."):
        if not isinstance(values, dict) or values.get(step) is None:
            return False
        values = values[step]
    return True


def _try(name_or_path: str | Path, overrides: Sequence[str], search: Search, text: str) -> None:
    for value in _probes(search.distribution):
        try:
            recipe = load_recipe(name_or_path, [*overrides, *search.overrides(value)])
            if any(place.startswith("generator.") or place == "system" for place in search.places):
                build_generator(recipe.system, recipe.generator)
            if any(place.startswith("critic.") for place in search.places):
                options = dict(recipe.critic)
                if "kind" not in options:
                    raise RecipeError("the recipe has no critic; set critic.kind")
                build_critic(options.pop("kind"), options, 3)
        except RecipeError as error:
            hint = ""
            if isinstance(search.distribution, FloatDistribution) and "valid integer" in str(error):
                hint = "; use int:LOW:HIGH"
            raise RecipeError(f"--search {text!r}: {error}{hint}") from error


def _probes(distribution: BaseDistribution) -> list[Value]:
    """Both ends, and enough between them to see a wrong type or a step that does not fit."""
    if isinstance(distribution, CategoricalDistribution):
        return [str(choice) for choice in distribution.choices]
    if isinstance(distribution, IntDistribution):
        values = range(distribution.low, distribution.high + 1, distribution.step)
        return list(values) if len(values) <= MOST_TRIED else [values[0], values[1], values[-1]]
    assert isinstance(distribution, FloatDistribution)
    low, high = distribution.low, distribution.high
    inside = low * (high / low) ** GOLDEN if distribution.log else low + (high - low) * GOLDEN
    return [low, high, inside]
