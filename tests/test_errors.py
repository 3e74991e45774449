"""Errors as one line."""

import pytest

from tintype.errors import last_line, one_line


def test_the_reason_of_a_long_error_is_its_last_line_with_words() -> None:
    assert last_line(RuntimeError("Exception from core.cpp:\n  Check failed\n\n  cannot open the file \n\n")) == (
        "cannot open the file"
    )
    assert last_line(ValueError(" \n")) == "ValueError"


@pytest.mark.parametrize("text", ["one\ntwo", " one  two\n", "one\r\n\ttwo"])
def test_any_error_fits_one_line(text: str) -> None:
    assert one_line(text) == one_line(RuntimeError(text)) == "one two"
