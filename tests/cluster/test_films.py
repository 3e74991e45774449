"""Films on a cluster through an S3 server: divided at cuts, coloured apart, joined; equal to what one machine makes."""

import json
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path

import pytest

from cluster.conftest import little_scans, start
from cluster.ray_cluster import RayCluster
from cluster.s3_server import S3Server
from little_films import Recipe, make, scene
from tintype import Colorizer
from tintype.batch.manifest import MERGED, read_manifest
from tintype.video import FilmOptions, colorize_film

pytestmark = pytest.mark.xdist_group("ray")

FEW, MANY = (60, 52, 70), (100,) * 8


def reel(path: Path, scenes: tuple[int, ...], size: tuple[int, int] = (48, 64), recipe: Recipe | None = None) -> bytes:
    make(path, [frame for i, count in enumerate(scenes) for frame in scene(*size, count, seed=i + 1)], recipe)
    return path.read_bytes()


def locally(source: Path, model_path: Path, **options: object) -> bytes:
    """What the local engine makes of a film."""
    target = source.with_name(f"local-{source.name}")
    colorizer = Colorizer(model_path, device="cpu", precision="f32", threads=1)
    colorize_film(str(source), str(target), colorizer, FilmOptions(**options))  # type: ignore[arg-type]
    return target.read_bytes()


def assert_same(made: bytes, expected: bytes) -> None:
    """Byte for byte; pytest would look for the difference of megabytes letter by letter."""
    assert (len(made), zlib.crc32(made)) == (len(expected), zlib.crc32(expected))


def finished(driver: subprocess.Popen[str], code: int = 0) -> dict[str, object]:
    """The report of a driver that has come to its end."""
    output, errors = driver.communicate(timeout=600)
    assert driver.returncode == code, errors
    report: dict[str, object] = json.loads(output)
    return report


def wait_for_parts(s3: S3Server, bucket: str, count: int, driver: subprocess.Popen[str]) -> set[str]:
    """The finished parts, when there are so many and the driver is still at work."""
    deadline = time.monotonic() + 240
    while len(parts := {key for key in s3.keys(bucket) if key.endswith(".json") and "/0" in key}) < count:
        assert driver.poll() is None, driver.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return parts


def results(s3: S3Server, bucket: str) -> set[str]:
    """All that is in a bucket beside the manifest."""
    return {key for key in s3.keys(bucket) if not key.startswith(".tintype-manifest") and key != MERGED}


def test_films_and_pictures_from_s3_to_s3(
    s3: S3Server, ring: RayCluster, outside: dict[str, str], tmp_path: Path, model_path: Path
) -> None:
    whole = reel(tmp_path / "reel.mp4", FEW)
    [(_, scan)] = little_scans(1).items()
    source, target = s3.bucket("vault"), s3.bucket("vault-colour")
    s3.upload(source, {"box/reel.mp4": whole, "box/scan.jpg": scan, "still.mp4": scan, "torn.mp4": whole[:5000]})
    report = finished(start(ring, outside, source, target, "--attempts", "2"), 1)
    assert (report["coloured"], report["failed"]) == (1, 0)
    films = {str(film["source"]).rpartition("/")[2]: film for film in report["films"]}
    assert films["reel.mp4"]["frames"] == sum(FEW)
    assert films["reel.mp4"]["scenes"] == len(FEW)
    assert "still picture" in films["still.mp4"]["error"]
    assert "its index is missing" in films["torn.mp4"]["error"]
    assert "s3://vault/torn.mp4" in films["torn.mp4"]["error"]
    assert results(s3, target) == {"box/reel.mp4", "box/scan.jpg"}
    assert_same(s3.read(target, "box/reel.mp4"), locally(tmp_path / "reel.mp4", model_path))
    rows = {row["input"].rpartition("/")[2]: row for row in read_manifest(f"s3://{target}/").to_pylist()}
    assert Counter(row["status"] for row in rows.values()) == {"done": 2, "failed": 2}
    assert rows["reel.mp4"]["bytes"] == s3.sizes(target)["box/reel.mp4"]
    assert (rows["reel.mp4"]["width"], rows["torn.mp4"]["attempt"]) == (64, 2)
    assert s3.versions(target)["box/reel.mp4"] == 1


