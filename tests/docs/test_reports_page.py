"""Every report in docs/reports.md has a test that exists, or says that nothing was built."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
_NAMED = re.compile(r"`(?:(tests/[\w/]+\.py))?(?:::)?(test_\w+)?`")


def rows() -> list[list[str]]:
    """The cells of the tables, without their heads."""
    lines = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith(("|---", "| report"))]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_report_names_a_test_or_says_that_nothing_was_built() -> None:
    assert len(rows()) > 40
    for row in rows():
        assert len(row) == 3, row
        named = [match.groups() for match in _NAMED.finditer(row[2]) if any(match.groups())]
        if not named:
            assert row[2] == "–", row
            assert "**no" in row[1], row
        file = None
        for path, name in named:
            file = path or file
            if file is not None:
                assert (ROOT / file).is_file(), file
            if name is not None:
                places = [ROOT / file] if path else sorted((ROOT / "tests").rglob("test_*.py"))
                found = [place for place in places if f"\ndef {name}(" in place.read_text(encoding="utf-8")]
                assert found, f"{row[0]}: there is no {name}"
