"""One S3 server and one Ray cluster for all tests here; each starts when the first test asks for it."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("ray", reason="the extra ray is not installed")

from cluster.ray_cluster import RayCluster, ray_cluster
from cluster.s3_server import S3Server, s3_server
from conftest import EXAMPLES


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def ring(s3: S3Server) -> Iterator[RayCluster]:
    """A head and one more raylet."""
    with ray_cluster(s3.environment, raylets=2) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def outside(s3: S3Server, ring: RayCluster, model_path: Path) -> dict[str, str]:
    """The environment of whoever drives the cluster; the model "tiny" is at hand."""
    return os.environ | s3.environment | ring.environment | {"TINTYPE_MODELS": os.fspath(model_path.parent)}


def little_scans(count: int) -> dict[str, bytes]:
    """So many grey JPEGs of 96x72 pixels by name in folders, each another piece of one of the examples."""
    rng = np.random.default_rng(0)
    photos = [np.asarray(Image.open(path).convert("L")) for path in sorted(EXAMPLES.glob("*.jpg"))]
    made = {}
    for number in range(count):
        photo = photos[number % len(photos)]
        top, left = (int(rng.integers(0, side - least)) for side, least in zip(photo.shape, (72, 96), strict=True))
        target = io.BytesIO()
        Image.fromarray(photo[top : top + 72, left : left + 96]).save(target, "JPEG", quality=90)
        made[f"box {number % 7}/{number:05}.jpg"] = target.getvalue()
    return made


def start(ring: RayCluster, outside: dict[str, str], scans: str, colour: str, *more: str) -> subprocess.Popen[str]:
    """The driver, in a process of its own."""
    where = [f"s3://{scans}/", "-o", f"s3://{colour}/", "--engine", "ray", "--ray-address", ring.address]
    command = [sys.executable, "-m", "tintype", "colorize", *where, "--model", "tiny", "--precision", "f32", "--json"]
    command += more
    return subprocess.Popen(command, env=outside, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
