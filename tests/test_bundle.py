"""The bundle for people without Python: built for this system and started as they start it."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
LARGEST = 600e6  # bytes of the folder


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


@pytest.fixture(scope="module")
def bundled() -> ModuleType:
    """packaging/bundled.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("bundled", ROOT / "packaging/bundled.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_colours_goes_into_the_bundle_and_what_trains_does_not(bundled: ModuleType) -> None:
    wanted = bundled.distributions()
    assert {"numpy", "openvino", "pillow", "pyvips", "pyvips-binary", "rich", "typer", "shellingham"} <= wanted
    assert not {"torch", "ray", "pyarrow", "onnx", "pytest", "botocore", "aiohttp", "hypothesis"} & wanted
    assert not {"av", "opencv-python-headless"} & bundled.distributions(bundled.PHOTOS)
    others = set(bundled.modules_of_others(wanted))
    assert "pytest" in others
    assert not {"numpy", "openvino", "PIL", "pyvips", "tintype", "json"} & others


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("openvino/libs/libopenvino_intel_cpu_plugin.so", True),
        ("openvino/libs/libopenvino_onnx_frontend.so.2641", True),
        ("openvino/libs/libopenvino.so.2641", True),
        ("openvino/libs/libtbb.so.12", True),
        ("openvino/libs/cache.json", False),
        ("openvino/libs/libopenvino_intel_gpu_plugin.so", False),
        ("openvino/libs/libopenvino_tensorflow_lite_frontend.so.2641", False),
        ("openvino\\libs\\openvino_intel_npu_plugin.dll", False),
        ("cv2\\opencv_videoio_ffmpeg4110_64.dll", False),
        ("cv2/cv2.abi3.so", True),
        ("numpy/tests/data.npy", False),
    ],
)
def test_libraries_without_a_use_are_left_out(bundled: ModuleType, path: str, wanted: bool) -> None:
    assert bundled.is_wanted(path) is wanted


def test_a_bundle_does_not_send_people_to_pip_alone() -> None:
    code = """
import sys
from tintype.errors import MissingExtra
import tintype.cli

def lacks(**_):
    raise MissingExtra("this needs torch: pip install 'tintype[train]'")
sys.frozen, sys.argv, tintype.cli.app = True, ["tintype", "train"], lacks
tintype.cli.main()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr == (
        "tintype: error: this needs torch: pip install 'tintype[train]', "
        "in a tintype installed by Python: this bundle takes no extras\n"
    )


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("PyInstaller") is None, reason="PyInstaller is not installed")
def test_the_bundle_is_built_and_runs_alone(tmp_path: Path) -> None:
    from server.serving import free_port, stopping, until

    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, str(ROOT / "packaging/bundle.py"), "--output", str(tmp_path / "made")]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=2400, check=False)
    assert built.returncode == 0, built.stderr[-3000:]
    (archive,) = (tmp_path / "made").glob("*.tar.gz")
    place = tmp_path / "elsewhere with spaces"
    with tarfile.open(archive) as packed:
        assert "tintype/README.txt" in packed.getnames()
        packed.extractall(place, filter="tar")
    assert archive.stat().st_size < 300e6
    shutil.rmtree(tmp_path / "made")
    program = place / "tintype" / "tintype"
    sizes = {path: path.stat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink()}
    assert sum(sizes.values()) < LARGEST, sorted(sizes.items(), key=lambda item: -item[1])[:20]
    for unwanted in ("libtorch*", "pyarrow", "botocore", "libopenvino_intel_gpu*", "hypothesis"):
        assert not list(place.rglob(unwanted)), unwanted
    alone = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TINTYPE_FOLDER": str(tmp_path / "data")}
    shutil.copy(ROOT / "examples/coffee.jpg", tmp_path)

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [program, *words], env=alone, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )

    said = run("doctor")
    assert said.returncode == 0, said.stdout + said.stderr
    lacking = run("train", "--data", ".", "--run", "mine")
    assert lacking.returncode == 1, lacking.stderr
    assert "this bundle takes no extras" in lacking.stderr
    assert run("colorize", "coffee.jpg").returncode == 0
    assert Image.open(tmp_path / "coffee-color.jpg").mode == "RGB"
    (tmp_path / "frames").mkdir()
    for number in range(4):
        shutil.copy(tmp_path / "coffee.jpg", tmp_path / "frames" / f"{number}.jpg")
    film = run("colorize", "frames/%d.jpg", "--rate", "2", "-o", "film.mp4", "--model", "tint-small")
    assert film.returncode == 0, film.stderr
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
