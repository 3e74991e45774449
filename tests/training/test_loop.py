"""Runs: they learn, write what they promise, and survive kill -9 without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tintype.errors import DataError, OutputError, RecipeError, WeightsError
from tintype.training.checkpoint import read_checkpoint, read_tensors, write_tensors
from tintype.training.loop import train
from tintype.training.recipe import Recipe, StageOptions, load_recipe
from tintype.training.schedule import learning_rate_factor
from training_pictures import files_up_to, write_tiles

SMALL = [
    "generator.encoder=efficientnet-lite0",
    "generator.bottom=32",
    "generator.widths=[24, 16, 16]",
    "precision=32-true",
    "ema_images=20",
    "log.tick=8",
    "log.samples=64",
    "log.snapshot=64",
    "log.keep=9",
    *(f"stages.*.{key}" for key in ("images=96", "size=64", "batch=8", "warmup=16")),
    *(f"stages.{i}.images=16" for i in (2, 3)),  # with hints and old prints
]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("data") / "photos")


def small_recipe(*overrides: str) -> Recipe:
    return load_recipe("tint", [*SMALL, *overrides])


def stats(run: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line]


def test_a_run_learns_and_writes_what_it_promises(photos: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    weights = train(
        small_recipe("stages.0.images=400", "stages.0.lr=3e-3"), [photos], run, validation=photos, cache_dir=tmp_path
    )
    lines = stats(run)
    first = [line for line in lines if line["stage"] == "decoder"]
    start, end = (sum(line["cross_entropy"] for line in part) / 5 for part in (first[:5], first[-5:]))
    assert end < 0.85 * start
    assert lines[-1]["images"] == 528
    assert (run / "losses.csv").read_text().count("\n") == len(lines) + 1
    assert load_recipe(run / "recipe.toml").stages[0].images == 400
    assert (run / "samples" / "000000528.jpg").stat().st_size > 1000
    info = read_checkpoint(run).info
    assert read_checkpoint(run).path == weights
    assert info["images_seen"] == 528
    assert info["system"] == "tint"


def test_frozen_parts_stay_and_trained_ones_move(photos: Path, tmp_path: Path) -> None:
    train(small_recipe(), [photos], tmp_path / "run", cache_dir=tmp_path)
    after_decoder = read_checkpoint(tmp_path / "run/checkpoints/weights-000000096.safetensors").weights
    after_whole = read_checkpoint(tmp_path / "run/checkpoints/weights-000000224.safetensors").weights
    from tintype.models import build_generator
    from tintype.training.pretrained import initialise

    fresh = build_generator("tint", small_recipe().generator)
    initialise(fresh)
    stem = fresh.state_dict()["encoder.stem.weight"]
    torch.testing.assert_close(after_decoder["encoder.stem.weight"], stem)
    assert not torch.equal(after_whole["encoder.stem.weight"], stem)


COMMAND = """
import sys
import torch
from pathlib import Path
from tintype.training.loop import train
from tintype.training.recipe import load_recipe
torch.set_num_threads(1)
data, run, cache, *overrides = sys.argv[1:]
train(load_recipe("tint", overrides), [data], run, cache_dir=Path(cache))
"""


def start(photos: Path, run: Path, cache: Path, *overrides: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", COMMAND, str(photos), str(run), str(cache), *SMALL, *overrides]
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def unbroken(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody disturbed, on one thread."""
    root = tmp_path_factory.mktemp("unbroken")
    _, errors = start(photos, root / "run", root / "cache").communicate()
    assert (root / "run/checkpoints/weights-000000224.safetensors").exists(), errors.decode()
    return root / "run"


@pytest.mark.parametrize("killed_at", [56, 152], ids=["frozen encoder", "trained encoder"])
@pytest.mark.seed("S0-18", "S4-34")
def test_kill_9_and_start_again_ends_bit_equal(photos: Path, tmp_path: Path, unbroken: Path, killed_at: int) -> None:
    often = "log.save_seconds=0.3"
    run = tmp_path / "run"
    process = start(photos, run, tmp_path, often)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        log = run / "stats.jsonl"
        if log.exists() and f'"images": {killed_at}' in log.read_text():
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (run / "checkpoints/weights-000000224.safetensors").exists(), "killed too late"

    _, errors = start(photos, run, tmp_path, often).communicate()
    expected, resumed = read_checkpoint(unbroken).weights, read_checkpoint(run).weights
    assert all(torch.equal(resumed[name], expected[name]) for name in expected), errors.decode()
    keys = ("images", "loss", "lr")
    assert [[line[k] for k in keys] for line in stats(run)] == [[line[k] for k in keys] for line in stats(unbroken)]


