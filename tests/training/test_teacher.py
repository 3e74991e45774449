"""A pupil learns to answer as its teacher does, and unsuitable teachers are named."""

import json
from pathlib import Path

import pytest
import torch

from tintype.errors import RecipeError, TintypeError, WeightsError
from tintype.imaging.ab_bins import ab_bins
from tintype.models.task import PairForm
from tintype.training.answers import Answers
from tintype.training.loop import train
from tintype.training.recipe import load_recipe
from tintype.training.teacher import load_teacher
from tiny_model import build
from training_pictures import write_tiles

SHAPE = [
    "generator.encoder=efficientnet-lite0",
    "generator.encoder_stages=6",
    "generator.bottom=32",
    "generator.widths=[24, 16, 16]",
    "precision=32-true",
    "ema_images=20",
    "log.tick=8",
]
ONE_STAGE = (
    '[{ name = "all", kind = "supervised", images = 240, size = 64, batch = 8, lr = 3e-3, warmup = 16, losses = %s }]'
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="module")
def teacher(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a few steps, with colours of its own."""
    folder = tmp_path_factory.mktemp("teacher")
    recipe = load_recipe("tint", [*SHAPE, "stages=" + ONE_STAGE % "{ distribution = 1 }"])
    train(recipe, [photos], folder / "run", cache_dir=folder)
    return folder / "run"


def test_a_pupil_comes_near_to_its_teacher_without_seeing_the_truth(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    stage = ONE_STAGE % "{ distillation = 1 }"
    run = tmp_path / "run"
    train(load_recipe("tint", [*SHAPE, f"teacher={teacher}", f"stages={stage}"]), [photos], run, cache_dir=tmp_path)
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    found = [line["distillation"] for line in lines if "distillation" in line]
    assert sum(found[-5:]) < 0.7 * sum(found[:5])
    assert "cross_entropy" not in lines[-1]


def test_what_cannot_teach(teacher: Path, tmp_path: Path) -> None:
    ours, other = Answers(PairForm(), torch.tensor(ab_bins())), Answers(PairForm(target="ab"), None)
    tiny = build(tmp_path / "tiny.onnx")
    cases: list[tuple[str, Answers, bool, type[TintypeError], str]] = [
        ("nobody", ours, False, WeightsError, "no such teacher"),
        (str(teacher), other, False, RecipeError, "answers 'ab'"),
        (str(teacher), ours, True, RecipeError, "never shown hints"),
        (str(tiny), ours, False, RecipeError, "unknown system 'tiny'"),
    ]
    for weights, answers, hints, kind, message in cases:
        with pytest.raises(kind, match=message):
            load_teacher(weights, answers, hints=hints)


def test_a_recipe_has_a_teacher_exactly_when_it_asks_one() -> None:
    stage = ONE_STAGE % "{ distillation = 1 }"
    with pytest.raises(RecipeError, match="set teacher="):
        load_recipe("tint", [f"stages={stage}"])
    with pytest.raises(RecipeError, match="no stage has the loss distillation"):
        load_recipe("tint", ["teacher=tint"])
