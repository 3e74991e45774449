"""The pages of one run and of several: what is on them, and that they need nothing else."""

import base64
import io
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from made_runs import adversarial_lines, sample_sheet, write_run
from tintype.errors import InputError, OutputError
from tintype.reports.comparison import group_runs, label_differences, write_comparison
from tintype.reports.history import Series, read_history, smooth
from tintype.reports.pictures import collection, evenly, over_time, read_sheets
from tintype.reports.run_report import SIX_LOSSES, write_report

SHEETS = range(8_000, 48_001, 8_000)


class Page(HTMLParser):
    """What a test looks at in a page: links, pictures, table cells, words, and charts by their titles."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.cells: list[str] = []
        self.words = ""
        self.charts: dict[str, dict[str, Any]] = {}
        self.element, self.attributes, self.title = "", {}, ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.element, self.attributes = tag, dict(attrs)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]
        if tag == "img":
            self.pictures.append(self.attributes["src"] or "")

    def handle_endtag(self, tag: str) -> None:
        self.element, self.attributes = "", {}

    def handle_data(self, data: str) -> None:
        if self.element == "script":
            if self.attributes.get("type") == "application/json":
                self.charts[self.title] = json.loads(data)
        elif self.element != "style":
            self.words += data
        if self.element == "h3":
            self.title = data
        if self.element in ("td", "th"):
            self.cells.append(data)

    def curves(self, title: str) -> dict[str, dict[str, Any]]:
        """The named curves of a chart."""
        return {trace["name"]: trace for trace in self.charts[title]["data"] if "name" in trace}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = adversarial_lines()
    lines.insert(25, {"images": 33_600, "warning": "something is <b>wrong</b> & must be seen"})
    return write_run(tmp_path_factory.mktemp("runs") / "gan", lines, sheets=SHEETS)


@pytest.fixture(scope="module")
def page(run: Path) -> Page:
    return Page(write_report(run))


def test_the_page_needs_nothing_from_elsewhere(run: Path, page: Page) -> None:
    assert page.pictures
    assert all(link.startswith("data:image/") for link in page.links)
    text = (run / "report.html").read_text(encoding="utf-8")
    before, plotly, after = re.split(r"<script>(?=/\*\*\n\* plotly\.js)|</script>\n<script>\n\"use strict\"", text)
    assert len(plotly) > 1_000_000
    assert "plotly.js v" not in before + after  # once
    assert not re.search(r"https?://|@import|url\(", before + after)


@pytest.mark.seed("S4-24")
def test_the_header_gives_sizes_and_their_ratio(page: Page) -> None:
    generator = 224 * 16**2 + 45 * 16
    for words in (
        "landscape",
        f"{generator:,}",
        "264,341",
        f"{264_341 / generator:.2f}",
        "rule of thumb: 0.8",
        "4,210",
    ):
        assert words in page.words
    assert "of 48,000 planned (100%)" in page.words
    assert "finished" in page.words


@pytest.mark.seed("S3-16", "S4-27")
def test_three_panels_have_raw_and_smoothed_curves(run: Path, page: Page) -> None:
    history = read_history(run)
    keys = {"Reconstruction loss": "reconstruction", "Critic loss": "loss_D", "Adversarial loss": "loss_G_GAN"}
    for title, key in keys.items():
        raw, smoothed = page.charts[title]["data"][:2]
        series = history.series(key)
        assert raw["y"] == series.values
        assert smoothed["y"] == pytest.approx(smooth(series.values, 0.98), nan_ok=True)
        assert raw["opacity"] < 0.5
        assert smoothed["line"]["width"] > raw["line"]["width"]
    assert page.curves("Critic loss")["guessing"]["y"][0] == pytest.approx(math.log(2))
    assert {"on photographs", "on answers"} <= page.curves("Critic loss").keys()


@pytest.mark.seed("S3-24")
def test_the_critics_accuracy_is_plotted_beside_guessing(run: Path, page: Page) -> None:
    curves = page.curves("Critic accuracy")
    assert set(curves["guessing"]["y"]) == {0.5}
    raw = page.charts["Critic accuracy"]["data"][0]
    assert raw["y"] == read_history(run).series("critic_accuracy").values


@pytest.mark.seed("S3-17")
def test_stages_and_warnings_are_marked(run: Path, page: Page) -> None:
    assert [(band.name, band.start, band.end) for band in read_history(run).bands] == [
        ("pretrain", 0, 16_000),
        ("critic", 16_000, 24_000),
        ("gan", 24_000, 48_000),
    ]
    layout = page.charts["Reconstruction loss"]["layout"]
    assert [(shape["x0"], shape["x1"]) for shape in layout["shapes"]] == [
        (0, 16_000),
        (16_000, 24_000),
        (24_000, 48_000),
    ]
    names = [note["text"] for note in layout["annotations"]]
    assert names == ["pretrain", "critic", "gan", "▲"]
    assert layout["annotations"][-1]["x"] == 33_600
    assert "something is <b>wrong</b> & must be seen" in page.words  # escaped in the file, so it arrives as text


@pytest.mark.seed("S2-18", "S4-25")
def test_validation_figures_stand_beside_grey(page: Page) -> None:
    curves = page.curves("PSNR, dB\u00a0↑")
    assert curves["grey"]["line"]["dash"] == "dash"
    assert set(curves["grey"]["y"]) == {22.4}
    assert len(curves["answers"]["y"]) == 6
    assert set(page.curves("Colourfulness")["photographs"]["y"]) == {33.0}
    row = page.cells.index("PSNR, dB\u00a0↑")
    assert page.cells[row + 3] == "22.4"
    assert page.cells[row + 2].endswith(" at 48,000")
    row = page.cells.index("Distance of features\u00a0↓")
    assert page.cells[row + 3] == "not measured"


def test_learning_rates_are_those_of_each_network(page: Page) -> None:
    curves = page.curves("Learning rates")
    assert curves["generator"]["y"] == [1e-3] * 10 + [None] + [2e-4] * 15
    assert curves["critic"]["y"] == [2e-4] * 5 + [None] + [4e-4] * 15


def test_chroma_of_answers_stands_beside_that_of_the_photographs(page: Page) -> None:
    curves = page.curves("Chroma, CIE units")
    assert curves["answers"]["y"][-1] == pytest.approx(9, rel=0.05)
    assert curves["photographs"]["y"][-1] == pytest.approx(13, rel=0.05)


@pytest.mark.seed("S1-21")
def test_the_six_losses_are_a_table_of_twelve_rows(page: Page) -> None:
    start = page.cells.index("loss_D_fake")
    assert tuple(page.cells[start : start + 6]) == SIX_LOSSES
    cells = page.cells[start + 6 :]
    rows = [list(map(float, cells[i + 1 : i + 7])) for i in range(0, len(cells), 7)]
    assert len(rows) == 12
    assert (cells[0], cells[-7]) == ("25,600", "48,000")
    for fake, real, critic, gan, l1, generator in rows:  # as all rows of seed 1's table do
        assert critic == pytest.approx((fake + real) / 2, abs=2e-5)
        assert generator == pytest.approx(gan + l1, abs=2e-5)


def picture_of(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


@pytest.mark.seed("S0-19", "S4-29")
def test_the_collection_is_nine_given_and_nine_answered(run: Path) -> None:
    shown = collection(run, read_sheets(run))
    assert shown is not None
    picture = picture_of(shown.uri)
    assert picture.size == (shown.width, shown.height) == (2 * (3 * 64 + 8) + 16, 3 * 64 + 8)
    given, answered = picture.crop((0, 0, 200, 200)), picture.crop((216, 0, 416, 200))
    assert largest_chroma(given) < 25  # JPEG's own
    assert largest_chroma(answered) > 40


def largest_chroma(picture: Image.Image) -> int:
    _, cb, cr = picture.convert("YCbCr").split()
    return max(abs(value - 128) for plane in (cb, cr) for value in plane.getextrema())


def test_a_collection_that_was_made_is_taken_as_it_is(run: Path, tmp_path: Path) -> None:
    made = tmp_path / "samples" / "collection.png"
    made.parent.mkdir()
    Image.new("RGB", (60, 30), "teal").save(made)
    shown = collection(tmp_path, [])
    assert shown is not None
    assert base64.b64decode(shown.uri.partition(",")[2]) == made.read_bytes()
    made.write_bytes(made.read_bytes()[:20])  # half-written
    assert collection(tmp_path, []) is None


@pytest.mark.seed("S3-17")
def test_pictures_over_time_grow_into_colour(run: Path) -> None:
    course = over_time(read_sheets(run))
    assert course is not None
    times, shown = course
    assert times == list(SHEETS)
    strip = picture_of(shown.uri)
    columns = [largest_chroma(strip.crop((68 * i, 0, 68 * i + 64, strip.height))) for i in range(8)]
    assert columns[0] < 25
    assert columns[1] < columns[3] < columns[6]
    assert columns[6] == pytest.approx(columns[7], abs=10)


def test_many_large_sheets_are_thinned_and_made_small(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    for number in range(30):
        sample_sheet(side=160, rows=2).save(folder / f"{number:09d}.jpg")
    (folder / "000000029.jpg").write_bytes(b"\xff\xd8 half")
    (folder / "other.jpg").write_bytes(b"not a sheet")
    sheets = read_sheets(tmp_path)
    assert len(sheets) == 11  # twelve, of which the last cannot be read
    assert sheets[0].images == 0
    assert {square.size for sheet in sheets for row in sheet.rows for square in row} == {(128, 128)}


def test_a_run_that_is_going_can_be_read(tmp_path: Path) -> None:
    run = write_run(tmp_path / "going", adversarial_lines()[:9])
    with (run / "stats.jsonl").open("ab") as file:
        file.write(b'{"images": 99999, "stage": "pretrain", "loss": 0.1, "warning": "caf\xc3')
    page = Page(write_report(run))
    assert "stage pretrain" in page.words
    assert "99,999" not in page.words
    assert "Adversarial loss" in page.charts
    assert page.charts["Adversarial loss"]["data"] == []
    assert page.pictures == []
    assert "loss_D_fake" not in page.cells


def test_the_same_files_give_the_same_page(run: Path, page: Page) -> None:
    before = (run / "report.html").read_bytes()
    assert write_report(run) == run / "report.html"
    assert (run / "report.html").read_bytes() == before
    assert not list(run.glob(".*"))


def test_a_supervised_run_in_an_older_format(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"images": i * 6_400, "stage": "s", "loss": 4 / i, "lr": 1e-3, "images_per_second": 90.0} for i in range(1, 9)
    ]
    lines.append({"images": 51_200, "validation": {"ab_rmse": 12.1, "ab_rmse_grey": 14.4, "novel": 3.0}})
    run = write_run(tmp_path / "old", lines)
    recipe = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(recipe.replace('[critic]\nkind = "patchgan"\n', ""))
    page = Page(write_report(run))
    assert "Critic loss" not in page.charts
    assert {"Reconstruction loss", "Root mean squared error of ab, CIE units\u00a0↓", "novel"} <= page.charts.keys()


def test_losses_that_are_no_numbers_do_not_break_the_page(tmp_path: Path) -> None:
    lines = adversarial_lines()
    lines[-2] |= {"loss": math.nan, "loss_G": math.inf, "loss_G_L1": math.nan}
    page = Page(write_report(write_run(tmp_path / "nan", lines)))
    assert None in page.charts["Reconstruction loss"]["data"][0]["y"]


def test_what_is_no_run_is_refused(tmp_path: Path, run: Path) -> None:
    with pytest.raises(InputError, match="not a run directory"):
        write_report(tmp_path)
    for lines in ([], [{"images": 0, "run": {"system": "landscape"}}]):
        empty = write_run(tmp_path / f"empty{len(lines)}", lines)
        with pytest.raises(InputError, match="nothing to report yet"):
            write_report(empty)
    (tmp_path / "recipe.toml").write_text("system = ")
    with pytest.raises(InputError, match="not valid TOML"):
        write_report(tmp_path)
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(run, tmp_path / "nowhere" / "page.html")


@pytest.mark.seed("S4-27")
def test_smoothing_is_a_bias_corrected_average() -> None:
    assert smooth([3.0] * 5) == pytest.approx([3.0] * 5)
    first, second = smooth([1.0, 2.0], 0.98)
    assert (first, second) == (pytest.approx(1.0), pytest.approx((0.98 * 1 + 2) / 1.98))
    assert smooth([5.0, None, 1.0, 2.0], 0.5)[1:] == [None, 1.0, pytest.approx(5 / 3)]
    assert smooth([math.nan, 1.0, math.inf, 1.0]) == [None, 1.0, 1.0, 1.0]


def test_evenly_keeps_both_ends() -> None:
    assert evenly(range(5), 12) == [0, 1, 2, 3, 4]
    assert evenly(range(100), 3) == [0, 50, 99]
    assert evenly(range(100), 1) == [99]
    assert Series([], []).newest() is None


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two widths, three seeds each, as in seed 4's study of complexity."""
    folder = tmp_path_factory.mktemp("study")
    return [write_run(folder / f"{c}-{s}", complexity=c, seed=s) for c in (16, 30) for s in range(3)]


