"""Nothing is sent and nothing is left in the home folder: OpenVINO's telemetry is never loaded."""

import os
import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "tintype"


def test_colouring_leaves_the_home_folder_alone(tmp_path: Path, examples: list[Path]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import sys, tintype; from tintype.network.no_telemetry import import_openvino\n"
        f"tintype.colorize({str(examples[0])!r}, model='tint-small').save({str(tmp_path / 'a.jpg')!r})\n"
        "assert import_openvino() is sys.modules['openvino']\n"
        "assert 'openvino_telemetry' not in sys.modules"
    )
    environment = os.environ | {"HOME": str(home), "USERPROFILE": str(home)}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_openvino_is_imported_in_one_place() -> None:
    for path in SOURCE.rglob("*.py"):
        if path.name != "no_telemetry.py":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"^\s*(import openvino|from openvino)\b", text, re.MULTILINE), path
