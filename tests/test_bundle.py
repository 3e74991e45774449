"""The bundle for people without Python: built for this system and started as they start it."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]


def test_without_words_a_bundle_opens_the_page() -> None:
    """What a double click does, in a process that believes to be a bundle; the server itself is not started."""
    code = """
import sys, types
import tintype.cli

sys.frozen, sys.argv = True, ["tintype"]
serve = sys.modules["tintype.cli.serve"] = types.ModuleType("tintype.cli.serve")
def said(open_page: bool = __import__("typer").Option(False, "--open")) -> None:
    print("page", open_page)
serve.serve = said
tintype.cli.main()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "page True\n", "")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("PyInstaller") is None, reason="PyInstaller is not installed")
def test_the_bundle_is_built_and_runs_alone(tmp_path: Path) -> None:
    from server.serving import free_port, stopping, until

    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "packaging/bundle.py"), "--output", str(tmp_path / "made")]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1500, check=False)
    assert built.returncode == 0, built.stderr[-3000:]
    (archive,) = (tmp_path / "made").glob("*.zip")
    place = tmp_path / "elsewhere with spaces"
    with zipfile.ZipFile(archive) as packed:
        assert "tintype/README.txt" in packed.namelist()
        packed.extractall(place)
    shutil.rmtree(tmp_path / "made")
    program = place / "tintype" / "tintype"
    program.chmod(0o755)
    assert not list(place.rglob("libtorch*"))
    alone = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TINTYPE_FOLDER": str(tmp_path / "data")}
    shutil.copy(ROOT / "examples/coffee.jpg", tmp_path)

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [program, *words], env=alone, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )

    said = run("doctor")
    assert said.returncode == 0, said.stdout + said.stderr
    assert run("colorize", "coffee.jpg").returncode == 0
    assert Image.open(tmp_path / "coffee-color.jpg").mode == "RGB"
    import httpx2

    port = free_port()
    with stopping(subprocess.Popen([program, "serve", "--port", str(port)], env=alone, stderr=subprocess.DEVNULL)):
        until(lambda: answers(f"http://127.0.0.1:{port}/ready"), 120)
        assert "tintype" in httpx2.get(f"http://127.0.0.1:{port}/").text


def answers(address: str) -> bool:
    import httpx2

    try:
        return httpx2.get(address, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False
