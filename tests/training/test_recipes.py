"""Every recipe, end to end: trained, exported to a model file, and used to colour a picture from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import RunCli
from tintype.colorizer.learned_restore import Restorer
from tintype.network.model_file import find_model
from tintype.photo.photo import Photo
from tintype.training.export import export_checkpoint
from tintype.training.loop import train
from tintype.training.recipe import load_recipe, recipe_names
from training_pictures import write_tiles

# Narrow networks, small crops: what is tested is that the parts fit together and learn.
NARROW = {
    "tint": ["generator.encoder=efficientnet-lite0", "generator.bottom=64", "generator.widths=[32, 24, 16]"],
    "tint-small": ["generator.bottom=64", "generator.widths=[32, 24, 16]"],
    "ddcolor": [
        *("generator.width=16", "generator.hidden=32", "generator.queries=8", "generator.layers=1"),
        *("generator.feedforward=32", "critic.width=16"),
    ],
    "pix2pix": ["generator.depth=6", "generator.width=16", "critic.width=16"],
    "driving": ["generator.width=8"],
    "landscape": ["generator.complexity=16", "critic.complexity=4"],
    "nogan": ["generator.encoder=efficientnet-lite0", "generator.width=16", "critic.width=16"],
    "uvu": ["generator.width=8", "critic.width=16"],
    "uvu-sketch": ["generator.width=8", "critic.width=16"],
    "sketch": ["generator.width=8", "critic.width=16"],
    "restore": ["generator.widths=[8, 12, 16]", "generator.blocks=1"],
}
SIDE = {"uvu": 128, "uvu-sketch": 128, "sketch": 128}
DRAWINGS = ("uvu-sketch", "sketch")
# What has to fall: the part of the loss that compares with the truth, or with a teacher.
FALLING = {"restore": "l2", "driving": "l2", "tint-small": "distillation"}
# Whose stages weigh colours differently, so that losses cannot be compared across them: validations are.
VALIDATED = ("tint",)
# To which part of its first value at least. nogan begins with grey, where others have yet to unlearn wild colours. The
# squared loss of restore hangs on the damage that is drawn; that it learns, tests/models/test_restorer.py shows.
FALLEN = {"nogan": 0.95, "restore": np.inf}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("data") / "photos", side=160)


def overrides(name: str, images: int) -> list[str]:
    """Everything narrow, `images` in all, shared evenly by the stages."""
    share = images // len(load_recipe(name).schedule)
    side = SIDE.get(name, 64)
    same = [f"images={share}", f"size={side}", "batch=8", "warmup=0"]
    logs = ["log.tick=80", "log.samples=100000", "log.candidate=100000", "log.snapshot=100000"]
    return [*NARROW[name], *(f"stages.*.{text}" for text in same), *logs]


def test_every_recipe_is_tried_here() -> None:
    assert sorted(NARROW) == recipe_names()


@pytest.mark.slow
@pytest.mark.seed("S0-01", "S0-02")
@pytest.mark.parametrize("name", sorted(NARROW))
def test_a_recipe_trains_exports_and_colours(
    name: str, photos: Path, examples: list[Path], tmp_path: Path, cli: RunCli
) -> None:
    run = tmp_path / "run"
    train(load_recipe(name, overrides(name, 2_000)), [photos], run, validation=photos, cache_dir=tmp_path / "cache")
    lines = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    ticks = [line for line in lines if line.get("kind") in ("supervised", "adversarial")]
    key = FALLING.get(name, "l1")
    validated = [line["validation"]["ciede2000"] for line in lines if "validation" in line]
    errors = validated if name in VALIDATED else [tick[key] for tick in ticks if key in tick]
    assert np.mean(errors[-3:]) < FALLEN.get(name, 0.9) * errors[0]
    assert (run / "report.html").stat().st_size > 1_000_000

    model = export_checkpoint(run, tmp_path / f"{name}.onnx", name=name)
    info = find_model(model).info
    if name == "restore":
        photo = Photo.read(next(path for path in examples if path.stem == "coffee"))
        made = Restorer(model, threads=1).restore(photo)
        assert made.luma.shape == photo.luma.shape
        return
    assert info.condition == ("sketch" if name in DRAWINGS else "lightness")
    picture = next(path for path in examples if path.stem == "coffee")
    if name in DRAWINGS:
        done = cli("sketch", picture, "--output", tmp_path / "given.png")
        assert done.returncode == 0, done.stderr.decode()
        picture = tmp_path / "given.png"
    done = cli("colorize", picture, "--model", model, "--output", tmp_path / "colour.png")
    assert done.returncode == 0, done.stderr.decode()
    given, coloured = (Image.open(p).convert("RGB") for p in (picture, tmp_path / "colour.png"))
    assert coloured.size == given.size
    spread = np.ptp(np.asarray(coloured, np.int16), axis=2)
    assert spread.mean() > 1  # the answer has colour
    if name not in DRAWINGS:
        light = [np.asarray(image.convert("L"), np.int16) for image in (given, coloured)]
        assert np.abs(light[0] - light[1]).max() <= 2
