"""The published curve that benchmarks/hints.py draws beside its own."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))  # behind tests/, which has a `server` of its own

import hints as benchmark


def test_published_decibels_are_found_by_the_number_of_patches(tmp_path: Path) -> None:
    assert benchmark.PUBLISHED[0] == 0
    assert set(benchmark.COUNTS) <= set(benchmark.PUBLISHED.tolist())
    array = np.stack([20 + np.log1p(benchmark.PUBLISHED)] * 3) + np.array([[-1], [0], [1]])
    np.save(tmp_path / "psnrs.npy", array)
    found = benchmark.published(tmp_path / "psnrs.npy")
    assert found[0] == pytest.approx(20)
    assert found[10] == pytest.approx(20 + np.log(11))


def test_another_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "psnrs.npy", np.zeros((3, 5)))
    with pytest.raises(SystemExit, match="5 numbers of patches"):
        benchmark.published(tmp_path / "psnrs.npy")
