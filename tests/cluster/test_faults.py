"""Batches on a cluster through an S3 server: machines, drivers and workers die, and everything is there once."""

import contextlib
import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.conftest import little_scans, start
from cluster.ray_cluster import RayCluster
from cluster.s3_server import S3Server
from tintype import Colorizer
from tintype.batch.manifest import MERGED, read_manifest

pytestmark = pytest.mark.xdist_group("ray")


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


def assert_manifest(s3: S3Server, scans: dict[str, bytes], source: str, target: str, weights: str, failed: int) -> None:
    """One row for each picture, which says what is so."""
    rows = {row["input"].removeprefix(f"s3://{source}/"): row for row in read_manifest(f"s3://{target}/").to_pylist()}
    states = {"done": len(scans), "failed": failed} if failed else {"done": len(scans)}
    assert Counter(row["status"] for row in rows.values()) == states
    sizes = s3.sizes(target)
    assert MERGED in sizes
    for name in scans:
        assert rows[name]["output"] == f"s3://{target}/{name}"
        assert rows[name]["bytes"] == sizes[name]
        assert rows[name]["weights"] == weights
    if failed:
        assert set(rows) == {*scans, "torn.jpg", "poison.jpg"}
        assert "its worker died 2 times" in rows["poison.jpg"]["error"]
        assert "damaged or cut short" in rows["torn.jpg"]["error"]
        assert rows["torn.jpg"]["attempt"] == 2


def upload(s3: S3Server, source: str, scans: dict[str, bytes]) -> None:
    """The scans, one that cannot be read, and one that no worker survives: see the hook in ray_cluster.py."""
    whole = scans["box 0/00000.jpg"]
    s3.upload(s3.bucket(source), scans | {"torn.jpg": whole[:500], "poison.jpg": whole})


@pytest.fixture
def colorizer(model_path: Path) -> Colorizer:
    return Colorizer(model_path, device="cpu", precision="f32", threads=1)


@contextlib.contextmanager
def machine_dead(ring: RayCluster) -> Iterator[None]:
    """Within, one machine is gone."""
    ring.kill_raylet()
    try:
        yield
    finally:
        ring.add_raylet()


def assert_finished(
    driver: subprocess.Popen[str],
    s3: S3Server,
    scans: dict[str, bytes],
    source: str,
    target: str,
    colorizer: Colorizer,
    failed: int,
) -> int:
    """The driver comes to its end, with all scans coloured; how many of them an earlier run had coloured."""
    output, errors = driver.communicate(timeout=1200)
    assert driver.returncode == (1 if failed else 0), errors
    report = json.loads(output)
    wrong = [result["error"] for result in report["results"] if not result["ok"]]
    assert (report["coloured"] + report["skipped"], report["failed"]) == (len(scans), failed), wrong
    assert_all_there_once(s3, scans, target, colorizer)
    assert_manifest(s3, scans, source, target, colorizer.model.sha256, failed)
    return int(report["skipped"])


@pytest.mark.parametrize(
    ("count", "first", "driver_dies"),
    [(48, 4, True), pytest.param(2000, 250, False, marks=pytest.mark.slow)],
    ids=["48, then the driver dies", "2000"],
)
def test_a_machine_dies_and_a_picture_kills_its_workers(
    s3: S3Server,
    ring: RayCluster,
    outside: dict[str, str],
    colorizer: Colorizer,
    count: int,
    first: int,
    driver_dies: bool,
) -> None:
    scans, source, target = little_scans(count), f"scans-{count}", s3.bucket(f"colours-{count}")
    upload(s3, source, scans)
    driver = start(ring, outside, source, target, "--attempts", "2")
    had = wait_for_pictures(s3, target, first, driver)
    with machine_dead(ring):
        if not driver_dies:
            assert assert_finished(driver, s3, scans, source, target, colorizer, failed=2) == 0
            return
        try:
            had = wait_for_pictures(s3, target, had + first, driver)
        finally:
            driver.kill()
            driver.communicate()
    assert had < len(scans)
    again = start(ring, outside, source, target, "--attempts", "2")
    assert assert_finished(again, s3, scans, source, target, colorizer, failed=2) >= had


@pytest.mark.slow
def test_2000_pictures_and_the_driver_is_killed_and_started_again(
    s3: S3Server, ring: RayCluster, outside: dict[str, str], colorizer: Colorizer
) -> None:
    scans = little_scans(2000)
    source, target = s3.bucket("boxes-2000"), s3.bucket("done-2000")
    s3.upload(source, scans)
    driver = start(ring, outside, source, target)
    had = wait_for_pictures(s3, target, 250, driver)
    driver.kill()
    driver.communicate()
    assert had < len(scans)
    # What the killed driver could not note any more is known by its plan, and by being there.
    again = start(ring, outside, source, target)
    assert assert_finished(again, s3, scans, source, target, colorizer, failed=0) >= had
