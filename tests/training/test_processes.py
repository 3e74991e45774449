"""Several processes, one run: what they share, what comes out, and how they end together."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from group_tasks import go_wrong, loop_recipe, run_group, train_runs
from tintype.data.pairs import Batches
from tintype.errors import RecipeError
from tintype.training import networks
from tintype.training.checkpoint import read_checkpoint, read_tensors
from tintype.training.distributed import Share, share_of
from tintype.training.loop import train
from tintype.training.recipe import Recipe
from training_pictures import write_tiles

LR = 1e-4
COMMON = ["precision=32-true", "ema_images=20", "log.tick=8", "log.save_seconds=0"]
COMMON += ["stages.0.size=64", "stages.0.images=48", "stages.0.warmup=16", f"stages.0.lr={LR}"]
DRIVING = [*COMMON, "generator.width=8", "generator.depth=3"]
# A network with weights enough that single layers are divided by themselves.
WIDE = [*COMMON, "generator.width=24", "generator.depth=3", "stages.0.size=32", "stages.0.images=32"]
PIX2PIX = [*COMMON, "generator.depth=6", "generator.width=8", "generator.dropout=0", "critic.width=8"]
PIX2PIX += ["stages.0.images=32"]


# One test process starts the runs that they share.
pytestmark = pytest.mark.xdist_group("processes")

# Frozen at first, then not; without hints at first, then with hints for some.
TINT = ["generator.encoder=efficientnet-lite0", "generator.bottom=32", "generator.widths=[24, 16, 16]"]
TINT += ["precision=32-true", "ema_images=20", "log.tick=8", *(f"stages.*.{key}" for key in ("images=8", "size=64"))]
TINT += ["stages.*.warmup=0", f"stages.*.lr={LR}", "stages.*.schedule=constant"]


def each(size: int) -> list[str]:
    return [f"stages.*.batch={size}"]


def batch(size: int, accumulate: int = 1) -> list[str]:
    return [f"stages.0.batch={size}", f"stages.0.accumulate={accumulate}"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("data") / "photos")


@pytest.fixture(scope="module")
def root(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two processes, in one folder."""
    folder = tmp_path_factory.mktemp("runs")
    runs: list[dict[str, Any]] = [
        {"name": "ddp", "recipe": "driving", "settings": [*DRIVING, *batch(4)]},
        {"name": "ddp-stopped", "recipe": "driving", "settings": [*DRIVING, *batch(4)], "until": 24},
        {"name": "fsdp", "recipe": "driving", "settings": [*WIDE, *batch(4)], "strategy": "fsdp"},
        {"name": "fsdp-stopped", "recipe": "driving", "settings": [*WIDE, *batch(4)], "strategy": "fsdp", "until": 16},
        {"name": "tint-fsdp", "recipe": "tint", "settings": [*TINT, *each(4)], "strategy": "fsdp"},
        {"name": "gan-fsdp", "recipe": "pix2pix", "settings": [*PIX2PIX, *batch(4)], "strategy": "fsdp"},
    ]
    assert run_group(2, train_runs, folder, photos, runs, seconds=400) == [0, 0], told(folder)
    return folder


def told(folder: Path) -> str:
    return "\n".join(file.read_text() for file in sorted(folder.glob("said/rank-*/stderr.txt")))


def alone(recipe: str, settings: list[str], photos: Path, run: Path) -> Path:
    train(loop_recipe(recipe, settings), [photos], run, cache_dir=run.parent / "cache", accelerator="cpu")
    return run


def curve(run: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line]


def same_run(run: Path, expected: Path) -> None:
    """Equal curves and weights, but for the rounding of sums in another order.

    Adam makes whole steps of gradients that are nothing but rounding (of a bias before a norm), so single weights may
    differ by steps; all together by a small part of the way they went.
    """
    mine, theirs = curve(run), curve(expected)
    assert [line["images"] for line in mine] == [line["images"] for line in theirs]
    for key, tolerance in (("loss", 1e-3), ("lr", 1e-9), ("gradient_norm", 1e-2), ("loss_D", 1e-3)):
        if key in theirs[0]:
            np.testing.assert_allclose([line[key] for line in mine], [line[key] for line in theirs], rtol=tolerance)
    weights, wanted = read_checkpoint(run).weights, read_checkpoint(expected).weights
    assert {name: value.shape for name, value in weights.items()} == {n: value.shape for n, value in wanted.items()}
    trained = [name for name in wanted if "running_" not in name and "num_batches" not in name]
    apart = torch.cat([(weights[name] - wanted[name]).abs().flatten() for name in trained])
    assert float(apart.mean()) < 0.02 * LR * len(theirs)
    for name, value in wanted.items():
        if "running_" in name:
            torch.testing.assert_close(weights[name], value, rtol=2e-2, atol=2e-3)


