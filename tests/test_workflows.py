"""The workflows of continuous integration: valid by GitHub's own schema, and true to what the project has."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def read(path: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def runs(workflow: dict[Any, Any]) -> str:
    return "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])


def test_there_is_one_for_each_thing_that_is_released() -> None:
    assert {path.stem for path in WORKFLOWS} == {"tests", "wheel", "container", "docs", "release"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_the_schema_allows_it(path: Path) -> None:
    catalog = pytest.importorskip("check_jsonschema.builtin_schemas", reason="check-jsonschema is not installed")
    jsonschema = pytest.importorskip("jsonschema")
    workflow = read(path)
    workflow["on"] = workflow.pop(True)  # YAML 1.1 takes `on` for a truth value
    jsonschema.validate(workflow, catalog.get_builtin_schema("vendor.github-workflows"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_it_is_bounded_and_asks_for_few_rights(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"]["contents"] == "read"
    for name, job in workflow["jobs"].items():
        assert job["timeout-minutes"] <= 60, name
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w./-]+@(v\d+|release/v\d+)", step["uses"]), step["uses"]


def test_what_they_run_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for path in WORKFLOWS:
        text = runs(read(path))
        for target in re.findall(r"make (\w+)", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for script in re.findall(r"(?:packaging|src)/[\w/.]+\.py", text):
            assert (ROOT / script).is_file(), script
        for extra in re.findall(r"\.\[([\w,]+)\]", text):
            assert all(re.search(rf"^{one} = \[", project, re.MULTILINE) for one in extra.split(",")), extra


def test_nothing_that_a_stranger_can_name_is_put_into_a_shell() -> None:
    """Titles, branches and tags reach a script by its environment alone."""
    for path in WORKFLOWS:
        assert not re.search(r"\$\{\{\s*github\.(event|head_ref|ref_name)", runs(read(path))), path.name


def test_a_release_needs_no_password() -> None:
    jobs = read(ROOT / ".github/workflows/release.yml")["jobs"]
    assert jobs["pypi"]["permissions"] == {"id-token": "write"}
    assert "password" not in (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8").replace(
        "published without a password", ""
    )
