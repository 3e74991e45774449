"""The runner of the benchmarks; that each still runs is seen by `python -m benchmarks --quick`."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True)


def test_they_are_listed_each_with_what_it_measures() -> None:
    listed = dict(line.split(maxsplit=1) for line in run().stdout.splitlines())
    wanted = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\ndef main(" in path.read_text()}
    assert set(listed) == wanted - {"__main__"}
    assert listed["folder"].endswith("[--quick]")


def test_the_documents_tell_of_the_default_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINTYPE_QUICK_BENCHMARK", raising=False)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    documents = importlib.import_module("documents")
    page, figure = tmp_path / "page.md", tmp_path / "figure.svg"
    page.write_text("<!-- figures -->\nold\n<!-- /figures -->\n", encoding="utf-8")
    for model, kept in (("tint-small", "old"), ("tint", "new")):
        documents.replace_block(page, "figures", "new", model)
        documents.keep_text(figure, "new", model)
        assert page.read_text(encoding="utf-8") == f"<!-- figures -->\n{kept}\n<!-- /figures -->\n"
        assert figure.exists() == (kept == "new")


def test_the_table_of_hints_is_the_last_that_was_measured_of_it() -> None:
    logged = map(json.loads, (ROOT / "benchmarks" / "hints.jsonl").read_text(encoding="utf-8").splitlines())
    last = [line["psnr"] for line in logged if line["model"] == "tint"][-1]
    row = " | ".join(f"{value:.2f}" for value in last.values())
    assert f"| PSNR, dB | {row} |" in (ROOT / "docs" / "hints.md").read_text(encoding="utf-8")


def test_one_runs_by_its_name_and_another_is_unknown() -> None:
    assert run("scale_model", "--help").stdout.startswith("usage: scale_model.py")
    done = run("skale")
    assert done.returncode == 1
    assert "no benchmark is called 'skale'" in done.stderr
    assert "needs more than examples/" in run("foreign", "--quick").stderr
