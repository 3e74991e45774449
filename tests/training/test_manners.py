"""How a run behaves towards the person who started it: what it says, when, and how it goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch.optim.optimizer import register_optimizer_step_pre_hook

from tintype.cli.train import _more_images, _without_images
from tintype.errors import RecipeError
from tintype.network.model_file import find_model
from tintype.training import log
from tintype.training.checkpoint import read_checkpoint
from tintype.training.export import export_checkpoint
from tintype.training.log import ProgressLine, duration, rate
from tintype.training.loop import train
from tintype.training.recipe import load_recipe, recipe_names
from tintype.training.schedule import learning_rate_factor
from tintype.training.validation import hold_out
from training_pictures import write_tiles

DRIVING = ["generator.width=2", "stages.0.size=32", "stages.0.batch=4", "precision=32-true", "log.first=0"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("data") / "photos", side=48, per_picture=12)


def lines(run: Path) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]


@pytest.mark.seed("S2-19")
def test_a_finished_run_is_prolonged_at_its_last_rate_with_its_optimizer(photos: Path, tmp_path: Path) -> None:
    recipe = load_recipe("driving", [*DRIVING, "stages.0.images=16"])
    run = tmp_path / "run"
    train(recipe, [photos], run, cache_dir=tmp_path / "cache")
    rates, moments = [], []

    def note(optimizer, args, kwargs) -> None:  # type: ignore[no-untyped-def]
        rates.append(optimizer.param_groups[0]["lr"])
        moments.append(len(optimizer.state))

    handle = register_optimizer_step_pre_hook(note)
    weights = train(recipe, [photos], run, cache_dir=tmp_path / "cache", prolong=8)
    handle.remove()
    assert rates == pytest.approx([1e-3 / 20] * 2)  # where the line ended
    assert moments[0] > 0  # Adam's running means go on
    assert weights.name == "weights-000000024.safetensors"
    assert [line["images"] for line in lines(run) if "loss" in line] == [16, 24]
    assert load_recipe(run / "recipe.toml").stages[0].more == 8
    # The same command without --images finds the longer run finished, and does nothing.
    assert train(recipe, [photos], run, cache_dir=tmp_path / "cache") == weights
    assert lines(run)[-1]["images"] == 24


def test_what_is_not_finished_is_not_prolonged(photos: Path, tmp_path: Path) -> None:
    recipe = load_recipe("driving", DRIVING)
    with pytest.raises(RecipeError, match=r"0 of 60,000 images so far; only a finished run can be prolonged"):
        train(recipe, [photos], tmp_path / "run", prolong=8, cache_dir=tmp_path / "cache")


def test_how_images_are_written() -> None:
    assert [_more_images(text) for text in (None, "+20000", "+20_000", "+20,000")] == [0, 20_000, 20_000, 20_000]
    for text in ("20000", "+", "+x", "+0"):
        with pytest.raises(RecipeError, match="write --images"):
            _more_images(text)
    words = ["train", "--data", "p", "--images", "+5", "--run", "r", "--images=+6"]
    assert _without_images(words) == ["train", "--data", "p", "--run", "r"]


@pytest.mark.seed("S2-10")
def test_a_part_is_held_out_and_the_first_pictures_come_early(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = [*DRIVING[:-1], "log.first=0.001", "stages.0.images=32"]
    train(load_recipe("driving", changes), [photos], tmp_path / "run", cache_dir=tmp_path / "cache")
    header, *_ = lines(tmp_path / "run")
    assert (header["run"]["held_out"], header["run"]["pictures"]) == (4, 42)  # two of the tiles are grey
    said = capsys.readouterr().err
    assert "no --validation is given: 4 of the pictures are held out" in said
    sheets = sorted((tmp_path / "run/samples").iterdir())
    assert sheets[0].name == "000000004.jpg"  # after the first step, long before the first validation
    assert Image.open(sheets[0]).size == (3 * 32, 4 * 32)
    assert any("validation" in line for line in lines(tmp_path / "run"))


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_shows_pictures_in_its_first_minute(name: str) -> None:
    recipe = load_recipe(name)
    assert 0 < recipe.log.first <= 60
    assert recipe.data.hold_out > 0
    assert recipe.name == name


def test_what_is_held_out_does_not_depend_on_the_seed_and_is_never_trained_on() -> None:
    indices = np.arange(1_000, 1_300)
    trained, held = hold_out(indices, 0.05)
    assert len(held) == 15
    assert sorted([*trained, *held]) == list(indices)
    assert not set(trained) & set(held)
    assert np.array_equal(hold_out(indices, 0.05)[1], held)
    assert [len(hold_out(np.arange(n), 0.05)[1]) for n in (39, 40, 100, 100_000)] == [0, 4, 5, 256]
    assert not len(hold_out(indices, 0)[1])


def test_a_warm_up_fits_its_stage_and_says_so(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage = load_recipe("nogan", ["stages.0.images=400"]).stages[0]
    assert stage.warm_images == 100
    assert max(learning_rate_factor(images, stage) for images in range(0, 400, 32)) > 0.8
    assert load_recipe("tint").stages[0].warm_images == load_recipe("tint").stages[0].warmup  # long stages as they were
    changes = [*DRIVING, "stages.0.images=16", "stages.0.warmup=6400"]
    train(load_recipe("driving", changes), [photos], tmp_path / "run", cache_dir=tmp_path / "cache")
    assert "the warm-up takes 4 images instead of 6,400" in capsys.readouterr().err


def test_a_model_is_called_as_its_run_was(photos: Path, tmp_path: Path) -> None:
    recipe = load_recipe("driving", [*DRIVING, "stages.0.images=8"])
    run = tmp_path / "run"
    train(recipe, [photos], run, cache_dir=tmp_path / "cache")
    info = find_model(export_checkpoint(run, tmp_path / "m.onnx")).info
    assert (info.name, info.version, info.size, info.recipe) == ("driving", "8", 32, "driving")
    assert len(info.recipe_sha256) == 64
    named = find_model(export_checkpoint(run, tmp_path / "n.onnx", name="mine", version="2", size=64)).info
    assert (named.name, named.version, named.size, named.recipe) == ("mine", "2", 64, "driving")


@pytest.mark.seed("S1-10")
def test_a_run_can_use_a_part_of_the_pictures(photos: Path, tmp_path: Path) -> None:
    changes = [*DRIVING, "stages.0.images=8", "data.pictures=10", "data.hold_out=0"]
    train(load_recipe("driving", changes), [photos], tmp_path / "run", cache_dir=tmp_path / "cache")
    assert lines(tmp_path / "run")[0]["run"]["pictures"] == 10


def test_speeds_and_times_are_never_nothing() -> None:
    assert [rate(speed) for speed in (0.02, 0.4, 5.25, 140)] == [
        "an image in 50 s",
        "0.4 images/s",
        "5.2 images/s",
        "140 images/s",
    ]
    assert [duration(seconds) for seconds in (4, 89, 700, 12_000)] == ["4 s", "89 s", "12 min", "3 h 20 min"]


def test_progress_comes_before_the_first_line_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ProgressLine(1_000, 0)
    progress.beat(4, "gan", lambda: 0.5)
    assert capsys.readouterr().err == ""  # not at once
    progress.began -= 6
    progress.beaten -= 6
    progress.beat(12, "gan", lambda: 0.25)
    progress.beat(16, "gan", lambda: 0.25)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "12 of 1,000 images  gan  loss 0.250  2.0 images/s  8 min left" in said


def test_a_slow_first_step_is_mentioned(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "FIRST_WORD", 0.01)
    slow = ProgressLine(1_000, 0)
    slow.patience.join(5)
    assert "the first step is still under way" in capsys.readouterr().err
    monkeypatch.setattr(log, "FIRST_WORD", 60.0)
    quick = ProgressLine(1_000, 0)
    quick.beat(4, "gan", lambda: 0.5)
    quick.patience.join(5)
    quick.close()
    assert capsys.readouterr().err == ""


def test_ctrl_c_saves_and_says_how_to_go_on(photos: Path, tmp_path: Path) -> None:
    changes = [part for text in [*DRIVING, "stages.0.images=2000", "log.tick=8"] for part in ("--set", text)]
    command = ["train", "--recipe", "driving", "--data", str(photos), "--run", str(tmp_path / "run"), *changes]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TINTYPE_CACHE": str(tmp_path / "cache")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tintype", *command], env=environment, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        written = tmp_path / "run/stats.jsonl"
        if written.exists() and '"images": 16' in written.read_text():
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "stopping after this step" in said
    assert "of 2,000 images. The same command goes on:" in said
    assert f"tintype train --recipe driving --data {photos}" in said
    assert (tmp_path / "run/checkpoints/state.safetensors").exists()
    stopped = read_checkpoint(tmp_path / "run")
    assert f"stopped after {stopped.info['images_seen']:,} of 2,000 images" in said, "what it has learned can be used"
