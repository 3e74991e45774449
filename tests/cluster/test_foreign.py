"""A cluster colours with somebody else's network as one machine does; the driver says what it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import foreign_graphs
from cluster.conftest import little_scans
from cluster.ray_cluster import RayCluster
from tintype import Colorizer

pytestmark = pytest.mark.xdist_group("ray")


@pytest.mark.slow
@pytest.mark.parametrize("model", ["foreign.onnx", "ddcolor:foreign.onnx*0.7,tint*0.3"])
def test_each_picture_is_what_one_machine_makes_of_it(
    model: str, ring: RayCluster, outside: dict[str, str], tmp_path: Path
) -> None:
    foreign_graphs.ddcolor(tmp_path / "foreign.onnx", size=(64, 64))
    scans = little_scans(6)
    for name, data in scans.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    command = [sys.executable, "-m", "tintype", "colorize", "in", "-o", "out", "--model", model, "--json"]
    command += ["--engine", "ray", "--ray-address", ring.address, "--precision", "f32"]
    done = subprocess.run(command, cwd=tmp_path, env=outside, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["coloured"], report["failed"]) == (6, 0)
    here = os.fspath(tmp_path / "foreign.onnx")
    with Colorizer(model.replace("foreign.onnx", here), threads=1, precision="f32") as colorizer:
        for name, data in scans.items():
            assert (tmp_path / "out" / name).read_bytes() == colorizer.colorize(data).encode("JPEG"), name