def test_the_processes_take_every_sample_once() -> None:
    def numbers(steps: int, **share: int) -> list[list[int]]:
        """The samples of each step, of all processes together."""
        world, parts = share.get("world", 1), share.get("parts", 1)
        taken: list[list[int]] = [[] for _ in range(steps)]
        for rank in range(world):
            batches = Batches(start=40, rank=rank, **share)
            for place, samples in enumerate(islice(batches.numbers(), steps * parts)):
                taken[place // parts] += samples
        return taken

    expected = [list(range(40 + 24 * step, 64 + 24 * step)) for step in range(5)]
    assert numbers(5, size=24) == expected
    for share in ({"size": 12, "world": 2}, {"size": 6, "world": 4}, {"size": 2, "parts": 3, "world": 4}):
        assert numbers(5, **share) == expected  # none missing, none twice


def test_a_step_stays_as_large_as_it_was_when_the_run_began() -> None:
    stage = loop_recipe("driving", ["stages.0.batch=16"]).stages[0]
    assert share_of(stage, 1, 1) == Share(16, 16, 1)
    assert share_of(stage, 2, 2) == Share(32, 16, 1)
    assert share_of(stage, 2, 1) == Share(32, 16, 2)
    assert share_of(stage, 2, 4) == Share(32, 8, 1)
    assert share_of(stage, 4, 1) == Share(64, 16, 4)
    accumulating = stage.model_copy(update={"accumulate": 3})
    assert share_of(accumulating, 1, 1) == Share(48, 16, 3)
    assert share_of(accumulating, 2, 1) == Share(96, 16, 6)
    with pytest.raises(RecipeError, match=r"steps are 32 pictures .* 3 processes cannot .*; 1, 2, 4 can"):
        share_of(stage, 2, 3)


def test_two_processes_give_what_one_gives_with_the_joint_batch(root: Path, photos: Path, tmp_path: Path) -> None:
    same_run(root / "ddp", alone("driving", [*DRIVING, *batch(8)], photos, tmp_path / "run"))


def test_a_divided_generator_gives_what_a_whole_one_gives(root: Path, photos: Path, tmp_path: Path) -> None:
    same_run(root / "fsdp", alone("driving", [*WIDE, *batch(8)], photos, tmp_path / "run"))


def test_a_divided_generator_learns_from_a_critic(root: Path, photos: Path, tmp_path: Path) -> None:
    same_run(root / "gan-fsdp", alone("pix2pix", [*PIX2PIX, *batch(8)], photos, tmp_path / "run"))


def test_a_divided_generator_is_frozen_and_thawed(root: Path, photos: Path, tmp_path: Path) -> None:
    same_run(root / "tint-fsdp", alone("tint", [*TINT, *each(8)], photos, tmp_path / "run"))


def test_each_process_holds_its_part_of_the_generator_and_of_the_moments(root: Path) -> None:
    whole = sum(value.numel() for value in networks_of("driving", WIDE).parameters())
    held = [json.loads((root / f"fsdp-{rank}.json").read_text()) for rank in (0, 1)]
    assert sum(one["generator"] for one in held) == whole
    for one in held:
        assert one["generator"] == pytest.approx(whole / 2, rel=0.02)
        assert one["moments"] == one["generator"]
    assert json.loads((root / "ddp-0.json").read_text()) == json.loads((root / "ddp-1.json").read_text())


def networks_of(name: str, settings: list[str]) -> nn.Module:
    recipe: Recipe = loop_recipe(name, settings)
    return networks.build_generator(recipe.system, recipe.generator)


@pytest.mark.parametrize("kind", ["ddp", "fsdp"])
def test_one_process_goes_on_with_a_run_of_two(kind: str, root: Path, photos: Path, tmp_path: Path) -> None:
    """With steps of the same size, in two halves each; batch norm sees the halves one by one."""
    stopped = tmp_path / "run"
    shutil.copytree(root / f"{kind}-stopped", stopped)
    tensors, info = read_tensors(stopped / "checkpoints/state.safetensors")
    assert info["position"]["processes"] == 2
    before = info["position"]["images"]
    assert before == (24 if kind == "ddp" else 16)
    shapes = {name: value.shape for name, value in networks_of("driving", settings(kind)).state_dict().items()}
    assert {name: tensors[f"average.{name}"].shape for name in shapes} == shapes  # written whole
    alone("driving", [*settings(kind), *batch(4)], photos, stopped)
    resumed, unbroken = curve(stopped), curve(root / kind)
    assert [line["images"] for line in resumed] == [line["images"] for line in unbroken]
    np.testing.assert_allclose(
        [line["loss"] for line in resumed if line["images"] <= before],
        [line["loss"] for line in unbroken if line["images"] <= before],
        rtol=1e-4,
    )
    np.testing.assert_allclose([line["lr"] for line in resumed], [line["lr"] for line in unbroken])
    np.testing.assert_allclose([line["loss"] for line in resumed], [line["loss"] for line in unbroken], rtol=0.1)


def settings(kind: str) -> list[str]:
    return DRIVING if kind == "ddp" else WIDE


def without_norms(build: Any) -> Any:
    """`build`, with norms over each picture in the place of those over batches."""

    def built(*arguments: Any) -> nn.Module:
        network: nn.Module = build(*arguments)
        for module in list(network.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.BatchNorm2d):
                    setattr(module, name, nn.GroupNorm(1, child.num_features))
        return network

    return built


@pytest.mark.parametrize("recipe", ["driving", "pix2pix"])
def test_accumulating_gives_what_the_larger_batch_gives(
    recipe: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without batch norm: that is about batches, and so sees what fits into memory."""
    monkeypatch.setattr(networks, "build_generator", without_norms(networks.build_generator))
    monkeypatch.setattr(networks, "build_critic", without_norms(networks.build_critic))
    chosen = DRIVING if recipe == "driving" else PIX2PIX
    runs = [
        alone(recipe, [*chosen, *batch(*sizes)], photos, tmp_path / "x".join(map(str, sizes)))
        for sizes in ((8, 1), (2, 4))
    ]
    same_run(runs[1], runs[0])


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("nan", "the loss is nan after 24 images"),
        ("exception", "this picture is haunted"),
        ("bug", "KeyError: 'haunted'"),
        ("silence", "another process of the run did not answer for 3 s"),
    ],
)
def test_what_goes_wrong_in_one_process_ends_all_with_one_error(
    how: str, words: str, photos: Path, tmp_path: Path
) -> None:
    codes = run_group(2, go_wrong, tmp_path, photos, "driving", [*DRIVING, *batch(4)], how, seconds=60)
    said = told(tmp_path)
    errors = [line for line in said.splitlines() if "rror: " in line and "images/s" not in line]
    assert len(errors) == 1, said
    assert words in errors[0]
    assert codes[0] not in (0, None)
    assert codes[1] != 0
    assert (codes[1] is None) == (how == "silence")  # the agent ends a silent one


def test_four_processes_give_what_one_gives_with_the_joint_batch(photos: Path, tmp_path: Path) -> None:
    for name, recipe, chosen in (("supervised", "driving", DRIVING), ("gan", "pix2pix", PIX2PIX)):
        runs = [{"name": name, "recipe": recipe, "settings": [*chosen, *batch(2)]}]
        assert run_group(4, train_runs, tmp_path, photos, runs, seconds=300) == [0] * 4, told(tmp_path)
        same_run(tmp_path / name, alone(recipe, [*chosen, *batch(8)], photos, tmp_path / "alone" / name))


def children(pid: int) -> dict[int, int]:
    """Process ids by rank, of the processes that an agent started."""
    found = {}
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        environment = dict(
            part.split("=", 1) for part in Path(f"/proc/{child}/environ").read_text().split("\0") if "=" in part
        )
        found[int(environment["RANK"])] = child
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
def test_a_killed_process_is_started_again_with_the_others_and_the_run_ends_equal(
    root: Path, photos: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    changes = [part for text in (*DRIVING, *batch(4)) for part in ("--set", text)]
    command = ["train", "--recipe", "driving", *changes, "--data", str(photos), "--run", str(run)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tintype", *command, "--accelerator", "cpu", "--devices", "2", "--restarts", "1"],
        env=os.environ | {"OMP_NUM_THREADS": "1", "TINTYPE_CACHE": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if (run / "stats.jsonl").exists() and '"images": 24' in (run / "stats.jsonl").read_text():
            os.kill(children(process.pid)[1], signal.SIGKILL)
            break
        time.sleep(0.005)
    out, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert "restart 1: going on from the last saved state" in errors
    assert out.split() == [str(run / "checkpoints/weights-000000048.safetensors")]
    expected, resumed = read_checkpoint(root / "ddp").weights, read_checkpoint(run).weights
    assert all(torch.equal(resumed[name], value) for name, value in expected.items())
    kept = ("images", "loss", "lr", "gradient_norm")
    assert [[line[k] for k in kept] for line in curve(run)] == [[line[k] for k in kept] for line in curve(root / "ddp")]


def test_a_killed_process_is_named() -> None:
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

    from tintype.training.launch import LOST, _what_happened

    killed = ProcessFailure(local_rank=1, pid=0, exitcode=-9, error_file="<N/A>")
    text = _what_happened({1: killed})
    assert text.startswith("process 1 of the run was killed by SIGKILL; the last saved state is kept")
    assert "on another machine" in _what_happened({})
    assert LOST not in (0, 1)
