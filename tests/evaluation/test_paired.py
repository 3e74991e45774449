"""Two models compared on the same photographs."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import training_pictures
from tintype.colorizer.compose import compose
from tintype.errors import DataError
from tintype.evaluation import evaluate
from tintype.evaluation.paired import compare
from tintype.photo.photo import Photo

RunCli = Callable[..., subprocess.CompletedProcess[bytes]]


class OneColour:
    """Gives every picture one colour."""

    def __init__(self, a: float, b: float) -> None:
        self.ab, self.seen = (a, b), 0

    def colorize(self, picture: Photo, *, size: int | None = None) -> Photo:
        self.seen += 1
        return compose(picture, np.full((8, 8, 2), self.ab, np.float32))


class Garish(OneColour):
    """The same, by another name."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training_pictures.write_tiles(tmp_path_factory.mktemp("tiles"), side=64, per_picture=5)


def pictures(values: list[float], key: str = "psnr") -> list[dict[str, float]]:
    return [{key: value} for value in values]


def test_the_difference_is_the_mean_of_the_pictures_differences() -> None:
    found = compare("a", "b", {}, pictures([20, 30, 41]), pictures([19, 28, 38])).differences["psnr"]
    assert found.difference.value == pytest.approx(2)
    assert 1 <= found.difference.low <= 2 <= found.difference.high <= 3
    assert (found.better_on, found.verdict) == (1, "better")


def test_pairs_decide_where_two_intervals_overlap() -> None:
    rng = np.random.default_rng(3)
    level = rng.normal(25, 5, 200)
    other = level - 0.2 + rng.normal(0, 0.5, 200)
    assert 1.96 * level.std() / 200**0.5 > 0.2  # one mean alone is not known as well as that
    found = compare("a", "b", {}, pictures(list(level)), pictures(list(other))).differences["psnr"]
    assert found.verdict == "better"
    assert found.difference.high - found.difference.low < 0.2


@pytest.mark.parametrize(
    ("key", "ours", "theirs", "verdict", "better_on"),
    [
        ("ciede2000", [3, 4, 5], [4, 5, 6], "better", 1),
        ("ciede2000", [4, 5, 6], [3, 4, 5], "worse", 0),
        ("psnr", [20, 21, 22], [20, 21, 22], "undecided", 0.5),
        ("psnr", [20, 21, 22, 20], [21, 20, 20, 21], "undecided", 0.5),
        ("colorfulness", [30, 31, 33], [20, 20, 20], None, None),
    ],
)
def test_verdicts(
    key: str, ours: list[float], theirs: list[float], verdict: str | None, better_on: float | None
) -> None:
    found = compare("a", "b", {}, pictures(ours, key), pictures(theirs, key)).differences[key]
    assert (found.verdict, found.better_on) == (verdict, better_on)


def test_a_model_without_a_partner_for_every_picture_is_refused() -> None:
    with pytest.raises(ValueError):
        compare("a", "b", {}, pictures([1, 2]), pictures([1, 2, 3]))


def test_both_models_are_measured_on_the_same_pictures(folder: Path) -> None:
    mild, garish, calls = OneColour(4, 10), Garish(60, -60), list[tuple[int, int | None]]()
    report = evaluate(mild, folder, limit=12, against=garish, progress=lambda done, total: calls.append((done, total)))
    assert [row.name for row in report.rows][:3] == ["OneColour", "Garish", "grey"]
    assert (mild.seen, garish.seen) == (12, 12)
    assert calls == [(done, 24) for done in range(1, 25)]
    assert report.against is not None
    psnr = report.against.differences["psnr"]
    one, other = report.rows[0].psnr, report.rows[1].psnr
    assert one is not None
    assert other is not None
    assert psnr.difference.value == pytest.approx(one - other)
    assert psnr.verdict == "better"
    assert psnr.better_on is not None
    assert psnr.better_on > 0.7
    alone = evaluate(garish, folder, limit=12)
    assert alone.against is None
    assert report.rows[1] == alone.rows[0]


def test_rows_of_models_of_one_name_can_be_told_apart(folder: Path) -> None:
    report = evaluate(OneColour(4, 10), folder, limit=2, against=OneColour(0, 10))
    assert [row.name for row in report.rows][:2] == ["OneColour (1)", "OneColour (2)"]


def test_pictures_that_change_in_between_are_noticed(folder: Path, tmp_path: Path) -> None:
    kept = sorted(folder.rglob("*.*"))[:3]
    for path in kept:
        (tmp_path / path.name).write_bytes(path.read_bytes())

    first = OneColour(4, 10)
    with pytest.raises(DataError, match="changed while it was measured"):
        evaluate(_Then(first, tmp_path / kept[0].name), tmp_path, against=OneColour(1, 1))


class _Then(OneColour):
    """Takes a picture away when it has seen three."""

    def __init__(self, inner: OneColour, gone: Path) -> None:
        super().__init__(4, 10)
        self.inner, self.gone = inner, gone

    def colorize(self, picture: Photo, *, size: int | None = None) -> Photo:
        coloured = self.inner.colorize(picture, size=size)
        if self.inner.seen == 3:
            self.gone.unlink()
        return coloured


def test_the_command_says_which_is_better(cli: RunCli, folder: Path, tmp_path: Path) -> None:
    done = cli(
        *("evaluate", "--data", str(folder), "--limit", "4", "--model", "tiny", "--against", "tiny"),
        *("--json", "out.json"),
    )
    assert done.returncode == 0, done.stderr
    table = done.stdout.decode()
    assert "picture by picture" in table
    assert "undecided" in table
    assert max(map(len, table.splitlines())) <= 80
    against = json.loads((tmp_path / "out.json").read_text())["against"]
    assert against["images"] == 4
    assert against["differences"]["psnr"] == {
        "difference": {"value": 0.0, "low": 0.0, "high": 0.0},
        "better_on": 0.5,
        "verdict": "undecided",
    }


def test_films_have_no_pairs(cli: RunCli) -> None:
    done = cli("evaluate", "--video", "clip.mp4", "--against", "tiny")
    assert done.returncode == 1
    assert b"--against compares on photographs" in done.stderr
