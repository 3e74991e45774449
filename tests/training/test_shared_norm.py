"""Batch norm over the batches of two processes: what one process makes of the joint batch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from group_tasks import norm_halves, put_through, run_group
from tintype.training.shared_norm import SharedBatchNorm2d, synchronise_norms

# One test process starts the processes that they share.
pytestmark = pytest.mark.xdist_group("shared norm")

CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "channels-last": {"memory_format": torch.channels_last},
    "far-from-zero": {"offset": 300.0},
    "unlike-halves": {"unlike": 5.0},
    "average-of-all": {"momentum": None},
    "bfloat16": {"dtype": torch.bfloat16, "memory_format": torch.channels_last},
}

LOOSE = {"far-from-zero": (0.01, 0.005), "bfloat16": (0.02, 0.02)}


def case(
    offset: float = 0.0,
    unlike: float = 0.0,
    momentum: float | None = 0.1,
    dtype: torch.dtype = torch.float32,
    memory_format: torch.memory_format = torch.contiguous_format,
) -> dict[str, Any]:
    x = torch.randn(8, 5, 6, 9) * torch.linspace(0.5, 2, 5)[:, None, None] + offset
    x[4:] += unlike
    x, pull = (t.to(dtype).contiguous(memory_format=memory_format) for t in (x, torch.randn(x.shape)))
    return {"x": x, "pull": pull, "weight": torch.rand(5) + 0.5, "bias": torch.randn(5), "momentum": momentum}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("norms")
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for name, settings in CASES.items():
            torch.save(case(**settings), folder / f"{name}.pt")
    assert run_group(2, norm_halves, folder, list(CASES)) == [0, 0], (folder / "said/rank-0/stderr.txt").read_text()
    return folder


@pytest.mark.parametrize("name", CASES)
def test_two_processes_norm_as_one_does(folder: Path, name: str) -> None:
    given = torch.load(folder / f"{name}.pt")
    halves = [torch.load(folder / f"{name}-{rank}.pt") for rank in (0, 1)]
    norm = nn.BatchNorm2d(5, momentum=given["momentum"])
    expected = put_through(norm, *(given[key] for key in ("x", "pull", "weight", "bias")))
    for key, value in expected.items():
        parts = [made[key] for made in halves]
        if key.startswith("running"):
            torch.testing.assert_close(parts[0], parts[1], rtol=0, atol=0)
            whole = parts[0]
        else:  # pictures lie one after the other; the gradients of weights add up
            whole = torch.cat(parts) if value.ndim == 4 else parts[0] + parts[1]
        assert whole.dtype == value.dtype
        rtol, atol = LOOSE.get(name, (1e-4, 1e-4))
        torch.testing.assert_close(whole, value, rtol=rtol, atol=atol, msg=lambda text, key=key: f"{key}: {text}")


def test_alone_it_is_the_plain_norm() -> None:
    given = case()
    norm = synchronise_norms(nn.Sequential(nn.BatchNorm2d(5)))[0]  # type: ignore[index]
    assert type(norm) is SharedBatchNorm2d
    torch.testing.assert_close(norm(given["x"]), nn.BatchNorm2d(5)(given["x"]), rtol=0, atol=0)
