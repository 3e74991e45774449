"""The breaks of mutations.toml: each names a place that is there once, and the tests of its claim find all of them."""

import ast
import tomllib

import pytest

from seeds.mutate import ROOT, proving_tests, read_breaks
from seeds.table import read_rows

BREAKS = read_breaks()


def test_there_are_sixty_over_all_five_systems() -> None:
    assert len(BREAKS) >= 60
    assert {one.row[:2] for one in BREAKS} == {"S0", "S1", "S2", "S3", "S4"}
    assert len({(one.file, one.find, one.put) for one in BREAKS}) == len(BREAKS)


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: f"{one.row}: {one.what}")
def test_a_break_is_one_change_to_a_proven_claim(one) -> None:  # type: ignore[no-untyped-def]
    broken = one.source()  # raises where the place is not there, or not the only one
    if one.file.endswith(".py"):
        ast.parse(broken)
    else:
        tomllib.loads(broken)
    assert proving_tests(one.row), f"no test carries the mark {one.row}"
    assert one.row in {row.id for row in read_rows()[0] if row.status == "proven"}


@pytest.mark.slow
def test_no_break_survives() -> None:
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-m", "tests.seeds.mutate"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
