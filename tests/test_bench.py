"""`tintype bench` measures what it says and prints a table."""

import json

import pytest

from conftest import RunCli
from tintype.errors import TintypeError
from tintype.evaluation import speed
from tintype.photo.photo import Photo


def test_a_quick_run(cli: RunCli) -> None:
    ran = cli("bench", "--quick", "--model", "tiny", "--json")
    assert ran.returncode == 0, ran.stderr
    rows = {row["what"]: row for row in json.loads(ran.stdout)}
    picture = next(row for what, row in rows.items() if what.startswith("1 megapixels"))
    assert picture["floor_ms"] == pytest.approx(picture["decode_ms"] + picture["network_ms"] + picture["encode_ms"])
    assert picture["peak_mib"] > 50
    assert any(what.startswith("folder of 4") for what in rows)


def test_the_photograph_is_one() -> None:
    photo = Photo.read(speed.photograph(300, 600))
    assert (photo.width, photo.height, photo.chroma) == (300, 600, None)
    assert photo.luma.min() < 20 < 235 < photo.luma.max()


def test_a_failing_part_is_named() -> None:
    with pytest.raises(TintypeError, match="network failed"):
        list(speed.measure("no-such-model"))
