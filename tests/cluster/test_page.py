"""docs/cluster.md: every command in it runs, against the S3 server and the cluster of the tests.

What the page calls head.example.org is this machine; the cluster itself was started by the two commands of the page
(`RayCluster` takes them from there). Buckets, folders and lists have the names of the page.
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cluster.conftest import little_scans
from cluster.ray_cluster import RayCluster, page_commands
from cluster.s3_server import S3Server
from docs.pages import DOCS, blocks, commands

pytestmark = pytest.mark.xdist_group("ray")

PAGE = "cluster.md"
COMMANDS = [command for block in blocks(PAGE) for command in commands(block)]


def test_every_command_is_run_by_a_test_below() -> None:
    kinds = {" ".join(shlex.split(command)[:2]) for command in COMMANDS}
    assert kinds == {
        "pip install",
        "tintype colorize",
        "ray get-auth-token",
        "ray start",
        "export RAY_AUTH_MODE=token",
        "python benchmarks/cluster.py",
    }
    assert len(page_commands("ray start")) == 2


def test_the_extras_exist() -> None:
    extras = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for command in page_commands("pip install"):
        [wanted] = re.findall(r"^pip install '\.\[(.+)\]'$", command)
        assert set(wanted.split(",")) <= set(extras)


def test_a_token_is_made(tmp_path: Path) -> None:
    [command] = page_commands("ray get-auth-token")
    ray = Path(sys.executable).with_name("ray")
    environment = os.environ | {"HOME": str(tmp_path)}
    subprocess.run([ray, *shlex.split(command)[1:]], env=environment, check=True, capture_output=True, timeout=120)
    assert len((tmp_path / ".ray" / "auth_token").read_text()) > 30


@pytest.mark.slow
def test_pictures_are_coloured_as_the_page_says(
    s3: S3Server, ring: RayCluster, outside: dict[str, str], tmp_path: Path
) -> None:
    scans = {re.sub("box 0", "box 1", name): data for name, data in little_scans(6).items()}
    s3.client.create_bucket(Bucket="scans")
    for bucket in ("colour", "plates"):
        s3.bucket(bucket)
    s3.upload("scans", scans)
    (tmp_path / "plates.txt").write_text("# two\n" + "".join(f"s3://scans/{name}\n" for name in sorted(scans)[:2]))
    [exported] = page_commands("export")
    settings = dict(word.split("=") for word in shlex.split(exported)[1:])
    environment = outside | settings
    summaries, statuses = [], []
    for command in page_commands("tintype colorize"):
        here = command.replace("head.example.org:6379", ring.address)
        words = [sys.executable, "-m", *shlex.split(here), "--model", "tiny"]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode in (0, 3), (command, done.stderr)
        statuses.append(done.returncode)
        summaries.append(done.stderr.strip().splitlines()[-1])
        if "'s3://" not in command and "@" not in command and "--engine" not in command:
            for key in s3.keys("colour"):  # the cluster is to do it again
                s3.client.delete_object(Bucket="colour", Key=key)
    in_box = sum(name.startswith("box 1/") for name in scans)
    assert summaries == [
        "6 coloured, 0 failed",
        f"{in_box} coloured, 0 failed",
        "2 coloured, 0 failed",
        "6 coloured, 0 failed",
        "0 coloured, 6 skipped, 0 failed",
    ]
    assert statuses == [0, 0, 0, 0, 3]  # at last there is nothing left to do
    assert {key for key in s3.keys("plates") if key.endswith(".jpg")} == {f"scans/{n}" for n in sorted(scans)[:2]}
    assert len(list((tmp_path / "coloured").glob("*.jpg"))) == in_box

    # The same with a row that failed; the page's Python prints it.
    s3.upload("scans", {"torn.jpg": b"nothing"})
    first = page_commands("tintype colorize")[0]
    words = [sys.executable, "-m", *shlex.split(first), "--model", "tiny"]
    assert subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, timeout=300).returncode == 1
    [code] = blocks(PAGE, "python")
    printed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert printed.stdout.startswith("s3://scans/torn.jpg s3://scans/torn.jpg is not a picture"), printed.stderr


@pytest.mark.slow
def test_the_benchmark_runs_as_the_page_says(tmp_path: Path) -> None:
    [command] = page_commands("python")
    words = [sys.executable, *shlex.split(command)[1:], "--output", str(tmp_path / "found.jsonl")]
    environment = os.environ | {"RAY_AUTH_MODE": "disabled"}
    done = subprocess.run(words, cwd=DOCS.parent, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "two workers do" in done.stdout
