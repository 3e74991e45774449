"""Kinds of pictures, told apart by features; pictures drawn by how rare their kind and how strong their colour is."""

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from lightning_fabric import Fabric
from PIL import Image
from typer.testing import CliRunner

from tintype.cli import app
from tintype.data.cache import open_cache
from tintype.data.kinds import read_kinds
from tintype.data.sampling import MOST_COLOUR, draw, kind_weights
from tintype.errors import DataError, RecipeError
from tintype.training.networks import Training
from tintype.training.recipe import load_recipe

EACH = {"coffee": 12, "chelsea": 6}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Crops of a cup, twice as many as of a cat, and a file that is none."""
    folder = tmp_path_factory.mktemp("kinds") / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, count in EACH.items():
        rgb = getattr(skimage.data, name)()
        for number in range(count):
            top, left = rng.integers(0, rgb.shape[0] // 8), rng.integers(0, rgb.shape[1] // 8)
            crop = rgb[top : top + rgb.shape[0] * 7 // 8, left : left + rgb.shape[1] * 7 // 8]
            Image.fromarray(crop).save(folder / f"{name}_{number}.jpg")
    (folder / "broken_0.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def listed(photos: Path) -> Path:
    file = photos.parent / "kinds.jsonl"
    sheet = photos.parent / "kinds.png"
    words = [
        "data",
        "kinds",
        str(photos),
        "--output",
        str(file),
        "--kinds",
        "2",
        "--sheet",
        str(sheet),
        "--threads",
        "1",
    ]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "18 pictures of 2 kinds, 6 to 12 of a kind" in result.output
    assert "broken_0.jpg" in result.output
    with Image.open(sheet) as drawn:
        assert np.asarray(drawn.convert("L")).std() > 20  # two rows of pictures on white
    return file


def test_pictures_of_one_thing_are_one_kind_and_the_larger_kind_is_the_first(listed: Path) -> None:
    kinds = read_kinds(listed)
    assert {kind for name, (kind, _) in kinds.items() if name.startswith("coffee")} == {0}
    assert {kind for name, (kind, _) in kinds.items() if name.startswith("chelsea")} == {1}
    assert all(20 < colour < 110 for _, colour in kinds.values())


def test_balance_between_kinds_draws_the_rare_one_as_often(listed: Path, photos: Path, tmp_path: Path) -> None:
    drawn = {}
    for balance in (0.0, 0.5, 1.0):
        changes = [f"data.kinds={listed}", f"data.kind_balance={balance}", "data.leave_out=none"]
        recipe = load_recipe("driving", changes)
        cache = open_cache([photos], 64, tmp_path / "cache")
        training = Training(recipe, cache, np.arange(len(cache)), Fabric(accelerator="cpu", devices=1))
        indices = draw(np.arange(len(cache)), training.weights, np.random.default_rng(0))
        drawn[balance] = sum(cache.names[i].startswith("chelsea") for i in indices)
    assert drawn[0.0] == 6  # as it comes
    assert 7 <= drawn[0.5] <= 8  # sqrt(6) to sqrt(12), of 18
    assert drawn[1.0] == 9


def test_colourful_pictures_come_more_often_within_bounds() -> None:
    kinds = {"grey": (0, 1.0), "brown": (0, 10.0), "plain": (0, 40.0), "bright": (0, 80.0), "neon": (0, 4000.0)}
    weights = kind_weights(list(kinds), kinds, 0.0, 1.0)
    ratios = weights / weights[2]
    assert ratios == pytest.approx([1 / MOST_COLOUR, 1 / MOST_COLOUR, 1, 2, MOST_COLOUR])
    assert weights.mean() == pytest.approx(1)
    assert kind_weights(list(kinds), kinds, 0.0, 0.0) == pytest.approx(np.ones(5))


def test_what_is_not_listed_or_no_list_is_told(listed: Path, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"does not know 'new_1\.jpg' \(1 of 2"):
        kind_weights(["coffee_0.jpg", "new_1.jpg"], read_kinds(listed), 1.0, 0.0)
    (tmp_path / "other.jsonl").write_text(json.dumps({"name": "a.jpg"}))
    with pytest.raises(DataError, match="no list of kinds"):
        read_kinds(tmp_path / "other.jsonl")
    with pytest.raises(RecipeError, match="tintype data kinds"):
        load_recipe("tint", ["data.kind_balance=0.5"])
    few = CliRunner().invoke(app, ["data", "kinds", str(photos), "-o", str(tmp_path / "k.jsonl"), "--kinds", "90"])
    assert isinstance(few.exception, DataError)
    assert "18 pictures cannot be divided into 90 kinds" in str(few.exception)
