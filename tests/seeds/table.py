"""Which test proves which claim of the five documents that tintype started from.

python tests/seeds/table.py     # writes docs/seed-conformance.md

rows.toml names every claim; a test that proves one carries `@pytest.mark.seed("S4-11")`, wherever it lies. The tests
are found by reading their source, so that this works in a moment and without torch.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
TESTS, ROOT = HERE.parent, HERE.parents[1]
DOCUMENT = ROOT / "docs" / "seed-conformance.md"

SEEDS = {
    "S0": ("UvU-Net", "uvu", "a blog post on colouring sketches and old portraits with two nested U-Nets", 24),
    "S1": ("pix2pix on Lab", "pix2pix", "a report on a U-Net and a PatchGAN critic, with a web app", 41),
    "S2": ("driving scenes", "driving", "an account of a classic U-Net on pictures from a car", 19),
    "S3": ("NoGAN", "nogan", "a paper on DeOldify's way of training", 24),
    "S4": ("landscapes", "landscape", "a report on a small U-Net of constant width against a small critic", 42),
}

Status = Literal["proven", "documented"]


@dataclass(frozen=True)
class Proof:
    """A test function: `path` relative to the repository; `slow` when only `pytest -m slow` runs it."""

    path: str
    name: str
    slow: bool


@dataclass(frozen=True)
class Row:
    """One claim. Proven: tests fail when it is broken. Documented: no test can prove it, for the `reason`, which says
    where it is told; its tests, if it has any, prove that what it speaks of can be run. `note`: what a reader should
    know about how it is tested."""

    id: str
    claim: str
    status: Status
    reason: str = ""
    note: str = ""
    proofs: list[Proof] = field(default_factory=list)


def expected_ids() -> list[str]:
    """S0-01 to S4-42."""
    return [f"{seed}-{number:02d}" for seed, (*_, count) in SEEDS.items() for number in range(1, count + 1)]


def read_rows() -> tuple[list[Row], list[str]]:
    """The rows with their proofs, and the documents' own mistakes."""
    values = tomllib.loads((HERE / "rows.toml").read_text(encoding="utf-8"))
    proofs = find_proofs()
    rows = []
    for id_, entry in values["rows"].items():
        reason = entry.get("documented", "")
        status: Status = "documented" if reason else "proven"
        rows.append(Row(id_, entry["claim"], status, reason, entry.get("note", ""), proofs.get(id_, [])))
    return rows, values["mistakes"]


@cache
def find_proofs() -> dict[str, list[Proof]]:
    """Row -> the marked test functions, in order of files and lines."""
    found: dict[str, list[Proof]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        if "pytest.mark.seed(" not in (source := path.read_text(encoding="utf-8")):
            continue
        for function in ast.parse(source).body:
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                marks = [mark for decorator in function.decorator_list for mark in _marks(decorator)]
                slow = any(name == "slow" for name, _ in marks)
                proof = Proof(path.relative_to(ROOT).as_posix(), function.name, slow)
                for row in dict.fromkeys(row for name, rows in marks if name == "seed" for row in rows):
                    found.setdefault(row, []).append(proof)
    return found


def _marks(decorator: ast.expr) -> Iterator[tuple[str, list[str]]]:
    """(name, texts given) of each `pytest.mark.name(...)` in a decorator, those of single parameters included."""
    calls = {id(node.func): node.args for node in ast.walk(decorator) if isinstance(node, ast.Call)}
    for node in ast.walk(decorator):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pytest.mark":
            given = calls.get(id(node), [])
            yield node.attr, [str(arg.value) for arg in given if isinstance(arg, ast.Constant)]


def render() -> str:
    """The document."""
    rows, mistakes = read_rows()
    counts = Counter(row.status for row in rows)
    breaks = len(tomllib.loads((HERE / "mutations.toml").read_text(encoding="utf-8"))["break"])
    lines = [
        "# The five documents and tintype, claim by claim",
        "",
        "tintype began with five published descriptions of systems that colour pictures. This page lists what they",
        f"say, {len(rows)} claims: **{counts['proven']} PROVEN**, tests fail when they do not hold any more, and",
        f"**{counts['documented']} DOCUMENTED**, with the reason why no test can prove them.",
        "",
        "What a test proves is the machinery: that a network is wired as stated, that an optimizer steps at the stated",
        "rate, that an experiment can be run. Which colours come of it is measured, not tested:",
        "[systems.md](systems.md). That the tests would notice is tried: `python -m tests.seeds.mutate` breaks the",
        f"code in {breaks} places, one by one, and runs the tests of the claim that each breaks",
        "([mutations.toml](../tests/seeds/mutations.toml)).",
        "",
        "*This page is written by `python tests/seeds/table.py` from [rows.toml](../tests/seeds/rows.toml) and the",
        "marks on the tests; a test fails when it is out of date. Tests marked slow are run with `pytest -m slow`.*",
    ]
    for seed, (name, page, what, _) in SEEDS.items():
        lines += ["", f"## Seed {seed[1]}: {name}", ""]
        lines += [f"{what[0].upper()}{what[1:]}. What became of it here: [{page}](systems/{page}.md).", ""]
        lines += ["| | claim | | proof |", "|---|---|---|---|"]
        lines += [
            f"| {row.id} | {row.claim} | {row.status.upper()} | {_proof(row)} |"
            for row in rows
            if row.id.startswith(seed)
        ]
    lines += ["", "## What the documents get wrong", ""]
    lines += ["Found while rebuilding them. Where two numbers disagree, tintype has the one that was computed.", ""]
    lines += [f"{number}. {mistake}" for number, mistake in enumerate(mistakes, 1)]
    return "\n".join(lines) + "\n"


def _proof(row: Row) -> str:
    links = [f"[{p.name[5:]}](../{p.path}){' (slow)' if p.slow else ''}" for p in row.proofs]
    if row.status == "documented":
        return "<br>".join([row.reason, *(f"can be run: {link}" for link in links)])
    return "<br>".join([*links, *([f"*{row.note}*"] if row.note else [])])


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
    print(DOCUMENT.relative_to(ROOT))
