"""With another's network tintype keeps what it promises: light, bits, journals, steady films, blends, the API."""

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

import foreign_graphs
from little_films import make, read, scene
from tintype import Colorizer, Photo
from tintype.network.confidence import faded
from tintype.network.ensemble import find_models, open_network
from tintype.server.capabilities import capabilities


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foreign_graphs.ddcolor(tmp_path_factory.mktemp("made") / "foreign.onnx", size=(64, 64))


def test_a_16_bit_tiff_stays_one(model: Path, tmp_path: Path) -> None:
    ramp = np.linspace(15_000, 50_000, 96 * 64).astype(np.uint16).reshape(64, 96)
    source, target = tmp_path / "in.tif", tmp_path / "out.tif"
    Image.fromarray(ramp).save(source)
    with Colorizer(model, threads=1) as colorizer:
        colorizer.colorize(source).save(target)
    import pyvips

    got = pyvips.Image.new_from_file(str(target)).numpy().astype(np.float64)
    assert got.dtype == np.float64
    assert pyvips.Image.new_from_file(str(target)).format == "ushort"
    light = got[..., :3] @ [0.299, 0.587, 0.114]
    assert np.abs(light - ramp).max() < 2
    assert np.ptp(got[..., :3], axis=-1).mean() > 1000


def test_a_folder_goes_on_after_kill_9(model: Path, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    for number in range(50):
        picture = np.roll(np.tile(np.linspace(60, 200, 320).astype(np.uint8), (240, 1)), number, 1)
        Image.fromarray(picture).save(tmp_path / "box" / f"{number:02}.jpg")
    command = [sys.executable, "-m", "tintype", "colorize", "box", "-o", "out", "--model", str(model), "--threads", "1"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    out, deadline = tmp_path / "out", time.monotonic() + 120
    while len(list(out.rglob("*.jpg"))) < 5 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = {path: path.stat().st_mtime_ns for path in out.rglob("*.jpg")}
    assert first
    done = subprocess.run([*command, "--json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert (report["coloured"] + report["skipped"], report["skipped"]) == (50, len(first))
    assert {path: path.stat().st_mtime_ns for path in first} == first
    assert len(list(out.rglob("*.jpg"))) == 50


def test_a_film_of_100_frames(model: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.mkv", tmp_path / "out.mkv"
    make(source, scene(64, 96, 100))
    command = [sys.executable, "-m", "tintype", "colorize", str(source), "-o", str(target), "--model", str(model)]
    subprocess.run([*command, "--codec", "ffv1"], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    before, after = read(source), read(target)
    assert after.times == before.times
    assert len(after.planes) == 100
    for old, new in zip(before.planes, after.planes, strict=True):
        assert np.abs(new[0].astype(int) - old[0].astype(int)).max() <= 1
    means = np.array([[plane.mean() for plane in planes[1:]] for planes in after.planes])
    assert np.abs(np.diff(means, axis=0)).max() < 2  # it holds still
    assert np.abs(means - means.mean()).max() > 1  # and is coloured


def test_a_blend_is_the_weighted_mean_each_at_its_own_size(model: Path, tmp_path: Path) -> None:
    other = foreign_graphs.eccv16(tmp_path / "other.onnx", size=("h", "w"))
    picture = np.tile(np.linspace(70, 205, 96).astype(np.uint8), (64, 1))
    one, two = (Colorizer(path, threads=1, precision="f32").open(picture).predict_ab() for path in (model, other))
    blend = Colorizer(f"{model}*0.7, {other}*0.3", threads=1, precision="f32")
    assert blend.model.info.hints == "spread"
    assert blend.model.sha256 != Colorizer(f"{model},{other}", threads=1).model.sha256
    got = blend.open(picture).predict_ab()
    assert got.shape == two.shape  # on the finer grid
    columns = (np.array([0.2, 0.5, 0.8]) * got.shape[1]).astype(int)
    coarse = (np.array([0.2, 0.5, 0.8]) * one.shape[1]).astype(int)
    wanted = 0.7 * one[one.shape[0] // 2, coarse] + 0.3 * two[two.shape[0] // 2, columns]
    np.testing.assert_allclose(got[got.shape[0] // 2, columns], wanted, atol=0.4)
    assert [file.share for file in find_models(f"{model}*0.7,{other}")] == [0.7, 1.0]


def test_where_tint_only_guesses_the_other_counts_more(tmp_path: Path) -> None:
    colour = np.float32([12, -25])
    g = foreign_graphs.Nodes()
    nothing = g.op("Mul", g.channel("input", 0), 0.0)
    g.op("Concat", *(g.op("Add", nothing, value) for value in colour), output="output", axis=1)
    ports = [("input", (1, 3, 64, 64))], [("output", (1, 2, 64, 64))]
    constant = g.save(tmp_path / "constant.onnx", *ports)
    photo = Photo.read(Path(__file__).parents[2] / "examples" / "camera.jpg")
    tint = Colorizer("tint", threads=1, precision="f32").open(photo)
    weight = faded(tint.confidence())[..., None]
    assert np.ptp(weight) > 0.2
    both = Colorizer(f"tint,{constant}", threads=1, precision="f32").open(photo)
    wanted = (weight * tint.predict_ab() + colour) / (weight + 1)
    np.testing.assert_allclose(both.predict_ab(), wanted, atol=0.05)


def test_the_page_hides_what_is_missing(model: Path) -> None:
    offered = capabilities(open_network(model, threads=1).model_file)
    assert {name for name, one in offered.items() if not one.available} >= {"suggestions", "confidence", "alternatives"}
    assert offered["hints"].available
