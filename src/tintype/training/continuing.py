"""Continue a training run: is the recipe that is given that of the run which stands in the directory?

A run goes on as it began. Keys that recipes got later are missing in an older run's recipe.toml; what was done before
there was such a key is done to its end.
"""

import tomllib
from pathlib import Path
from typing import Any

from tintype.errors import RecipeError
from tintype.files.atomic import write_bytes
from tintype.models import CRITICS, SYSTEMS, as_saved, to_save

from . import checkpoint
from .recipe import Recipe, parse_recipe

# Keys that came after the first runs; a recorded recipe without one is older than it.
_LATER = {"name", "stem", "more", "warmup_share", "critic_update", "hold_out", "first"}
# What was done before there was such a key, where that is not the key's default.
_STAGE_BEFORE = {"warmup_share": 1.0}
_DATA_BEFORE = {"hold_out": 0.0}


def stated(recipe: Recipe) -> Recipe:
    """The recipe with those options of its networks written out that older runs do not state."""
    generator = SYSTEMS.get(recipe.system)
    kind = str(recipe.critic.get("kind", ""))
    options = recipe.generator if generator is None else to_save(recipe.system, recipe.generator, generator.config)
    critic = to_save(kind, recipe.critic, CRITICS[kind][1]) if kind in CRITICS else recipe.critic
    return recipe.model_copy(update={"generator": options, "critic": critic})


def as_in(run_dir: Path, recipe: Recipe, prolong: int = 0) -> Recipe:
    """The recipe of the run in `run_dir`, if one has begun there; else `recipe`; `prolong` images longer.

    Raises RecipeError for a run of another recipe, and when what is to be prolonged is not finished.
    """
    recorded = run_dir / "recipe.toml"
    begun = (run_dir / "stats.jsonl").exists() and recorded.exists()
    found = as_begun(recorded, recipe) if begun else recipe
    if not prolong:
        return found
    state = run_dir / "checkpoints" / checkpoint.STATE
    seen = checkpoint.read_tensors(state)[1]["position"]["images"] if begun and state.exists() else 0
    if seen < found.images:
        raise RecipeError(
            f"{run_dir}: {seen:,} of {found.images:,} images so far; only a finished run can be prolonged: first go on "
            "without --images"
        )
    return found.prolonged(prolong)


def claim(run_dir: Path, recipe: Recipe) -> None:
    """Make the run directory, and write down what its run is."""
    (run_dir / "samples").mkdir(parents=True, exist_ok=True)
    write_bytes(run_dir / "recipe.toml", recipe.to_toml().encode())


def as_begun(recorded: Path, given: Recipe) -> Recipe:
    """The recipe of the run whose recipe.toml is `recorded`, if `given` is the same.

    Where the run's is silent (an older version wrote it), or where `given` leaves the choice (precision "auto"), the
    run goes on as it began. Raises RecipeError, naming what differs, for another recipe.
    """
    text = tomllib.loads(recorded.read_text(encoding="utf-8"))
    later = {key for key in _flat(given.model_dump()) if key.rpartition(".")[2] in _LATER}
    silent = later - _flat(text).keys()
    run = parse_recipe(_completed(text))
    begun, wanted = _flat(run.model_dump()), _flat(given.model_dump())
    for key in sorted(begun.keys() | wanted.keys()):
        mine, theirs = wanted.get(key), begun.get(key)
        left_open = key.endswith(".more") or (key, mine) in (("precision", "auto"), ("name", ""))
        follows = key in silent or left_open
        if mine != theirs and not follows:
            raise RecipeError(
                f"{recorded.parent}: holds a run of a different recipe: its {key} is {theirs!r}, this one's {mine!r}; "
                "choose another --run directory"
            )
    return run


def _completed(text: dict[str, Any]) -> dict[str, Any]:
    """A recorded recipe with what its version did without a key for it."""
    completed = dict(text)
    completed["generator"] = as_saved(text["system"], text.get("generator", {}))
    if critic := text.get("critic"):
        completed["critic"] = as_saved(str(critic.get("kind", "")), critic)
    completed["data"] = _DATA_BEFORE | text.get("data", {})
    completed["stages"] = [_STAGE_BEFORE | stage for stage in text["stages"]]
    return completed


def _flat(values: Any, key: str = "") -> dict[str, Any]:
    """Every value of a recipe under its dotted key; tuples as lists, as TOML has them; without those that are None."""
    if isinstance(values, dict) and values:
        return {k: v for name, inner in values.items() for k, v in _flat(inner, f"{key}{name}.").items()}
    if isinstance(values, list | tuple) and any(isinstance(one, dict) for one in values):
        return {k: v for number, inner in enumerate(values) for k, v in _flat(inner, f"{key}{number}.").items()}
    if values is None or values == {}:
        return {}
    return {key.removesuffix("."): list(values) if isinstance(values, tuple) else values}
