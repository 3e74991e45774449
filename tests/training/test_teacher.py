"""A pupil learns to answer as its teacher does, and unsuitable teachers are named."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tintype.errors import RecipeError, TintypeError, WeightsError
from tintype.imaging.ab_bins import ab_bins
from tintype.models.task import PairForm
from tintype.models.tint import Tint, TintConfig
from tintype.training.answers import Answers
from tintype.training.loop import train
from tintype.training.recipe import load_recipe
from tintype.training.teacher import Ensemble, load_teacher
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


def test_several_teachers_answer_with_their_mean_each_at_its_scale(teacher: Path) -> None:
    answers = Answers(PairForm(), torch.tensor(ab_bins()))
    alone = load_teacher(str(teacher), answers, hints=False)
    lightness = torch.rand(2, 1, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        own = alone(lightness).log_softmax(1)
        larger = alone(F.interpolate(lightness, (96, 128), mode="bilinear")).log_softmax(1)
        both = load_teacher([str(teacher), f"{teacher}@1.5"], answers, hints=False)(lightness)
        twice = load_teacher([str(teacher), str(teacher)], answers, hints=False)(lightness)
    torch.testing.assert_close(twice, own)
    torch.testing.assert_close(both, (own + F.interpolate(larger, (16, 24), mode="bilinear")) / 2)
    assert (both - own).abs().max() > 1e-3


def test_hints_of_an_enlarged_picture_stay_squares_of_one_colour() -> None:
    given: list[tuple[Tensor, Tensor]] = []

    class Watched(Tint):
        def forward(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
            assert hints is not None
            given.append((lightness, hints))
            return super().forward(lightness, hints)

    tiny = Watched(TintConfig("efficientnet-lite0", 6, 32, 1, widths=(24, 16, 16)))
    hints = torch.zeros(1, 3, 64, 64)
    hints[:, :, 8:12, 8:12] = torch.tensor([0.5, -0.25, 1.0]).view(1, 3, 1, 1)
    with torch.no_grad():
        answer = Ensemble([tiny], [1.5])(torch.zeros(1, 1, 64, 64), hints)
    assert answer.shape[2:] == (16, 16)
    assert given[0][0].shape[2:] == given[0][1].shape[2:] == (96, 96)
    assert set(given[0][1][0, 2].flatten().tolist()) == {0.0, 1.0}
    assert given[0][1][0, 2].sum() == 36


def test_what_cannot_teach(teacher: Path, tmp_path: Path) -> None:
    ours, other = Answers(PairForm(), torch.tensor(ab_bins())), Answers(PairForm(target="ab"), None)
    tiny = build(tmp_path / "tiny.onnx")
    cases: list[tuple[str, Answers, bool, type[TintypeError], str]] = [
        ("nobody", ours, False, WeightsError, "no such teacher"),
        (f"{teacher}@9", ours, False, RecipeError, "a scale of 9; give 0.25 to 4"),
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
