"""Verbs as people type them: aliases, near misses, help, versions, and a wrong line as one line with its status."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import RunCli
from tintype.cli import VERBS
from tintype.cli.words import ALIASES, meant


def test_aliases_are_of_verbs_and_hide_none() -> None:
    assert set(ALIASES.values()) <= set(VERBS)
    assert not set(ALIASES) & set(VERBS)


@pytest.mark.parametrize(
    ("word", "verb"),
    [("colroize", "colorize"), ("tarin", "train"), ("modles", "models"), ("docter", "doctor"), ("eval", "evaluate")],
)
def test_a_near_miss_is_understood(word: str, verb: str) -> None:
    assert meant(word, VERBS)[0] == verb


def test_what_is_like_nothing_is_not_guessed() -> None:
    assert meant("xyzzy", VERBS) == []


@pytest.mark.parametrize("alias", ["colourise", "colourize", "colorise", "color"])
def test_an_alias_colours(cli: RunCli, examples: list[Path], tmp_path: Path, alias: str) -> None:
    shutil.copy(examples[0], tmp_path / "photo.jpg")
    result = cli(alias, "photo.jpg", "--model", "tiny")
    assert (result.returncode, result.stdout) == (0, b"photo.jpg -> photo-color.jpg\n")


def test_versions_and_help(cli: RunCli) -> None:
    assert cli("-V").stdout == cli("--version").stdout
    assert cli("help").stdout == cli("--help").stdout == cli("-h").stdout
    assert cli("help", "info").stdout == cli("info", "--help").stdout
    assert cli("help", "colourise").stdout == cli("colorize", "-h").stdout
    assert b"Exit status: 0 all was done, 1 something failed, 2" in cli("help").stdout


def test_no_words_at_all_show_the_help(cli: RunCli) -> None:
    result = cli()
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"colourise" not in result.stderr
    assert b"colorize  " in result.stderr


def test_a_reader_that_goes_away_costs_one_status_and_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m tintype help colorize | head -1; exit ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ran.stdout.startswith("Usage: tintype colorize")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_lines_for_a_shell(cli: RunCli, shell: str) -> None:
    assert b"_TINTYPE_COMPLETE" in cli("completion", shell).stdout


def complete(line: str, environment: dict[str, str], folder: Path) -> list[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_TINTYPE_COMPLETE": "complete_bash"}
    run = subprocess.run(
        [sys.executable, "-c", "from tintype.cli import main; main()"],
        env=os.environ | environment | asked,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tintype colori", ["colorize"]),
        ("tintype colorize --overw", ["--overwrite"]),
        ("tintype colorize --device c", ["cpu", "cuda"]),
        ("tintype colorize --model ti", ["tint", "tint-small", "tiny"]),
        ("tintype colorize --model tint,sk", ["tint,sketch"]),
        ("tintype info sk", ["sketch"]),
        ("tintype train --recipe pix", ["pix2pix"]),
        ("tintype tune --recipe uv", ["uvu", "uvu-sketch"]),
        ("tintype completion f", ["fish"]),
    ],
)
def test_what_is_completed(line: str, offered: list[str], model_path: Path, tmp_path: Path) -> None:
    assert complete(line, {"TINTYPE_MODELS": str(model_path.parent)}, tmp_path) == offered


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_takes_the_lines(tmp_path: Path) -> None:
    """In a real bash: the lines are read, and the function that they define answers."""
    program = tmp_path / "tintype"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tintype "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(tintype completion bash)"; COMP_WORDS=(tintype evalu); COMP_CWORD=1; '
        '_tintype_completion tintype evalu tintype; echo "${COMPREPLY[@]}"'
    )
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = subprocess.run(["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["evaluate"]


def test_help_loads_little() -> None:
    """Time is for benchmarks; what takes it is what is imported."""
    code = "import sys, tintype.cli; tintype.cli.command_of('colorize'); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "openvino", "rich.progress", "pydantic_settings"} & set(ran.stdout.split())


def test_an_option_that_nearly_is_one_is_asked_about(cli: RunCli) -> None:
    result = cli("colorize", "a.jpg", "--qualty", "3")
    assert result.returncode == 2
    assert result.stderr.startswith(b"tintype: error: no such option: --qualty; did you mean --quality or ")
    assert result.stderr.endswith(b"?\n")
