"""The benchmark on made-up pictures with known figures, and on photographs."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tintype import DataError, Photo
from tintype.colorizer.compose import compose
from tintype.data.sources import Picture
from tintype.evaluation import evaluate
from tintype.evaluation.baselines import SEPIA_AB, reduced_ab
from tintype.evaluation.collection import evenly_spread

NAMES = ["Tint", "grey", "sepia", "true chroma 32x32", "truth"]


class Tint:
    """Gives every picture one colour: the smallest thing that colours, and its figures are known."""

    def __init__(self, a: float, b: float) -> None:
        self.ab = a, b
        self.seen: list[Photo] = []

    def colorize(self, picture: Photo, *, size: int | None = None) -> Photo:
        self.seen.append(picture)
        return compose(picture, np.full((8, 8, 2), self.ab, np.float32))


def save(folder: Path, name: str, pixels: NDArray[np.uint8]) -> None:
    Image.fromarray(pixels).save(folder / name)


def filled(*rgb: int) -> NDArray[np.uint8]:
    return np.full((48, 64, 3), rgb, np.uint8)


def test_known_figures_of_one_colour(tmp_path: Path) -> None:
    save(tmp_path, "brick_1.png", filled(200, 100, 50))
    report = evaluate(Tint(*SEPIA_AB), tmp_path)
    assert [row.name for row in report.rows] == NAMES
    model, grey, sepia, reduced, truth = report.rows
    # The luma is 124: red is 76 off, green 24, blue 74, and the mean square 3942.7 is 12.17 dB.
    assert grey.psnr == pytest.approx(12.17, abs=0.1)
    assert (grey.colorfulness, grey.colorfulness_abs) == (0, 0)
    assert grey.mean_chroma == pytest.approx(0, abs=1e-3)
    # R - G and (R + G) / 2 - B are both 100 everywhere.
    assert truth.colorfulness == pytest.approx(0.3 * np.hypot(100, 100), abs=0.5)
    assert grey.delta_colorfulness == truth.colorfulness
    assert sepia.mean_chroma == pytest.approx(np.hypot(*SEPIA_AB), abs=0.6)
    assert (model.psnr, model.ciede2000, model.colorfulness) == (
        sepia.psnr,
        sepia.ciede2000,
        sepia.colorfulness,
    )
    # The true colour of a picture of one colour survives any reduction.
    assert reduced.psnr is not None
    assert reduced.psnr > 45
    assert reduced.ciede2000 < 0.6


def test_the_model_sees_only_luma(tmp_path: Path) -> None:
    save(tmp_path, "brick_1.png", filled(200, 100, 50))
    model = Tint(0, 0)
    evaluate(model, tmp_path)
    assert [photo.chroma for photo in model.seen] == [None]
    assert set(np.unique(model.seen[0].luma)) == {124}


def test_means_and_sources(tmp_path: Path) -> None:
    save(tmp_path, "warm_1.png", filled(200, 100, 50))
    save(tmp_path, "warm_2.png", filled(220, 120, 60))
    save(tmp_path, "cold_1.png", filled(30, 90, 210))
    calls: list[tuple[int, int | None]] = []
    report = evaluate(Tint(20, 30), tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert report.images == 3
    assert calls == [(1, None), (2, None), (3, None)]
    assert list(report.sources) == ["cold", "warm"]
    warm, cold = report.sources["warm"][0], report.sources["cold"][0]
    assert (warm.images, cold.images) == (2, 1)
    assert warm.ciede2000 < cold.ciede2000
    assert report.rows[0].ciede2000 == pytest.approx((2 * warm.ciede2000 + cold.ciede2000) / 3)
    again = evaluate(Tint(20, 30), tmp_path)
    assert again.to_json() == report.to_json()


def test_unreadable_and_grey_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    save(tmp_path, "a_colour.png", filled(200, 100, 50))
    save(tmp_path, "b_grey.png", filled(90, 90, 90))
    save(tmp_path, "c_mode_l.png", filled(90, 90, 90)[..., 0])
    (tmp_path / "d_text.jpg").write_text("not a picture")
    report = evaluate(Tint(5, 5), tmp_path)
    assert report.images == 1
    assert [one.name for one in report.skipped] == ["b_grey.png", "c_mode_l.png", "d_text.jpg"]
    assert "no colour" in report.skipped[0].reason


def test_nothing_to_measure_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures"):
        evaluate(Tint(5, 5), tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        evaluate(Tint(5, 5), tmp_path / "nowhere")
    save(tmp_path, "grey.png", filled(90, 90, 90))
    with pytest.raises(DataError, match="none of 1 pictures"):
        evaluate(Tint(5, 5), tmp_path)
    with pytest.raises(DataError, match="limit is 0"):
        evaluate(Tint(5, 5), tmp_path, limit=0)


def test_a_failing_model_is_not_hidden(tmp_path: Path) -> None:
    class Broken:
        def colorize(self, picture: Photo, *, size: int | None = None) -> Photo:
            raise RuntimeError("no colour today")

    save(tmp_path, "brick_1.png", filled(200, 100, 50))
    with pytest.raises(RuntimeError, match="no colour today"):
        evaluate(Broken(), tmp_path)


def test_limit_takes_the_same_pictures_every_time(tmp_path: Path) -> None:
    for i in range(11):
        save(tmp_path, f"shade_{i:02}.png", filled(200, 100, 20 * i))
    totals: list[int | None] = []
    first = evaluate(Tint(5, 5), tmp_path, limit=4, progress=lambda done, total: totals.append(total))
    assert first.images == 4
    assert totals == [4] * 4
    assert first.to_json() == evaluate(Tint(5, 5), tmp_path, limit=4).to_json()


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(1, 60))
def test_evenly_spread(there: int, count: int) -> None:
    pictures = [Picture(str(i), "", b"") for i in range(there)]
    taken = [int(picture.name) for picture in evenly_spread(iter(pictures), count)]
    assert len(taken) == min(there, count)
    assert taken == sorted(set(taken))
    if there > count:
        gaps = np.diff([-1, *taken, there])
        assert gaps.max() <= 4 * there / count


def test_as_many_pictures_of_every_source(tmp_path: Path) -> None:
    for source, there in (("sea", 9), ("land", 2)):
        for i in range(there):
            save(tmp_path, f"{source}_{i:02}.png", filled(200, 100, 20 * i))
    totals: list[int | None] = []
    report = evaluate(Tint(5, 5), tmp_path, per_source=3, progress=lambda done, total: totals.append(total))
    assert {source: rows[0].images for source, rows in report.sources.items()} == {"land": 2, "sea": 3}
    assert totals == [5] * 5
    assert report.to_dict()["per_source"] == 3
    assert report.to_json() == evaluate(Tint(5, 5), tmp_path, per_source=3).to_json()
    for wrong in ({"per_source": 0}, {"per_source": 2, "limit": 2}):
        with pytest.raises(DataError, match=r"per_source is 0|give one of them"):
            evaluate(Tint(5, 5), tmp_path, **wrong)


def test_reduced_ab_averages_cells() -> None:
    picture = np.zeros((100, 64, 3), np.uint8)
    picture[:50], picture[50:] = (255, 0, 0), (0, 0, 255)
    ab = reduced_ab(picture, 2, 2)
    assert ab.shape == (2, 2, 2)
    np.testing.assert_allclose(ab[0], [(80.1, 67.2)] * 2, atol=0.05)
    np.testing.assert_allclose(ab[1], [(79.2, -107.9)] * 2, atol=0.05)


def test_the_model_file_is_named(tmp_path: Path, model_path: Path) -> None:
    save(tmp_path, "brick_1.png", filled(200, 100, 50))
    report = evaluate(model_path, tmp_path)
    assert report.rows[0].name == report.model["name"] == "tiny"
    assert len(report.model["sha256"]) == 64
    assert {"version", "device", "precision"} <= report.model.keys()


@pytest.mark.skipif("TINTYPE_DATA" not in os.environ, reason="TINTYPE_DATA names no folder of photographs")
def test_photographs() -> None:
    folder = Path(os.environ["TINTYPE_DATA"])
    shards = sorted(folder.glob("*.tar"))
    report = evaluate(Tint(4, 12), shards[-1] if shards else folder, limit=12)
    grey, reduced = report.row("grey"), report.row("true chroma 32x32")
    assert report.images + len(report.skipped) == 12
    assert grey.psnr is not None
    assert reduced.psnr is not None
    assert reduced.psnr > grey.psnr + 3
    assert reduced.ciede2000 < 0.7 * grey.ciede2000
    assert 0.7 < reduced.colorfulness / report.row("truth").colorfulness < 1.02
