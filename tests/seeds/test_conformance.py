"""Every claim of the five documents has an entry, every entry that says so has a test, and the page is up to date."""

import pytest

from seeds.table import DOCUMENT, expected_ids, find_proofs, read_rows, render

ROWS, MISTAKES = read_rows()


def test_every_claim_has_an_entry() -> None:
    assert [row.id for row in ROWS] == expected_ids()
    assert len(ROWS) == 150
    assert len(MISTAKES) == 11


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_an_entry_has_tests_or_a_reason(row) -> None:  # type: ignore[no-untyped-def]
    assert row.claim
    if row.status == "proven":
        assert row.proofs, f"no test carries the mark {row.id}"
        assert any(not proof.slow for proof in row.proofs) or row.note, f"{row.id}: only slow tests; say so in a note"
    else:
        assert len(row.reason.split()) >= 8, f"{row.id}: say why no test can prove it, and where it is told"
        assert not row.note, f"{row.id}: a documented claim has a reason, no note"


def test_no_test_names_an_unknown_claim() -> None:
    assert set(find_proofs()) <= set(expected_ids())


def test_the_marks_found_in_the_source_are_those_of_the_collected_tests(request: pytest.FixtureRequest) -> None:
    found = {(row, proof.name) for row, proofs in find_proofs().items() for proof in proofs}
    marks = [(item, mark) for item in request.session.items for mark in item.iter_markers("seed")]
    assert {(row, item.originalname) for item, mark in marks for row in mark.args} <= found  # type: ignore[attr-defined]


def test_the_page_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(), "run: python tests/seeds/table.py"