def test_a_film_on_this_machine_in_another_way(
    ring: RayCluster, outside: dict[str, str], tmp_path: Path, model_path: Path
) -> None:
    """A shared folder, an excerpt, frame by frame."""
    reel(tmp_path / "reel.mov", FEW, recipe=Recipe(rotation=90))
    where = [str(tmp_path / "reel.mov"), "--engine", "ray", "--ray-address", ring.address]
    command = [sys.executable, "-m", "tintype", "colorize", *where, "--model", "tiny", "--precision", "f32"]
    options = ["--start", "0.8", "--end", "6", "--every", "1", "--stability", "0", "--crf", "30"]
    subprocess.run([*command, *options, "-o", "made.mov"], cwd=tmp_path, env=outside, check=True, timeout=300)
    expected = locally(tmp_path / "reel.mov", model_path, start=0.8, end=6.0, every=1, stability=0.0, crf=30)
    assert_same((tmp_path / "made.mov").read_bytes(), expected)
    assert not (tmp_path / ".made.mov.parts").exists()


@pytest.mark.slow
def test_a_machine_dies_and_a_film_kills_its_workers(
    s3: S3Server, ring: RayCluster, outside: dict[str, str], tmp_path: Path, model_path: Path
) -> None:
    source, target = s3.bucket("reels"), s3.bucket("reels-colour")
    whole = reel(tmp_path / "reel.mp4", MANY, (240, 320))
    s3.upload(source, {"reel.mp4": whole, "poison.mp4": reel(tmp_path / "little.mp4", (20,))})
    driver = start(ring, outside, source, target, "--attempts", "2")
    wait_for_parts(s3, target, 2, driver)
    while not ring.is_at("attempted"):
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.02)
    ring.kill_raylet()
    try:
        report = finished(driver, 1)
    finally:
        ring.add_raylet()
    films = {str(film["source"]).rpartition("/")[2]: film for film in report["films"]}
    assert "its worker died 2 times" in films["poison.mp4"]["error"]
    assert films["reel.mp4"]["frames"] == sum(MANY)
    rows = {row["input"]: row for row in read_manifest(f"s3://{target}/").to_pylist()}
    assert rows["s3://reels/reel.mp4"]["attempt"] == 2
    assert results(s3, target) == {"reel.mp4"}
    assert s3.versions(target)["reel.mp4"] == 1
    assert_same(s3.read(target, "reel.mp4"), locally(tmp_path / "reel.mp4", model_path))


@pytest.mark.slow
def test_the_driver_is_killed_and_started_again(
    s3: S3Server, ring: RayCluster, outside: dict[str, str], tmp_path: Path, model_path: Path
) -> None:
    source, target = s3.bucket("long-reels"), s3.bucket("long-colour")
    films = {"a.mp4": reel(tmp_path / "a.mp4", (50,)), "b.mp4": reel(tmp_path / "b.mp4", MANY, (240, 320))}
    s3.upload(source, films)
    driver = start(ring, outside, source, target)
    had = wait_for_parts(s3, target, 4, driver)
    driver.kill()
    driver.communicate()
    kept = {key: count for key, count in s3.versions(target).items() if key in had}
    assert "b.mp4" not in results(s3, target)
    report = finished(start(ring, outside, source, target))
    assert [film.get("skipped", False) for film in report["films"]] == [True, False]
    assert report["films"][1]["resumed_frames"] >= 100 * 2
    assert {key: s3.versions(target)[key] for key in kept} == kept  # no finished part was made again
    assert results(s3, target) == set(films)
    more = ["--preview", "2"]
    sheets = finished(start(ring, outside, source, s3.bucket("sheets"), *more))
    assert results(s3, "sheets") == {"a.jpg", "b.jpg"}
    assert [film["frames"] for film in sheets["films"]] == [1, 16]
    for name in films:
        assert s3.versions(target)[name] == 1
        assert_same(s3.read(target, name), locally(tmp_path / name, model_path))
