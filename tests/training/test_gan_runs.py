"""Runs with a critic: killed in any kind of stage they go on bit-equal, and two processes give what one gives."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tintype.training.checkpoint import BEST, read_checkpoint
from training_pictures import write_tiles

NOGAN = [
    "pretrained=none",
    "cycles=1",
    "precision=32-true",
    "ema_images=20",
    "generator.encoder=efficientnet-lite0",
    "generator.width=8",
    "critic.width=8",
    "stages.*.losses={ l1 = 1 }",
    "stages.*.size=64",
    "stages.*.batch=8",
    "stages.*.images=16",
    "stages.3.images=96",
    "stages.4.images=96",
    "stages.5.images=96",
    "log.tick=8",
    "log.samples=1000",
    "log.candidate=48",
    "log.snapshot=1000",
    "log.save_seconds=0.2",
]
PIX2PIX = [
    "precision=32-true",
    "generator.depth=6",
    "generator.width=8",
    "generator.dropout=0",
    "critic.width=8",
    "stages.0.size=64",
    "stages.0.images=48",
    "stages.0.lr=1e-4",
    "log.tick=8",
]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("data") / "photos")


def start(recipe: str, settings: list[str], photos: Path, run: Path, *more: str) -> subprocess.Popen[bytes]:
    changes = [part for text in settings for part in ("--set", text)]
    command = [sys.executable, "-m", "tintype", "train", "--recipe", recipe, "--accelerator", "cpu", *changes, *more]
    places = ["--data", str(photos), "--validation", str(photos), "--run", str(run)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TINTYPE_CACHE": str(run.parent / "cache")}
    return subprocess.Popen([*command, *places], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()


def lines(run: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def unbroken(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("unbroken") / "run"
    finish(start("nogan", NOGAN, photos, run))
    return run


@pytest.mark.seed("S3-10")
def test_the_best_of_an_adversarial_stage_is_kept_and_gone_back_to(unbroken: Path) -> None:
    best = read_checkpoint(unbroken / "checkpoints" / BEST)
    scores = {line["images"]: line["validation"]["score"] for line in lines(unbroken) if "validation" in line}  # type: ignore[index, call-overload]
    judged = {images: score for images, score in scores.items() if images > 256}  # of the adversarial stage
    assert len(judged) >= 2
    assert best.info["validation"]["score"] == min(judged.values())
    last = read_checkpoint(sorted(unbroken.glob("checkpoints/weights-*"))[-1])
    assert all(torch.equal(last.weights[name], value) for name, value in best.weights.items())
    assert read_checkpoint(unbroken).path == best.path


@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [96, 192, 288], ids=["supervised", "critic", "adversarial"])
@pytest.mark.seed("S0-18", "S3-08", "S4-34")
def test_killed_in_any_kind_of_stage_it_goes_on_bit_equal(
    photos: Path, tmp_path: Path, unbroken: Path, killed_at: int
) -> None:
    run = tmp_path / "run"
    kill_at(killed_at, start("nogan", NOGAN, photos, run), run)
    assert not list(run.glob("checkpoints/weights-000000336*")), "killed too late"

    finish(start("nogan", NOGAN, photos, run))
    assert_equal(run, unbroken)


def kill_at(images: int, process: subprocess.Popen[bytes], run: Path) -> None:
    """Kill a training as soon as it has seen so many images."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if (run / "stats.jsonl").exists() and f'"images": {images}' in (run / "stats.jsonl").read_text():
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def assert_equal(run: Path, unbroken: Path) -> None:
    """Two runs have the same weights and the same lines."""
    expected, resumed = read_checkpoint(unbroken).weights, read_checkpoint(run).weights
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)
    kept = ("images", "stage", "loss", "loss_D", "lr", "critic_lr")
    assert [[line.get(k) for k in kept] for line in lines(run)] == [
        [line.get(k) for k in kept] for line in lines(unbroken)
    ]


def test_killed_between_critic_and_generator_it_goes_on_bit_equal(photos: Path, tmp_path: Path) -> None:
    """As the slow test of every kind of stage, with a little pix2pix."""
    settings = [*PIX2PIX, "stages.0.batch=8", "stages.0.images=320", "log.save_seconds=0.1"]
    run, unbroken = tmp_path / "run", tmp_path / "unbroken"
    finish(start("pix2pix", settings, photos, unbroken))
    kill_at(80, start("pix2pix", settings, photos, run), run)
    assert not list(run.glob("checkpoints/weights-000000320*")), "killed too late"
    finish(start("pix2pix", settings, photos, run))
    assert_equal(run, unbroken)


@pytest.mark.slow
def test_two_processes_give_what_one_gives_with_the_doubled_batch(photos: Path, tmp_path: Path) -> None:
    """Networks with batch norm, generator and critic: statistics and gradients are those of the whole batch."""
    finish(start("pix2pix", [*PIX2PIX, "stages.0.batch=8"], photos, tmp_path / "one" / "run"))
    two = tmp_path / "two" / "run"
    finish(start("pix2pix", [*PIX2PIX, "stages.0.batch=4"], photos, two, "--devices", "2"))
    one = read_checkpoint(sorted((tmp_path / "one/run").glob("checkpoints/weights-*"))[-1]).weights
    other = read_checkpoint(sorted(two.glob("checkpoints/weights-*"))[-1]).weights
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-3, atol=1e-4, msg=lambda m, name=name: f"{name}: {m}")
    shown = [[line.get("images"), line.get("loss_D"), line.get("loss_G_L1")] for line in lines(two) if "loss" in line]
    expected = [
        [line.get("images"), line.get("loss_D"), line.get("loss_G_L1")]
        for line in lines(tmp_path / "one/run")
        if "loss" in line
    ]
    assert len(shown) == len(expected) == 6
    for mine, theirs in zip(shown, expected, strict=True):
        assert mine[0] == theirs[0]
