"""The full benchmark from pictures to files, with networks of random weights."""

import csv
import io
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

import training_pictures
from tintype.colorizer.compose import compose
from tintype.evaluation import evaluate
from tintype.evaluation.full import evaluate_full
from tintype.evaluation.full_page import write_full_page
from tintype.evaluation.full_report import FullReport, FullRow
from tintype.evaluation.gallery import Gallery
from tintype.evaluation.judges import Networks, PerceptualMetrics
from tintype.evaluation.lpips import LPIPS
from tintype.evaluation.measures import COMPARISONS, MEASURES
from tintype.models.encoders import ENCODERS
from tintype.perceptual.alexnet import AlexNet
from tintype.perceptual.classifier import LiteClassifier
from tintype.photo.photo import Photo

RunCli = Callable[..., subprocess.CompletedProcess[bytes]]


class Tint:
    """Gives every picture one colour."""

    def colorize(self, picture: Photo, *, size: int | None = None) -> Photo:
        return compose(picture, np.full((8, 8, 2), (6, 14), np.float32))


def small_networks(inception: bool = True) -> Networks:
    """Quick ones: AlexNet twice, and 48 features for FID."""
    torch.manual_seed(1)
    lpips = LPIPS(AlexNet(), [torch.rand(width) for width in (64, 192, 384, 256, 256)])
    pooled = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten())
    classifier = LiteClassifier(ENCODERS["efficientnet-lite0"])
    return Networks(lpips, lpips, classifier, pooled if inception else None, None if inception else "none here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training_pictures.write_tiles(tmp_path_factory.mktemp("tiles"), side=64, per_picture=5)


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    return Gallery()


@pytest.fixture(scope="module")
def report(folder: Path, gallery: Gallery) -> FullReport:
    calls: list[int] = []
    judges = PerceptualMetrics(small_networks())
    got = evaluate_full(Tint(), folder, judges=judges, progress=lambda done, total: calls.append(done), gallery=gallery)
    assert calls == list(range(1, 21))
    assert got.seconds_per_picture > 0
    return got


def test_the_plain_part_is_that_of_the_plain_benchmark(report: FullReport, folder: Path) -> None:
    plain = evaluate(Tint(), folder).to_dict()
    full = report.to_dict()
    assert {key: full[key] for key in plain} == plain
    assert full.keys() - plain.keys() == {"full", "full_sources", "seconds_per_picture", "problem", "intervals"}


def test_every_colouring_has_every_measure(report: FullReport) -> None:
    assert [row.name for row in report.full.rows] == ["Tint", "grey", "sepia", "true chroma 32x32", "truth"]
    for row in report.full.rows:
        assert list(row.figures) == [measure.key for measure in MEASURES]
        missing = {key for key, estimate in row.figures.items() if estimate is None}
        assert missing == (COMPARISONS if row.name == "truth" else set())
        for estimate in row.figures.values():
            assert estimate is None or estimate.low <= estimate.value <= estimate.high
    model, plain = full_row(report, "Tint").figures["psnr"], report.row("Tint").psnr
    assert model is not None
    assert model.value == pytest.approx(plain)
    assert model.low < model.value < model.high


def full_row(report: FullReport, name: str) -> FullRow:
    return next(row for row in report.full.rows if row.name == name)


def test_grey_stands_where_it_must(report: FullReport) -> None:
    grey = full_row(report, "grey")
    for key in ("blotchiness", "colorfulness", "mean_chroma"):
        assert grey.figures[key] is not None
        assert grey.figures[key].value == pytest.approx(0, abs=1e-3)
    for key in ("lpips_alex_of_grey", "ciede2000_of_grey"):
        assert grey.relative[key] is not None
        assert grey.relative[key].value == grey.relative[key].high == pytest.approx(1)
    near = full_row(report, "true chroma 32x32").relative["lpips_vgg_of_grey"]
    assert near is not None
    assert near.value < near.high < 0.9
    assert full_row(report, "truth").relative == {}


def test_fid_needs_pictures_enough(report: FullReport) -> None:
    reduced, grey = full_row(report, "true chroma 32x32").fid, full_row(report, "grey").fid
    assert reduced is not None
    assert grey is not None
    assert 0 < reduced.value < grey.value
    for estimate in (reduced, grey):
        assert 0 <= estimate.low < estimate.value < estimate.high
    assert full_row(report, "truth").fid is None
    assert report.full.fid_of_halves is not None
    for part in report.full_sources.values():
        assert part.images == 5
        assert part.fid_of_halves is None
        assert {row.fid for row in part.rows} == {None}


def test_files(report: FullReport, gallery: Gallery, tmp_path: Path) -> None:
    assert json.loads(report.to_json())["full"]["rows"][1]["name"] == "grey"
    lines = list(csv.DictReader(io.StringIO(report.to_csv())))
    found = {(line["source"], line["colouring"], line["measure"]): line for line in lines}
    line = found["", "grey", "lpips_alex"]
    assert float(line["low"]) < float(line["value"]) < float(line["high"])
    assert found["", "truth", "fid_of_halves"]["low"] == ""
    assert {line["source"] for line in lines} == {"", "astronaut", "chelsea", "coffee", "rocket"}
    assert found["", "grey", "fid"]["high"] != ""
    page = write_full_page(tmp_path / "full.html", report, gallery).read_text(encoding="utf-8")
    assert "LPIPS vgg ↓" in page
    assert "<h2>Only coffee</h2>" in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page.partition("<script>")[0])
    samples = [sample.name for samples in gallery.groups().values() for sample in samples]
    assert 4 < len(samples) == page.count('src="data:image/jpeg;base64,')
    assert all(f"<h3>{name}</h3>" in page for name in samples)


