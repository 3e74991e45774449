"""What is released: one version everywhere, lists that agree, files that say who and how."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from tintype import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_stands_in_one_place() -> None:
    assert "version" in PROJECT["project"]["dynamic"]
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "src/tintype/version.py"
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["project"]["license"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def test_the_words_for_several_extras_name_real_ones() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    for word in ("all", "film", "web"):
        (line,) = extras[word]
        named = re.fullmatch(r"tintype\[([a-z0-9,]+)\]", line)
        assert named
        assert set(named[1].split(",")) <= set(extras) - {"all", "film", "web"}
    assert not {"train", "metrics", "gpu", "ray"} & set(re.findall(r"[a-z0-9]+", extras["all"][0]))


def test_what_the_sdist_names_is_there() -> None:
    for name in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("extra", ["docs", "release"])
def test_tools_stay_out_of_the_core(extra: str) -> None:
    core = " ".join(PROJECT["project"]["dependencies"])
    for line in PROJECT["project"]["optional-dependencies"][extra]:
        assert re.split(r"[\[><= ]", line)[0] not in core


def test_the_security_page_names_what_exists() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for path in re.findall(r"(?:docs|tests)/[\w/]+\.(?:md|py)", text):
        assert (ROOT / path).exists(), path