@pytest.mark.seed("S4-41")
def test_two_processes_share_a_run(photos: Path, tmp_path: Path) -> None:
    """Each with half of the batch: the same samples, one set of weights at the end, written once."""
    overrides = [part for text in (*SMALL, "stages.*.batch=4") for part in ("--set", text)]
    command = [sys.executable, "-m", "tintype", "train", "--data", photos, "--run", tmp_path / "run", *overrides]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TINTYPE_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [*map(str, command), "--devices", "2", "--accelerator", "cpu"],
        env=environment,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().split() == [str(tmp_path / "run/checkpoints/weights-000000224.safetensors")]
    assert [line["images"] for line in stats(tmp_path / "run")] == list(range(8, 225, 8))


def test_a_run_of_another_recipe_is_not_continued(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/recipe.toml").write_text(small_recipe("seed=5").to_toml())
    (tmp_path / "run/stats.jsonl").write_text("")
    with pytest.raises(RecipeError, match="different recipe"):
        train(small_recipe(), [photos], tmp_path / "run", cache_dir=tmp_path)


def test_sizes_that_the_network_cannot_have(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"cuts 96 pixels.*multiples of 256: set stages.\*.size=256"):
        train(load_recipe("pix2pix", ["stages.0.size=96"]), [photos], tmp_path / "run", cache_dir=tmp_path)
    # Nothing had begun: another recipe may use the directory.
    with pytest.raises(RecipeError, match="cuts 160 pixels"):
        train(load_recipe("uvu", ["stages.0.size=160"]), [photos], tmp_path / "run", cache_dir=tmp_path)


def test_grey_pictures_cannot_be_trained_on(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (80, 80), 99).save(tmp_path / "grey.png")
    with pytest.raises(DataError, match="all 1 pictures are grey"):
        train(small_recipe(), [tmp_path / "grey.png"], tmp_path / "run", cache_dir=tmp_path)


@pytest.mark.parametrize(
    ("recipe", "change", "message"),
    [
        ("pix2pix", "stages.0.lines=0.5", r"varies the lines of drawings.*given lightness: set stages.\*.lines=0"),
        ("pix2pix", "stages.0.hints=0.5", "the generator of 'pix2pix' takes none"),
    ],
)
def test_samples_that_the_network_is_not_given(
    photos: Path, tmp_path: Path, recipe: str, change: str, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        train(load_recipe(recipe, [change]), [photos], tmp_path / "run", cache_dir=tmp_path)


def test_unknown_part_to_freeze(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no part 'enc'; it has encoder, bottom"):
        train(small_recipe('stages.0.freeze=["enc"]'), [photos], tmp_path / "run", cache_dir=tmp_path)


def test_learning_rate_rises_then_falls_to_its_end() -> None:
    options = StageOptions(
        name="x", kind="supervised", images=1000, batch=10, lr=1, warmup=100, final_lr=0.05, losses={"l1": 1}
    )
    factors = [learning_rate_factor(i, options) for i in range(0, 1001, 10)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[9]
    assert factors[-1] == pytest.approx(0.05)


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """The kernel refuses to write on, as on a full disk."""
    path = tmp_path / "w.safetensors"
    write_tensors(path, {"a": torch.ones(3)}, {"x": 1})
    with files_up_to(100_000), pytest.raises(OutputError, match="previous checkpoint is kept"):
        write_tensors(path, {"a": torch.zeros(300_000)}, {"x": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]
    tensors, info = read_tensors(path)
    assert info == {"x": 1}
    assert torch.equal(tensors["a"], torch.ones(3))


def test_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such checkpoint"):
        read_checkpoint(tmp_path / "x.safetensors")
    with pytest.raises(WeightsError, match="weights-"):
        read_checkpoint(tmp_path)
    (tmp_path / "junk.safetensors").write_bytes(b"junk" * 10)
    with pytest.raises(WeightsError, match="not a readable checkpoint"):
        read_checkpoint(tmp_path / "junk.safetensors")
    write_tensors(tmp_path / "state.safetensors", {"a": torch.ones(1)}, {})
    with pytest.raises(WeightsError, match="state of a run"):
        read_checkpoint(tmp_path / "state.safetensors")


def test_several_seeds_make_several_runs(photos: Path, tmp_path: Path) -> None:
    few = ["precision=32-true", "generator.width=4", "stages.0.size=32", "stages.0.images=16", "stages.0.batch=8"]
    command = [sys.executable, "-m", "tintype", "train", "--recipe", "driving", "--data", photos, "--seeds", "2"]
    changes = [part for text in (*few, "seed=4") for part in ("--set", text)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TINTYPE_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [*map(str, command), "--run", str(tmp_path / "run"), *changes], env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    first, second = (read_checkpoint(tmp_path / f"run-seed{seed}").weights for seed in (4, 5))
    assert not torch.equal(first["head.weight"], second["head.weight"])
