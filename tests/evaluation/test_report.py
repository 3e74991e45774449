"""Rows, JSON and the table."""

import json
from io import StringIO

import pytest
from rich.console import Console

from tintype.evaluation import Figures, Report, Row, Skipped

TRUTH = [Figures(58.9, 0.0, 40.0, 30.0, 20.0), Figures(58.9, 0.0, 20.0, 16.0, 10.0)]
PALE = [Figures(20.0, 8.0, 10.0, 9.0, 4.0), Figures(30.0, 4.0, 30.0, 10.0, 6.0)]


def report() -> Report:
    rows = (Row.average("pale", PALE, TRUTH), Row.average("truth", TRUTH, TRUTH))
    return Report(
        model={"name": "pale"},
        data="photos",
        size=None,
        limit=None,
        images=2,
        rows=rows,
        sources={"album": rows},
        skipped=(Skipped("torn.jpg", "cannot be read"),),
    )


def test_a_row_is_the_mean_over_pictures() -> None:
    row = Row.average("pale", PALE, TRUTH)
    assert row == Row(
        name="pale",
        images=2,
        psnr=25.0,
        ciede2000=6.0,
        colorfulness=20.0,
        delta_colorfulness=10.0,
        colorfulness_abs=9.5,
        delta_colorfulness_abs=13.5,
        mean_chroma=5.0,
    )


def test_the_truth_has_no_psnr_and_no_distance_to_itself() -> None:
    row = Row.average("truth", TRUTH, TRUTH)
    assert row.psnr is None
    assert (row.delta_colorfulness, row.delta_colorfulness_abs) == (0, 0)


def test_json_holds_everything_and_repeats() -> None:
    text = report().to_json()
    assert text == report().to_json()
    data = json.loads(text)
    assert data["format"] == 1
    assert data["rows"][0]["psnr"] == 25.0
    assert data["rows"][1]["psnr"] is None
    assert data["sources"]["album"] == data["rows"]
    assert data["skipped"] == [{"name": "torn.jpg", "reason": "cannot be read"}]


def test_the_table_shows_every_row() -> None:
    text = StringIO()
    Console(file=text, width=110).print(report().table())
    lines = text.getvalue().splitlines()
    assert any("2 pictures of photos" in line for line in lines)
    pale = next(line for line in lines if "pale" in line)
    for figure in ("25.00", "6.00", "20.0", "10.0", "9.5", "13.5", "5.0"):
        assert figure in pale


def test_rows_are_found_by_name() -> None:
    assert report().row("truth").colorfulness == 30.0
    with pytest.raises(KeyError, match="pale, truth"):
        report().row("sepia")