@pytest.mark.seed("S1-34", "S4-23", "S4-35")
def test_seeds_become_a_mean_with_a_band(study: list[Path], tmp_path: Path) -> None:
    page = Page(write_comparison(study, tmp_path / "compared.html"))
    assert page.links == []
    curves = page.curves("Adversarial loss")
    assert list(curves) == ["generator.complexity=16", "generator.complexity=30"]
    singles = [read_history(run).series("loss_G_GAN").smoothed().values for run in study[:3]]
    means = [sum(values) / 3 for values in zip(*singles, strict=True)]  # type: ignore[arg-type]
    assert curves["generator.complexity=16"]["y"] == pytest.approx(means)
    last = [values[-1] for values in singles]
    deviation = math.sqrt(sum((value - means[-1]) ** 2 for value in last) / 2)  # type: ignore[operator]
    band = next(trace for trace in page.charts["Adversarial loss"]["data"] if trace.get("meta") == "band")
    length = len(means)
    assert band["y"][length - 1] == pytest.approx(means[-1] + deviation)
    assert band["y"][length] == pytest.approx(means[-1] - deviation)
    row = page.cells.index("last values, smoothed") + 1
    assert any(re.fullmatch(r"[\d.]+ ± [\d.]+", cell) for cell in page.cells[row:])
    assert "grey answer" in page.cells


