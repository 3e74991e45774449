"""Manual pages: one for every verb, true to the help, and roff that a formatter takes without a word."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tintype.cli import VERBS, command_of
from tintype.cli.man_page import escaped, write_pages
from tintype.cli.verb import options_of


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path.name: path for path in write_pages(tmp_path_factory.mktemp("man"))}


def test_one_of_tintype_and_one_of_each_verb(pages: dict[str, Path]) -> None:
    assert set(pages) == {"tintype.1", *(f"tintype-{verb}.1" for verb in VERBS)}


@pytest.mark.parametrize("verb", ["colorize", "evaluate", "doctor"])
def test_every_option_of_the_help_is_in_the_page(pages: dict[str, Path], verb: str) -> None:
    text = pages[f"tintype-{verb}.1"].read_text()
    for name in options_of(command_of(verb)):
        assert escaped(f"--{name}") in text


def test_a_verb_with_verbs_of_its_own_has_them_in_its_page(pages: dict[str, Path]) -> None:
    text = pages["tintype-data.1"].read_text()
    assert all(f".SS {name}" in text for name in command_of("data").commands)


def test_what_roff_would_take_for_itself_is_escaped() -> None:
    assert escaped(".hidden -x\n'quoted' \\d") == "\\&.hidden \\-x\n\\&'quoted' \\ed"


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
def test_groff_takes_every_page_without_a_warning(pages: dict[str, Path]) -> None:
    run = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", *map(str, pages.values())], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    shown = subprocess.run(
        ["groff", "-man", "-Tascii", str(pages["tintype.1"])], capture_output=True, text=True, check=True
    ).stdout
    assert "EXIT STATUS" in re.sub(".\x08", "", shown)  # bold is a letter struck twice
