"""The pages on the published systems: their commands parse, their recipes and keys exist, their weights are counted."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import torch
import typer

from tintype.cli import app
from tintype.models import CRITICS, SYSTEMS, build_critic, build_generator
from tintype.training.recipe import Recipe, load_recipe, recipe_names

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [DOCS / "systems.md", *sorted((DOCS / "systems").glob("*.md"))]
# | `recipe` with `key=value` and `key=value` (remark) | generator | critic |
COUNTED = re.compile(r"^\| (`[a-z0-9-]+`(?: with `[^|]+)?) \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)


def commands(page: Path) -> list[list[str]]:
    """Every `tintype` command in the page's code blocks, as words."""
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    parts = [part for line in lines for part in line.split("&&")]
    words = [shlex.split(part, comments=True) for part in parts]
    return [found for found in words if found[:1] == ["tintype"]]


def parse(words: list[str]) -> dict[str, Any]:
    """The values that the command line takes from a command; raises what it raises for unknown verbs and options."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("tintype", [])
    rest = words[1:]
    while hasattr(command, "list_commands"):
        name, *rest = rest
        command = command.get_command(context, name)
        assert command is not None, f"no verb {name!r}"
    parsed: dict[str, Any] = command.make_context(words[1], rest).params
    return parsed


def check_networks(recipe: Recipe) -> None:
    """The options of both networks exist; the networks are not built."""
    SYSTEMS[recipe.system].config(**recipe.generator)
    if recipe.critic:
        CRITICS[recipe.critic["kind"]][1](**{key: value for key, value in recipe.critic.items() if key != "kind"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_name_recipes_and_keys_that_exist(page: Path) -> None:
    found = commands(page)
    trained = [parse(words) for words in found if words[1] == "train"]
    assert trained
    for values in trained:
        check_networks(load_recipe(values["recipe"], values["overrides"] or []))
    for words in found:
        parse(words)


def test_every_recipe_has_a_page_that_trains_it() -> None:
    trained = {parse(words)["recipe"] for page in PAGES[1:] for words in commands(page) if words[1] == "train"}
    assert trained == set(recipe_names())


def counted_rows() -> list[tuple[str, str, list[str], int, int]]:
    rows = []
    for page in PAGES:
        for text, generator, critic in COUNTED.findall(page.read_text(encoding="utf-8")):
            name, *overrides = re.findall(r"`([^`]+)`", text)
            counts = (int(generator.replace(",", "")), int(critic.replace(",", "")))
            rows.append((page.stem, name, overrides, *counts))
    return rows


@pytest.mark.parametrize("page, name, overrides, generator, critic", counted_rows())
def test_weights_are_counted_right(page: str, name: str, overrides: list[str], generator: int, critic: int) -> None:
    recipe = load_recipe(name, overrides)
    with torch.device("meta"):  # shapes without memory
        built = build_generator(recipe.system, recipe.generator)
        assert sum(p.numel() for p in built.parameters()) == generator
        if recipe.critic:
            options = dict(recipe.critic)
            judged = 4 if recipe.answer.target in ("lab", "rgb") else 3
            assert sum(p.numel() for p in build_critic(options.pop("kind"), options, judged).parameters()) == critic
        else:
            assert critic == 0


def test_every_recipe_is_counted() -> None:
    assert {name for _, name, overrides, *_ in counted_rows() if not overrides} == set(recipe_names())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert not [t for t in targets if "://" not in t and not (page.parent / t).exists()]
