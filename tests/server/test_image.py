"""The Dockerfile's steps, done without Docker: what it copies is installed, run and asked for its health as it says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.serving import Site, free_port, stopping, until
from server.test_deployment import ROOT, instructions

IGNORED = shutil.ignore_patterns("__pycache__")


def in_shell(command: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(command, shell=True, check=False, text=True, capture_output=True, timeout=900, **options)
    assert done.returncode == 0, done.stderr
    return done


def is_open_to_all(folder: Path) -> bool:
    return all(one.stat().st_mode & 0o005 == 0o005 for one in (folder, *folder.parents))


def colour_as_anybody(place: Path, installed: Path) -> None:
    """`docker run --read-only --user 54321 -v "$PWD:/data" tintype colorize /data/scans`, with a mount of our own."""
    data, scratch = place / "mounted", place / "scratch"
    (data / "scans").mkdir(parents=True)
    scratch.mkdir(mode=0o777)
    shutil.copy(ROOT / "examples" / "coffee.jpg", data / "scans")
    for path in (data, data / "scans", data / "scans" / "coffee.jpg", scratch):
        os.chown(path, 54321, 54321)
    for folder in (*place.parents[:3], place):
        folder.chmod(folder.stat().st_mode | 0o055)
    entry = place / "container-entry"
    entry.write_text(
        (ROOT / "packaging/container-entry").read_text().replace("/data", str(data)).replace("/tmp", str(scratch))
    )
    entry.chmod(0o755)
    drop = "setpriv --reuid 54321 --regid 54321 --clear-groups --no-new-privs --bounding-set=-all"
    steps = [
        "mount --make-rprivate /",
        *(f"mount --bind {folder} {folder}" for folder in (data, scratch)),
        "mount -o remount,ro,bind /",
        "! touch /written",
        f"cd {data}",
        f"exec {drop} {entry} colorize {data}/scans",
    ]
    environment = {"PATH": f"{installed}/bin:{os.environ['PATH']}", "HOME": "/root", "TMPDIR": "/tmp-not-there"}
    ran = subprocess.run(
        ["unshare", "-m", "sh", "-c", " && ".join(steps)], env=environment, text=True, capture_output=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    made = data / "scans" / "coffee-color.jpg"
    assert made.stat().st_uid == 54321
    assert "cannot be written" not in ran.stderr.replace("Read-only", "")


def test_the_entry_takes_commands_with_and_without_the_word(tmp_path: Path) -> None:
    for name in ("tintype", "python"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (tmp_path / name).chmod(0o755)
    entry = (ROOT / "packaging/container-entry").read_text().replace("/data", str(tmp_path))
    (tmp_path / "entry").write_text(entry)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}

    def said(*words: str) -> str:
        ran = subprocess.run(
            ["sh", tmp_path / "entry", *words], env=environment, text=True, capture_output=True, check=True
        )
        assert ran.stderr == ""
        return ran.stdout.strip()

    assert said() == said("serve") == said("tintype", "serve") == "tintype serve"
    assert said("colorize", "/data/scans") == "tintype colorize /data/scans"
    assert said("--help") == "tintype --help"
    assert said("python", "-m", "tintype.server.migrate") == "python -m tintype.server.migrate"


@pytest.mark.slow
def test_the_image_would_build_run_and_be_healthy(tmp_path: Path) -> None:
    steps = instructions()
    build, target, home = tmp_path / "build", tmp_path / "opt" / "tintype", tmp_path / "data"
    build.mkdir()
    for kind, text in steps:
        if kind == "COPY" and "--from" not in text:
            *sources, _ = text.split()
            for source in (ROOT / one for one in sources):
                if source.is_dir():
                    shutil.copytree(source, build / source.name, ignore=IGNORED)
                else:
                    shutil.copy(source, build)
    install = next(text for kind, text in steps if kind == "RUN" and "pip install" in text)
    given = dict(text.split("=", 1) for kind, text in steps if kind == "ARG")
    install = install.replace("python -m venv", f"{sys.executable} -m venv").replace("/opt/tintype", str(target))
    in_shell(install, cwd=build, env=os.environ | given)
    shutil.rmtree(build)  # the second stage has only what was installed

    packages = in_shell(f"{target}/bin/pip list --format=freeze").stdout.lower()
    assert "tintype==" in packages
    assert (target / "share/man/man1/tintype.1").is_file()
    for unwanted in ("torch==", "torchvision==", "nvidia-", "pytest==", "onnxscript=="):
        assert unwanted not in packages, unwanted
    assert int(in_shell(f"du -sm {target}").stdout.split()[0]) < 1100

    if os.geteuid() == 0 and is_open_to_all(Path(sys.base_prefix)):
        colour_as_anybody(tmp_path, target)
    home.mkdir()
    told = dict(part.split("=", 1) for kind, text in steps if kind == "ENV" for part in text.split())
    port = free_port()
    environment = {"PATH": told["PATH"].replace("/opt/tintype", str(target)).replace("$PATH", os.environ["PATH"])}
    environment |= {name: value.replace("/data", str(home)) for name, value in told.items() if name != "PATH"}
    environment |= {"TINTYPE_PORT": str(port), "TINTYPE_HOST": "127.0.0.1", "HOME": str(home)}
    who: dict[str, Any] = {}
    if os.geteuid() == 0 and is_open_to_all(Path(sys.base_prefix)):  # as in the image: somebody without rights
        os.chown(home, 65534, 65534)
        for folder in (*tmp_path.parents[:3], tmp_path):
            folder.chmod(folder.stat().st_mode | 0o055)
        who = {"user": 65534, "group": 65534, "extra_groups": []}
    health = json.loads(re.sub(r".*?CMD ", "", dict(steps)["HEALTHCHECK"]))
    health = [part.replace(":8000/", f":{port}/") for part in health]
    commands = [text for kind, text in steps if kind == "CMD"]
    quiet: dict[str, Any] = {"env": environment, "cwd": home, "stdout": subprocess.DEVNULL} | who

    def is_healthy() -> bool:
        return subprocess.run(health, stderr=subprocess.DEVNULL, timeout=30, check=False, **quiet).returncode == 0

    with stopping(subprocess.Popen(json.loads(commands[-1]), **quiet)) as server:
        until(lambda: is_healthy() or server.poll() is not None, 120)
        assert server.poll() is None, "the server ended"
        with Site(f"http://127.0.0.1:{port}", None).visitor() as visitor:
            (picture,) = visitor.upload(ROOT / "examples" / "lincoln-1863.jpg")
            assert visitor.get(visitor.colorize(picture)["file_url"]).status_code == 200
            assert "/assets/" in visitor.get("/").text  # the built page is part of the package
            features = visitor.get("/api/capabilities").json()["features"]
            assert all(one["available"] for one in features.values()), features
    assert not is_healthy()
