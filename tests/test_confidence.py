"""How sure a network says it is, and what that is worth."""

from pathlib import Path

import numpy as np
import pytest

import tiny_model
from tintype import Colorizer, WeightsError
from tintype.evaluation.calibration import fit, measure_errors, reliability
from tintype.network.confidence import calibrate, confidence, entropy, expected_error
from tintype.training.export import with_info
from training_pictures import write_tiles


def test_entropy_goes_from_one_colour_to_all_alike() -> None:
    certain, even, two = np.full((3, 9), -50.0, np.float32)
    certain[3], two[[1, 5]], even[:] = 50, 50, 7
    found = entropy(np.stack([certain, two, even]))
    np.testing.assert_allclose(found, [0, np.log(2) / np.log(9), 1], atol=1e-5)
    np.testing.assert_allclose(entropy(np.stack([certain, two, even]) + 1000), found, atol=1e-4)


def test_a_calibration_gives_back_the_mean_error_at_each_entropy() -> None:
    rng = np.random.default_rng(0)
    x = rng.random(20_000).astype(np.float32)
    errors = (5 + 20 * x + rng.normal(0, 1, len(x))).astype(np.float32)
    knots = calibrate(x, errors)
    inner = np.linspace(0.1, 0.9, 9, dtype=np.float32)
    np.testing.assert_allclose(expected_error(inner, knots), 5 + 20 * inner, atol=0.4)


def test_a_calibration_never_falls_though_the_errors_do() -> None:
    rng = np.random.default_rng(1)
    x = rng.random(5_000).astype(np.float32)
    errors = np.where(x < 0.5, 10 * x, 3).astype(np.float32)
    values = [value for _, value in calibrate(x, errors)]
    assert values == sorted(values)
    assert np.mean(values) == pytest.approx(errors.mean(), rel=0.05)
    with pytest.raises(ValueError, match="cannot be calibrated"):
        calibrate(x[:5], errors[:5])


def test_confidence_halves_with_every_ten_units_of_error() -> None:
    knots = ((0.0, 0.0), (1.0, 40.0))
    np.testing.assert_allclose(confidence(np.array([0, 0.25, 0.5, 1], np.float32), knots), [1, 0.5, 0.25, 1 / 16])


def test_a_model_is_calibrated_on_photographs_and_then_says_how_sure_it_is(
    tmp_path: Path,
) -> None:
    colorizer = Colorizer("tint", threads=1)
    photos = write_tiles(tmp_path / "photos")
    picture = sorted(photos.iterdir())[0]
    opened = colorizer.open(picture)
    measured = measure_errors(colorizer, photos)
    knots = fit(measured)
    told = reliability(measured, knots)  # on what it was fitted to: right on average, better than one figure for all
    assert np.mean(told.stated) == pytest.approx(np.mean(told.real), rel=0.02)
    assert told.gap < np.abs(np.subtract(told.real, np.mean(told.real))).mean()
    assert list(told.stated) == sorted(told.stated)
    assert 0.02 < told.share < 1
    path = with_info(colorizer.model, tmp_path / "sure.onnx", calibration=knots)
    sure = Colorizer(path, threads=1)
    np.testing.assert_array_equal(sure.open(picture).predict_ab(), opened.predict_ab())
    assert sure.model.info.calibration == knots
    values = sure.open(picture).confidence()
    assert values.shape == opened.predict_ab().shape[:2]
    assert 0 < values.min() <= values.max() <= 1
    uncertain = opened.entropy()
    assert values[uncertain == uncertain.max()].mean() <= values[uncertain == uncertain.min()].mean()


def test_a_model_that_was_never_calibrated_says_how_to(model_path: Path, examples: list[Path]) -> None:
    with pytest.raises(WeightsError, match="tintype calibrate"):
        Colorizer(model_path, threads=1).open(examples[0]).confidence()


def test_a_model_without_a_distribution_cannot_say(tmp_path: Path, examples: list[Path]) -> None:
    painter = Colorizer(tiny_model.build_painter(tmp_path / "painter.onnx"), threads=1)
    with pytest.raises(WeightsError, match="answers with colours alone"):
        painter.open(examples[0]).entropy()
    with pytest.raises(WeightsError, match="answers with colours alone"):
        measure_errors(painter, examples[0].parent)
