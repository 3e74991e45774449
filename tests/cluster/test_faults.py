"""Batches on a cluster through an S3 server: machines, drivers and workers die, and everything is there once."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from cluster.conftest import little_scans
from cluster.ray_cluster import RayCluster
from cluster.s3_server import S3Server
from tintype import Colorizer
from tintype.manifest import MERGED, read_manifest

pytestmark = pytest.mark.xdist_group("ray")
COUNTS = [48, pytest.param(2000, marks=pytest.mark.slow)]


def start(ring: RayCluster, outside: dict[str, str], scans: str, colour: str, *more: str) -> subprocess.Popen[str]:
    """The driver, in a process of its own."""
    where = [f"s3://{scans}/", "-o", f"s3://{colour}/", "--engine", "ray", "--ray-address", ring.address]
    command = [sys.executable, "-m", "tintype", "colorize", *where, "--model", "tiny", "--precision", "f32", "--json"]
    command += more
    return subprocess.Popen(command, env=outside, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def pictures(s3: S3Server, bucket: str) -> set[str]:
    return {key for key in s3.keys(bucket) if key.endswith(".jpg")}


def wait_for_pictures(s3: S3Server, bucket: str, count: int, process: subprocess.Popen[str]) -> int:
    """How many there are when there are at least so many, and the driver is still at work."""
    deadline = time.monotonic() + 240
    while (have := len(pictures(s3, bucket))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return have


def assert_all_there_once(s3: S3Server, scans: dict[str, bytes], bucket: str, colorizer: Colorizer) -> None:
    """Each result is there, whole, what one machine would have made of it, and was written a single time."""
    assert pictures(s3, bucket) == set(scans)
    assert {key: count for key, count in s3.versions(bucket).items() if count > 1 and key != MERGED} == {}
    for name, data in scans.items():
        assert s3.read(bucket, name) == colorizer.colorize(data).encode("JPEG"), name
    assert not s3.client.list_multipart_uploads(Bucket=bucket).get("Uploads")


@pytest.mark.parametrize("count", COUNTS)
def test_a_machine_dies_and_a_picture_kills_its_workers(
    s3: S3Server, ring: RayCluster, outside: dict[str, str], model_path: Path, count: int
) -> None:
    scans = little_scans(count)
    source, target = s3.bucket(f"scans-{count}"), s3.bucket(f"colour-{count}")
    # The second is opened by no worker that lives on: see the hook in ray_cluster.py.
    s3.upload(source, scans | {"torn.jpg": scans["box 0/00000.jpg"][:500], "poison.jpg": scans["box 0/00000.jpg"]})
    driver = start(ring, outside, source, target, "--attempts", "2")
    had = wait_for_pictures(s3, target, count // 8, driver)
    ring.kill_raylet()
    try:
        output, errors = driver.communicate(timeout=1200)
    finally:
        ring.add_raylet()
    assert had < count
    assert driver.returncode == 1, errors
    report = json.loads(output)
    assert (report["coloured"], report["failed"], len(report["results"])) == (count, 2, count + 2)
    assert_all_there_once(s3, scans, target, Colorizer(model_path, device="cpu", precision="f32", threads=1))

    rows = {row["input"].rpartition(f"{source}/")[2]: row for row in read_manifest(f"s3://{target}/").to_pylist()}
    assert Counter(row["status"] for row in rows.values()) == {"done": count, "failed": 2}
    assert set(rows) == {*scans, "torn.jpg", "poison.jpg"}
    assert "its worker died 2 times" in rows["poison.jpg"]["error"]
    assert "damaged or cut short" in rows["torn.jpg"]["error"]
    assert rows["torn.jpg"]["attempt"] == 2
    weights = Colorizer(model_path).model.sha256
    for name in scans:
        assert rows[name]["bytes"] == len(s3.read(target, name))
        assert rows[name]["weights"] == weights
    assert MERGED in s3.keys(target)


@pytest.mark.parametrize("count", COUNTS)
def test_the_driver_is_killed_and_started_again(
    s3: S3Server, ring: RayCluster, outside: dict[str, str], model_path: Path, count: int
) -> None:
    scans = little_scans(count)
    source, target = s3.bucket(f"boxes-{count}"), s3.bucket(f"done-{count}")
    s3.upload(source, scans)
    driver = start(ring, outside, source, target)
    had = wait_for_pictures(s3, target, count // 8, driver)
    driver.kill()
    driver.communicate()
    assert had < count
    again = start(ring, outside, source, target)
    output, errors = again.communicate(timeout=1200)
    assert again.returncode == 0, errors
    report = json.loads(output)
    assert report["coloured"] + report["skipped"] == count
    assert report["skipped"] >= had
    assert_all_there_once(s3, scans, target, Colorizer(model_path, device="cpu", precision="f32", threads=1))
    rows = read_manifest(f"s3://{target}/").to_pylist()
    # What the killed driver could not note any more is known by its plan, and by being there.
    assert Counter(row["status"] for row in rows) == {"done": count}
    assert {row["input"] for row in rows} == {f"s3://{source}/{name}" for name in scans}
