"""`tintype models check` finds what is wrong with an export: tint in DDColor's clothes, well and badly."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import foreign_graphs
from tintype.cli import app

SIZE = (128, 128)
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "swapped": ({"swap": True}, "better with a and b swapped"),
    "scaled to 1": ({"scale": 1 / 110}, "hardly any colour"),
    "too strong": ({"scale": 4.0}, "ab is scaled wrongly"),
    "turned round": ({"scale": -1.0}, "with both turned round"),
    "mirrored": ({"mirror": True}, "better mirrored"),
    "offset": ({"cast": 30.0}, "has the cast"),
}


def checked(path: Path) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["models", "check", str(path), "--threads", "1", "--json"])
    return done.exit_code, json.loads(done.output)


def test_a_good_export_has_no_faults(tmp_path: Path) -> None:
    status, report = checked(foreign_graphs.around_tint(tmp_path / "made.onnx", size=SIZE))
    assert (status, report["faults"]) == (0, [])
    assert report["contract"] == "ddcolor"
    assert report["agreement with tint"] > 0.6  # at 128 pixels, beside itself at 256: the same network sees less
    assert report["ms at 128 x 128"] > 0
    assert "bf16 against f32" in report
    assert len(report["sha256"]) == 64


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_exports_are_found(wrong: str, tmp_path: Path) -> None:
    changes, words = WRONG[wrong]
    status, report = checked(foreign_graphs.around_tint(tmp_path / "made.onnx", size=SIZE, **changes))
    assert status == 1
    assert any(words in fault for fault in report["faults"]), report
