"""Several models as one."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import tiny_model
from tintype import Colorizer, Hint, Photo, WeightsError
from tintype.cli import app
from tintype.network.ensemble import as_one, find_models
from tintype.network.model_file import find_model
from tintype.network.network import Network
from tintype.photo.metadata import Metadata

LUMA = np.random.default_rng(0).integers(40, 220, (64, 96)).astype(np.uint8)


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    return [
        tiny_model.build(tmp_path / f"{name}.onnx", seed=seed, hints="trained") for name, seed in (("a", 0), ("b", 7))
    ]


def together(paths: list[Path]) -> str:
    return ", ".join(map(str, paths))


@pytest.mark.seed("S0-23")
def test_the_answer_is_the_mean_of_both(two: list[Path]) -> None:
    answers = [Colorizer(path, threads=1, precision="f32").open(LUMA).predict_ab() for path in two]
    both = Colorizer(together(two), threads=1, precision="f32")
    assert np.abs(answers[0] - answers[1]).mean() > 1
    np.testing.assert_allclose(both.open(LUMA).predict_ab(), np.mean(answers, axis=0), atol=1e-3)
    np.testing.assert_array_equal(both.colorize(LUMA).luma, LUMA)


@pytest.mark.seed("S0-23")
def test_models_whose_errors_differ_are_nearer_to_the_truth_together(two: list[Path]) -> None:
    answers = [Colorizer(path, threads=1).open(LUMA).predict_ab() for path in two]
    truth = np.mean(answers, axis=0) + np.random.default_rng(1).normal(0, 1, answers[0].shape)
    errors = [np.square(answer - truth).mean() for answer in answers]
    assert np.square(Colorizer(together(two), threads=1).open(LUMA).predict_ab() - truth).mean() < 0.8 * min(errors)


def test_hints_reach_all_of_them_and_what_was_encoded_is_kept(two: list[Path]) -> None:
    opened = Colorizer(together(two), threads=1).open(LUMA)
    plain = opened.predict_ab()
    hinted = opened.predict_ab(hints=[Hint(80, 32, (255, 0, 0))])
    assert np.abs(hinted - plain)[7:9, 19:21].max() > 5
    np.testing.assert_allclose(hinted, opened.predict_ab(hints=[Hint(80, 32, (255, 0, 0))]))


def test_what_it_cannot_do_is_said(two: list[Path], tmp_path: Path) -> None:
    opened = Colorizer(together(two), threads=1).open(LUMA)
    with pytest.raises(WeightsError, match="colours alone"):
        opened.propose()
    with pytest.raises(WeightsError, match="cannot compare pictures"):
        opened.match(opened)
    painter = tiny_model.build_painter(tmp_path / "painter.onnx")
    with pytest.raises(WeightsError, match="only models that colour photographs"):
        Colorizer(together([two[0], painter]))
    with pytest.raises(WeightsError, match="no model is called 'tont'"):
        Colorizer("tint,tont")
    with pytest.raises(WeightsError, match="no model is named"):
        Colorizer(",")


def test_one_model_is_no_ensemble_and_a_name_may_have_a_comma(tmp_path: Path) -> None:
    path = tiny_model.build(tmp_path / "a, b.onnx")
    assert [file.path for file in find_models(path)] == [path]
    assert as_one(find_models(path)) == find_models(path)[0]
    assert Colorizer(path, threads=1).network.features == Network(find_model(path), threads=1).features


def test_what_goes_in_can_be_asked_of_several_as_of_one(two: list[Path], tmp_path: Path) -> None:
    assert Colorizer(together(two), threads=1).network.inputs == ("lightness", "hints")
    plain = [tiny_model.build(tmp_path / f"{name}.onnx") for name in ("plain", "other")]
    assert Colorizer(together([*plain]), threads=1).network.inputs == ("lightness",)


def test_sizes_that_suit_all_are_used(tmp_path: Path) -> None:
    paths = [
        tiny_model.build(tmp_path / "a.onnx", size_multiple=16),
        tiny_model.build(tmp_path / "b.onnx", seed=3, size_multiple=24),
    ]
    both = Colorizer(together(paths), threads=1)
    assert both.model.info.size_multiple == 48
    assert both.colorize(LUMA).luma.shape == LUMA.shape


def test_on_the_command_line_the_picture_names_them(two: list[Path], tmp_path: Path) -> None:
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Photo(LUMA, meta=Metadata()).save(source)
    done = CliRunner().invoke(app, ["colorize", str(source), "-o", str(target), "--model", together(two)])
    assert done.exit_code == 0, done.output
    shown = CliRunner().invoke(app, ["info", str(target)])
    assert "a+b" in shown.output
