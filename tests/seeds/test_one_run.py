"""What the documents want to see of a training run, on one very small run with a critic."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from tintype.training.loop import train
from tintype.training.recipe import load_recipe
from training_pictures import write_tiles

SMALL = [
    "precision=32-true",
    "generator.depth=5",
    "generator.width=4",
    "critic.width=4",
    "stages.0.size=64",
    "stages.0.batch=4",
    "stages.0.images=32",
    "log.tick=8",
    "log.candidate=16",
    "log.snapshot=16",
]
SIX = ["loss_D_fake", "loss_D_real", "loss_D", "loss_G_GAN", "loss_G_L1", "loss_G"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("run")
    photos = write_tiles(root / "photos", side=64, per_picture=1)
    train(load_recipe("pix2pix", SMALL), [photos], root / "run", validation=photos, cache_dir=root / "cache")
    return root / "run"


@pytest.fixture(scope="module")
def lines(run: Path) -> list[dict]:  # type: ignore[type-arg]
    return [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]


@pytest.mark.seed("S1-21", "S4-28")
def test_losses_are_a_table_with_the_six_columns(run: Path) -> None:
    with (run / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["images"]) for row in rows] == [8, 16, 24, 32]
    for row in rows:
        fake, real, critic, gan, l1, generator = (float(row[name]) for name in SIX)
        assert critic == pytest.approx((fake + real) / 2, abs=2e-5)
        assert generator == pytest.approx(gan + l1, abs=2e-5)
        assert l1 == pytest.approx(100 * float(row["l1"]), abs=2e-3)


@pytest.mark.seed("S0-22", "S1-23", "S4-37")
def test_speed_is_in_the_log(lines: list[dict]) -> None:  # type: ignore[type-arg]
    assert all(line["images_per_second"] > 0 for line in lines if "loss" in line)


@pytest.mark.seed("S1-24", "S2-10", "S4-31")
def test_pictures_are_drawn_after_a_few_batches(run: Path) -> None:
    assert [path.name for path in sorted((run / "samples").iterdir())] == ["000000016.jpg", "000000032.jpg"]
    sheet = Image.open(run / "samples" / "000000032.jpg")
    assert sheet.size == (3 * 64, 4 * 64)  # given | answered | true, a row for each of four pictures
    given = sheet.crop((0, 0, 60, 256)).convert("YCbCr").split()[1]
    assert max(abs(level - 128) for level in given.getextrema()) < 12  # grey, but for JPEG


@pytest.mark.seed("S2-18", "S4-25")
def test_figures_stand_beside_those_of_grey(lines: list[dict]) -> None:  # type: ignore[type-arg]
    validations = [line["validation"] for line in lines if "validation" in line]
    assert len(validations) == 2
    for figures in validations:
        assert {"ab_mse", "psnr", "ciede2000", "colorfulness"} <= set(figures)
        assert {"ab_mse_grey", "psnr_grey", "ciede2000_grey", "colorfulness_true"} <= set(figures)
    assert validations[0]["ab_mse_grey"] == validations[1]["ab_mse_grey"] > 0


@pytest.mark.seed("S2-18", "S3-16", "S4-27")
def test_a_page_shows_losses_and_pictures(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    for words in ("Reconstruction loss", "Critic loss", "Adversarial loss", "data:image/"):
        assert words in page


@pytest.mark.seed("S4-34")
def test_checkpoints_are_kept_on_the_way(run: Path) -> None:
    names = {path.name for path in (run / "checkpoints").iterdir()}
    assert {"weights-000000016.safetensors", "weights-000000032.safetensors", "state.safetensors"} <= names
