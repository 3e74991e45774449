"""The step `auto`: made damage taken away, photographs left as they are, any size without seams, in 8 and 16 bits."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from PIL import Image

from conftest import RunCli
from tintype import Colorizer
from tintype.colorizer import learned_restore
from tintype.colorizer.learned_restore import DAMAGED, OUTPUT, OWN, Restorer, open_restorer, restore_auto, restored_map
from tintype.colorizer.provenance import read_record
from tintype.colorizer.restore import restore
from tintype.colorizer.taste import Taste
from tintype.data import degrade
from tintype.errors import WeightsError
from tintype.network.model_file import METADATA_KEY, find_model, graph_digest, read_model
from tintype.photo.photo import Photo

PHOTOGRAPHS = ("astronaut", "cat", "coffee", "hopper")


@pytest.fixture(scope="module")
def restorer() -> Restorer:
    return Restorer(threads=1)


def photograph(examples: list[Path], name: str, side: int = 256) -> np.ndarray:
    """The middle of a photograph without colour, (side, side) uint8, from a copy of twice that size at most."""
    path = next(path for path in examples if path.stem == name)
    with Image.open(path) as image:
        grey = image.convert("L")
        scale = min(1.0, 1.5 * side / min(grey.size))
        grey = grey.resize([round(length * scale) for length in grey.size], Image.Resampling.BOX)
        left, top = (grey.width - side) // 2, (grey.height - side) // 2
        return np.asarray(grey.crop((left, top, left + side, top + side)))


def psnr(truth: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((truth.astype(float) - other) ** 2), 1e-9)))


def damaged(luma: np.ndarray, seed: int, kind: str = "scratch") -> np.ndarray:
    """A print with made damage of one kind."""
    made = getattr(degrade, kind)(luma.astype(np.float32), np.random.default_rng(seed))
    return np.asarray(made.clip(0, 255).round(), np.uint8)


def test_photographs_come_back_as_they_were(restorer: Restorer, examples: list[Path]) -> None:
    clean = [photograph(examples, name) for name in PHOTOGRAPHS]
    found = [min(60.0, psnr(luma, restorer.restore(Photo(luma)).luma)) for luma in clean]
    assert np.mean(found) >= 38, found


@pytest.mark.parametrize("kind", ["scratch", "halftone"])
def test_made_damage_is_taken_away_better_than_by_the_filters(
    restorer: Restorer, examples: list[Path], kind: str
) -> None:
    gains = []
    for seed, name in enumerate(PHOTOGRAPHS):
        luma = photograph(examples, name)
        print_ = damaged(luma, seed, kind)
        filtered = restore(Photo(print_), ["noise", "dust"]).luma
        made = restorer.restore(Photo(print_)).luma
        gains.append([psnr(luma, made) - psnr(luma, print_), psnr(luma, made) - psnr(luma, filtered)])
    assert np.mean(gains, axis=0).min() > 0.5, gains


def test_auto_looks_first(restorer: Restorer, examples: list[Path]) -> None:
    luma = photograph(examples, "hopper")
    whole = restore_auto(Photo(luma))
    soft = np.asarray(Image.fromarray(luma).resize((512, 512), Image.Resampling.BICUBIC))
    assert restorer.damage(Photo(soft)) < DAMAGED
    left = restore_auto(Photo(soft))
    assert np.array_equal(left.photo.luma, soft)
    assert left.model is None
    made = restore_auto(Photo(damaged(luma, 1)))
    assert made.damage > max(DAMAGED, whole.damage)
    assert made.model is not None
    assert made.model.startswith("restore ")
    assert not np.array_equal(made.photo.luma, damaged(luma, 1))


def test_a_hair_on_a_large_scan_is_seen_and_nothing_else_is_changed(restorer: Restorer) -> None:
    luma = np.full((900, 1300), 120, np.uint8)
    cv2.polylines(luma, [np.array([[600, 300], [640, 420], [610, 560], [660, 640]])], False, 235, 1, cv2.LINE_AA)
    hair = luma > 160
    made = restorer.restore(Photo(luma)).luma.astype(int)
    assert np.abs(made[hair] - 120).mean() < 0.5 * np.abs(luma[hair].astype(int) - 120).mean()
    far = np.abs(made - luma)
    far[280:660, 580:680] = 0
    assert far.max() <= 3


def test_tiles_leave_no_seams(restorer: Restorer, examples: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """As in one piece, at sizes that no multiple fits, in 8 and 16 bits."""
    luma = damaged(photograph(examples, "astronaut"), 3)[:251, :203]
    whole = restorer.restore(Photo(luma)).luma.astype(int)
    light = luma.astype(np.uint16) * np.uint16(257)
    deep = restorer.restore(Photo.read(light)).deep
    assert deep is not None
    monkeypatch.setattr(learned_restore, "TILE", 64)
    assert np.abs(restorer.restore(Photo(luma)).luma - whole).max() <= 1
    pieces = restorer.restore(Photo.read(light)).deep
    assert pieces is not None
    assert np.abs(pieces.luma.astype(int) - deep.luma).max() <= 16  # of 65,535: far below a level
    assert np.abs(deep.luma / 257 - whole).max() <= 0.51
    assert len(np.unique(deep.luma)) > 256


def test_what_is_said_and_shown_of_it(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    luma = damaged(photograph(examples, "hopper"), 5)
    Photo(luma).save(tmp_path / "old.png")
    arguments = ("colorize", "old.png", "--restore", "auto", "-o", "made.png")
    done = cli(*arguments, "--restored-map", "map.png")
    assert done.returncode == 0, done.stderr.decode()
    made = Photo.read(tmp_path / "made.png")
    record = read_record(made.meta)
    assert record is not None
    assert record["options"]["restore"] == ["auto"]
    assert record["options"]["restored"]["damage"] >= DAMAGED
    assert record["options"]["restored"]["model"].startswith("restore ")
    shown = np.asarray(Image.open(tmp_path / "map.png"))
    wanted = restore_auto(Photo(luma)).photo
    assert np.array_equal(shown, restored_map(Photo(luma), wanted))
    assert np.mean(shown != 128) > 0.02
    assert np.abs(made.luma.astype(int) - wanted.luma).max() <= 1
    again = cli(*arguments, "--restored-map", "map.png", "--overwrite")
    assert again.returncode == 0, again.stderr.decode()
    for wrong, words in ((("--restored-map", "x.jpg"), b"written as PNG"), (("--restored-map", "x"), b"name a .png")):
        refused = cli(*arguments[:-1], "other.png", *wrong)
        assert refused.returncode != 0
        assert words in refused.stderr
    alone = cli("colorize", "old.png", "-o", "b.png", "--restored-map", "x.png")
    assert b"add --restore auto" in alone.stderr
    told = json.loads(cli("info", "made.png", "--json").stdout)
    assert "restored" in json.dumps(told)


def test_auto_is_a_step_among_others(examples: list[Path]) -> None:
    assert Taste(restore=("fade", "auto")).restore == ("fade", "auto")
    luma = damaged(photograph(examples, "cat"), 2)
    both = restore(Photo(luma), ["fade", "auto"]).luma
    assert np.array_equal(both, restore(open_restorer().restore(Photo(luma)), ["fade"]).luma)


def test_a_network_of_your_own_is_asked_by_its_file(cli: RunCli, examples: list[Path], tmp_path: Path) -> None:
    """One that lightens all and mends nothing, so that it cannot be taken for the one that comes with tintype."""
    Photo(damaged(photograph(examples, "hopper"), 5)).save(tmp_path / "old.png")
    mine = tmp_path / "mine.onnx"
    model = onnx.load(OWN)
    node = next(node for node in model.graph.node if OUTPUT in node.output)
    node.output[list(node.output).index(OUTPUT)] = "mended"
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32([0.1]), "lighter"))
    model.graph.node.append(onnx.helper.make_node("Add", ["mended", "lighter"], [OUTPUT]))
    (entry,) = (entry for entry in model.metadata_props if entry.key == METADATA_KEY)
    digest = graph_digest(model.SerializeToString())
    entry.value = replace(read_model(OWN).info, name="mine", graph_sha256=digest).to_json()
    mine.write_bytes(model.SerializeToString())
    done = cli("colorize", "old.png", "--restore", f"auto={mine}", "-o", "made.png")
    assert done.returncode == 0, done.stderr.decode()
    record = read_record(Photo.read(tmp_path / "made.png").meta)
    assert record is not None
    assert record["options"]["restore"] == [f"auto={mine}"]
    assert record["options"]["restored"]["model"].startswith("mine ")
    light = [Photo.read(tmp_path / name).luma.astype(int).mean() for name in ("old.png", "made.png")]
    assert light[1] - light[0] > 5
    for wrong, words in (
        ("none.onnx", b"none.onnx: no such model file"),
        (find_model("tint").path, b"a model that colours, not one"),
    ):
        refused = cli("colorize", "old.png", "--restore", f"auto={wrong}", "-o", "other.png")
        assert refused.returncode != 0
        assert words in refused.stderr
    assert b"no restoring step is called 'fade=x'" in cli("colorize", "old.png", "--restore", "fade=x").stderr


def test_it_is_not_taken_for_a_model_that_colours() -> None:
    with pytest.raises(WeightsError, match="takes damage out of light and colours nothing"):
        Colorizer(OWN)
