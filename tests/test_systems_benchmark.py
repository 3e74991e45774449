"""The scripts behind docs/systems.md: what they refuse, how runs become rows, how curves become a figure."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

from made_runs import write_run
from tintype.errors import InputError
from tintype.reports.history import read_history
from tintype.training.checkpoint import write_tensors

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))  # behind tests/, which has a `server` of its own

import comparison
from documents import mean_sd, replace_block
from line_chart import LABEL_STEP, Line, Panel, draw_svg, nice_ticks, spread_labels
from systems import check_name, last_weights, parse_entry, read_lines, remember
from systems_ranking import draw_ranking, ranking_text, rankings
from systems_tables import raw_ab_table, system_tables

ROOT = Path(__file__).parents[1]
SCORED = {"ciede2000": 2.0, "ciede2000_grey": 4.0, "colorfulness": 10.0, "colorfulness_true": 13.0}


def line(**changes: Any) -> dict[str, Any]:
    """A line as systems.py writes it."""
    return {
        "name": "driving",
        "run": "driving-s0",
        "data": "frames",
        "system": "driving",
        "condition": "lightness",
        "seed": 0,
        "recipe": "abc",
        "generator_parameters": 1_813_218,
        "critic_parameters": 0,
        "training_pictures": 577,
        "images": 60_000,
        "images_per_second": 35.0,
        "size": 128,
        "test": "0123456789abcdef",
        "weights": "fedcba9876543210",
        "pictures": 124,
        "psnr": 37.0,
        "psnr_grey": 33.0,
        **SCORED,
        "validation": {"ab_mse": 6.0, "ab_mse_grey": 17.0},
    } | changes


def test_runs_that_differ_in_the_seed_become_one_row_with_a_deviation() -> None:
    table = system_tables([line(), line(run="driving-s1", seed=1, psnr=39.0)])
    assert "| driving (2 seeds) | 1,813,218 | none | 60,000 | 35 | 128 | 38.00 ± 1.41 | 2.00 ± 0.00 |" in table
    assert table.count("| *grey* |") == table.count("| *truth* |") == 1
    assert "| 33.00 | 4.00 | 0.0 |" in table


def test_the_ranking_has_a_row_for_each_system_of_each_test_set_the_best_first() -> None:
    """The score by hand: 2/4 + 0.25 x 3/13; grey is 1.25 whatever the pictures, drawings are left out."""
    lines = [
        line(name="pale", run="p", ciede2000=4.0, colorfulness=0.0),
        line(),
        line(run="driving-s1", seed=1, ciede2000=3.0),
        line(run="other", data="elsewhere"),
        line(name="drawn", run="d", condition="sketch"),
    ]
    found = rankings(lines)
    assert [[one.name for one in ranked] for ranked in found.values()] == [["driving", "pale"], ["driving"]]
    (first, pale), (other,) = found.values()
    assert pale.scores == (1.25,)
    assert other.mean == pytest.approx(0.5 + 0.25 * 3 / 13)
    assert first.scores == pytest.approx((other.mean, other.mean + 0.25))
    alike = {"study": "systems", "planned": 3008, "size": 128, "images": 3008, "test": "ab", **SCORED}
    grey = alike | {"name": "grey", "colorfulness": 0.0, "ciede2000": 4.0}
    of_study = rankings(lines, [grey, alike | {"name": "good"}])
    assert [one.name for one in next(iter(of_study.values()))] == ["good", "grey"]
    assert list(of_study.values())[1:] == list(found.values())
    picture = draw_ranking(found)
    root = ElementTree.fromstring(picture)
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"driving (2 seeds)", "pale", "driving", "1.25"} <= set(texts)
    dots = [one for one in root.iter("{http://www.w3.org/2000/svg}circle") if one.get("r") == "4.5"]
    assert len(dots) == 3
    assert all(0 < float(str(one.get("cx"))) < float(str(root.get("width"))) for one in dots)
    assert "pale 1.25" in ranking_text(found, "images/x.svg")


def test_runs_on_different_pictures_are_never_one_row() -> None:
    """Two test sets of one name and size are told apart by their hash."""
    hashed = [line(test="aa"), line(run="driving-s1", seed=1, test="bb"), line(run="driving-s2", seed=2, test="aa")]
    table = system_tables(hashed)
    assert table.count("| *grey* |") == 2
    assert "test set `aa`" in table
    assert "test set `bb`" in table
    assert "driving (2 seeds)" in table


@pytest.mark.parametrize("key", ["test", "weights"])
def test_figures_that_cannot_be_traced_are_refused(key: str) -> None:
    with pytest.raises(SystemExit, match="driving-s0: the line has no hash"):
        system_tables([line(**{key: ""})])


def test_the_page_has_the_tables_of_its_lines_and_each_line_can_be_traced() -> None:
    """Made anew from the committed lines, tables and ranking are what the page shows: nothing was changed by hand."""
    page = (ROOT / "docs/systems.md").read_text(encoding="utf-8")
    lines = read_lines(ROOT / "benchmarks/systems.jsonl")
    studies = read_lines(ROOT / "benchmarks/comparison.jsonl")
    found = rankings(lines, studies)
    for text in (system_tables(lines), raw_ab_table(lines), ranking_text(found, "images/systems-ranking.svg")):
        assert text.strip() in page
    assert (ROOT / "docs/images/systems-ranking.svg").read_text(encoding="utf-8") == draw_ranking(found)
    assert comparison.tables() in page
    assert all(len(study["test"]) == len(study["weights"]) == 16 for study in studies)


def test_each_data_set_gets_a_table_with_its_own_grey() -> None:
    table = system_tables([line(), line(run="pix2pix-s0", name="pix2pix", data="val", psnr_grey=23.3)])
    assert table.count("| *grey* |") == 2
    assert "| 23.30 |" in table


def test_a_distance_stands_where_it_was_measured() -> None:
    table = system_tables([line(), line(run="uvu-s0", name="uvu", recipe="d", lpips=0.1234, lpips_grey=0.2)])
    heading, _, grey, old, new, truth = table.splitlines()[2:]
    assert heading.endswith("| colourfulness | LPIPS ↓ |")
    assert [row.split(" | ")[-1] for row in (grey, old, new, truth)] == ["0.200 |", " |", "0.123 |", "0.000 |"]
    assert "LPIPS" not in system_tables([line()])
    judged = line(lpips=0.1, lpips_grey=0.2, fid=81.6, fid_grey=105.2, fid_of_halves=44.4)
    title, _, heading, _, grey, new, truth = system_tables([judged]).splitlines()
    assert title.endswith("`); FID between two halves of the truth is 44")
    assert heading.endswith("| LPIPS ↓ | FID ↓ |")
    assert [row.split(" | ")[-1] for row in (grey, new, truth)] == ["105 |", "82 |", "0 |"]


def test_one_name_for_two_recipes_is_refused() -> None:
    wide = line(run="driving-wide", recipe="def")
    with pytest.raises(InputError, match="give it a name"):
        check_name(wide, [line()])
    check_name(wide | {"name": "wide"}, [line()])
    check_name(line(run="driving-s1", seed=1), [line()])
    with pytest.raises(SystemExit, match="different recipes"):
        system_tables([line(), wide])


def test_drawings_have_the_figures_of_their_validation() -> None:
    validation = {"psnr": 12.0, "psnr_grey": 5.0, "ciede2000": 20.0, "ciede2000_grey": 50.0, "colorfulness": 30.0}
    validation |= {"colorfulness_true": 40.0}
    sketch = line(name="uvu-sketch", system="uvu", condition="sketch", validation=validation)
    table = system_tables([sketch])
    assert "| 12.00 | 20.00 | 30.0 |" in table
    assert "| *the drawing itself* |" in table


def test_raw_errors_stand_beside_those_of_grey() -> None:
    rows = raw_ab_table([line(), line(run="other", name="pix2pix", system="pix2pix")]).splitlines()
    assert rows[-1] == "| driving | 577 / 124 | 17.00 | 6.00 | 35% |"
    assert len(rows) == 3


def test_a_run_measured_again_replaces_its_line(tmp_path: Path) -> None:
    file = tmp_path / "systems.jsonl"
    remember(file, [line(), line(run="driving-s1")])
    remember(file, [line(psnr=40.0)])
    assert len(file.read_text().splitlines()) == 2
    assert '"psnr": 40.0' in file.read_text()


def test_how_runs_are_given() -> None:
    assert parse_entry("runs/uvu-s0", Path("val")).name == "uvu"
    assert parse_entry("runs/uvu-seed2=faces", None).data == Path("faces")
    assert parse_entry("by street=runs/d=frames", None).name == "by street"
    with pytest.raises(InputError, match="no pictures"):
        parse_entry("runs/uvu-s0", None)


def test_only_finished_runs_are_measured(tmp_path: Path) -> None:
    history = read_history(write_run(tmp_path / "run"))
    with pytest.raises(InputError, match="not finished, 0 of"):
        last_weights(history)
    weights = tmp_path / "run/checkpoints" / f"weights-{history.planned:09d}.safetensors"
    write_tensors(weights, {"w": torch.zeros(1)}, {"system": "driving", "images_seen": history.planned})
    write_tensors(weights.with_name("best.safetensors"), {"w": torch.ones(1)}, {"system": "driving", "images_seen": 1})
    assert last_weights(history) == (weights, history.planned)


def test_a_block_is_replaced_and_the_rest_is_kept(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table -->\nold\n<!-- /table -->\nafter\n")
    replace_block(page, "table", "| new |\n")
    assert page.read_text() == "before\n<!-- table -->\n| new |\n<!-- /table -->\nafter\n"
    with pytest.raises(SystemExit, match="no block"):
        replace_block(page, "other", "")


def test_one_value_has_no_deviation() -> None:
    assert mean_sd([1.5]) == "1.50"
    assert mean_sd([1.0, 2.0, 3.0], ".1f") == "2.0 ± 1.0"


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (0.071, 0.174), (16, 72), (5.0, 5.0), (-0.3, 0.2)])
def test_ticks_enclose_the_values(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 8


def test_labels_keep_their_order_and_their_distance() -> None:
    placed = spread_labels([10.0, 10.0, 11.0, 50.0])
    assert all(b - a > LABEL_STEP - 0.1 for a, b in pairwise(placed))
    assert placed[3] == 50.0


def test_a_figure_is_valid_svg_with_a_label_for_each_line() -> None:
    lines = [Line([(0, 1.0), (100, 0.5)], "16"), Line([(0, 0.9), (100, 0.4)], "<72>", marked=True, spread=[0.1, 0.1])]
    root = ElementTree.fromstring(draw_svg([Panel("Loss", "images", lines, 0, 0, 300, 200)], 300, 200))
    names = [child.tag.rpartition("}")[2] for child in root]
    texts = [child.text for child in root if child.text]
    assert names.count("polyline") == 2
    assert {"16", "<72>", "Loss", "images"} <= set(texts)
