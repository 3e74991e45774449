"""`tintype report` as a person meets it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import RunCli
from made_runs import write_run


def test_one_run_gets_its_page_again_and_again(cli: RunCli, tmp_path: Path) -> None:
    write_run(tmp_path / "run", sheets=(48_000,))
    for _ in range(2):
        result = cli("report", "run")
        assert (result.returncode, result.stderr) == (0, b"")
        assert result.stdout == b"run/report.html\n"
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "Reconstruction loss" in page


@pytest.mark.seed("S1-34")
def test_several_runs_share_a_page(cli: RunCli, tmp_path: Path) -> None:
    for seed in range(2):
        write_run(tmp_path / f"seed{seed}", seed=seed)
    write_run(tmp_path / "wide", complexity=30)
    result = cli("report", "seed0", "seed1", "wide", "--output", "compared.html")
    assert (result.returncode, result.stdout) == (0, b"compared.html\n")
    page = (tmp_path / "compared.html").read_text(encoding="utf-8")
    assert "generator.complexity=16" in page
    assert "generator.complexity=30" in page
    again = cli("report", "seed0", "seed1", "--output", "compared.html")
    assert again.returncode == 1
    assert b"--overwrite" in again.stderr
    assert (tmp_path / "compared.html").read_text(encoding="utf-8") == page
    assert cli("report", "seed0", "seed1", "--output", "compared.html", "--overwrite").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere: not a run directory"),
        (["photos"], "photos: not a run directory"),
        (["begun"], "begun: nothing to report yet"),
        (["run", "run"], "give --output"),
        (["run", "photos", "--output", "page.html"], "photos: not a run directory"),
        (["run", "--output", "no/folder/page.html"], "no/folder/page.html: no file can be made there"),
    ],
)
def test_every_failure_is_one_line(
    cli: RunCli, examples: list[Path], tmp_path: Path, arguments: list[str], words: str
) -> None:
    write_run(tmp_path / "run")
    write_run(tmp_path / "begun", [])
    (tmp_path / "photos").mkdir()
    shutil.copy(examples[0], tmp_path / "photos")
    result = cli("report", *arguments)
    assert result.returncode == 1
    [line] = result.stderr.decode().splitlines()
    assert line.startswith("tintype: error: ")
    assert words in line
    assert not list(tmp_path.rglob("*.html"))


def test_a_report_needs_no_torch(tmp_path: Path) -> None:
    """It is written again and again, and torch takes seconds to import."""
    code = (
        "import sys; sys.modules['torch'] = None; from tintype.reports.run_report import write_report; "
        f"write_report({str(write_run(tmp_path / 'run'))!r})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