def test_curves_break_between_stages(study: list[Path]) -> None:
    [group] = group_runs([read_history(run) for run in study[:3]])
    assert group.label == "landscape"
    found = group.spread("reconstruction")
    assert found is not None
    assert [(found.images[piece][0], found.images[piece][-1]) for piece in found.pieces()] == [
        (1_600, 16_000),
        (25_600, 48_000),
    ]


def test_runs_of_different_lengths_are_compared_where_both_have_been(tmp_path: Path) -> None:
    whole = write_run(tmp_path / "whole")
    cut = write_run(tmp_path / "cut", adversarial_lines(seed=1)[:10], seed=1)
    [group] = group_runs([read_history(whole), read_history(cut)])
    found = group.spread("reconstruction")
    assert found is not None
    assert found.images[-1] == read_history(cut).images < 48_000


def test_labels_say_what_differs() -> None:
    def recipe(**values: Any) -> dict[str, Any]:
        return {"system": "a", "stages.0.lr": 1e-3, "stages.1.lr": 1e-3} | values

    assert label_differences([recipe()]) == ["a"]
    assert label_differences([recipe(), recipe(system="b")]) == ["a", "b"]
    wider = recipe(**{"generator.width": 8})
    assert label_differences([recipe(), wider]) == ["generator.width=none", "generator.width=8"]
    slower = recipe(**{"stages.0.lr": 1e-4, "stages.1.lr": 1e-4})
    assert label_differences([recipe(), slower]) == ["stages.*.lr=0.001", "stages.*.lr=0.0001"]
    first = recipe(**{"stages.0.lr": 1e-4})
    assert label_differences([recipe(), first]) == ["stages.0.lr=0.001", "stages.0.lr=0.0001"]


def test_labels_stay_short_and_apart(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "two"):
        run = write_run(tmp_path / name)
        recipe = (run / "recipe.toml").read_text()
        extra = "".join(f"v{i} = {i + (name == 'two') * (i == 9)}\n" for i in range(10))
        (run / "recipe.toml").write_text(f"{extra}{recipe}")
        runs.append(read_history(run))
    third = read_history(write_run(tmp_path / "three"))
    labels = [group.label for group in group_runs([*runs, third])]
    assert len(set(labels)) == 3
    assert all(len(label) < 60 for label in labels)