def test_the_table(report: FullReport) -> None:
    text = io.StringIO()
    Console(file=text, width=80).print(report.table())
    assert "LPIPS alex ↓" in text.getvalue()
    assert "FID ↓" in text.getvalue()
    assert "s per picture" in text.getvalue()
    assert max(map(len, text.getvalue().splitlines())) <= 80


def test_without_fid_the_report_says_why(folder: Path, tmp_path: Path) -> None:
    report = evaluate_full(Tint(), folder, judges=PerceptualMetrics(small_networks(inception=False)), limit=2)
    assert report.problem == "none here"
    assert {row.fid for row in report.full.rows} == {None}
    assert "none here" in write_full_page(tmp_path / "full.html", report).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--html", "there.html"), "there.html exists already"),
        (("--json", "there.json"), "there.html exists already"),
        (("--csv", "-"), "name a file"),
        (("--limit", "2", "--data", "nowhere"), "no such folder"),
    ],
)
def test_mistakes_are_found_before_anything_is_measured(
    cli: RunCli, folder: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "there.html").write_text("mine")
    done = cli("evaluate", "--full", "--model", "tiny", "--data", folder, *arguments)
    assert done.returncode == 1
    assert message in done.stderr.decode()
    assert len(done.stderr.decode().splitlines()) == 1
    assert (tmp_path / "there.html").read_text() == "mine"


@pytest.mark.parametrize("package", ["torchmetrics", "plotly"])
def test_what_is_missing_is_named_with_its_extra(folder: Path, package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; from tintype.cli import main; "
        f"sys.argv = ['tintype', 'evaluate', '--full', '--data', {str(folder)!r}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == f"tintype: error: --full needs {package}: pip install 'tintype[metrics]'\n"


def test_the_extra_is_all_that_is_needed() -> None:
    """Nothing that only other extras bring is imported."""
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=\[]", line)[0] for line in extras["optional-dependencies"]["metrics"]}
    others = {re.split(r"[<>=\[]", line)[0] for line in extras["optional-dependencies"]["train"]} - names
    modules = {"opencv-python-headless": "cv2"} | {name: name.replace("-", "_") for name in others}
    blocked = sorted({modules[name] for name in others} | {"torchvision", "jax", "optuna", "skimage"})
    assert "lightning_fabric" in blocked
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked!r})); import tintype.evaluation.full_page; "
        "from tintype.evaluation.judges import PerceptualMetrics; "
        "from tintype.perceptual import published_weights; from tintype.training import pretrained"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_command_with_the_published_networks(cli: RunCli, folder: Path, tmp_path: Path) -> None:
    done = cli("evaluate", "--full", "--model", "tiny", "--data", folder, "--json", "out.json")
    if b"are not here" in done.stderr:
        pytest.skip(done.stderr.decode())
    assert done.returncode == 0
    report = json.loads((tmp_path / "out.json").read_text())
    model, grey, _, reduced, truth = report["full"]["rows"]
    for key in ("lpips_alex", "lpips_vgg"):
        values = [row["figures"][key]["value"] for row in (grey, reduced)]
        assert 0.5 > values[0] > 2 * values[1] > 0
    assert reduced["figures"]["same_class"]["value"] > grey["figures"]["same_class"]["value"]
    assert reduced["fid"]["value"] < grey["fid"]["value"] < report["full"]["fid_of_halves"]
    assert (model["name"], truth["fid"]) == ("tiny", None)
    assert "data:image/jpeg" in (tmp_path / "out.html").read_text()


def test_files_of_the_full_report_need_it(cli: RunCli, tmp_path: Path) -> None:
    done = cli("evaluate", "--data", "photos", "--html", "x.html")
    assert done.returncode == 1
    assert b"--full" in done.stderr
    assert not (tmp_path / "x.html").exists()
