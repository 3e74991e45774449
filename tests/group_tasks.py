"""What the processes of a group do in tests; started in a moment, because torch is loaded only once for all of them."""

import json
import math
import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

MODULES = ["group_tasks", "tintype.training.loop", "tintype.training.launch"]
GRACE = 4  # seconds


class Stopped(Exception):
    """Raised in every process of a group after the same step."""


def run_group(world: int, task: Callable[..., None], *arguments: Any, seconds: float = 120) -> list[int | None]:
    """Call `task(*arguments)` in `world` processes that find each other as torchrun's do; returns how they ended, None
    for those that had to be killed some time after another one had failed.

    The first argument of each task is a folder; errors are recorded there as rank-N/error.json.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(MODULES)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    members = [
        context.Process(target=_member, args=(rank, world, port, task, *arguments), daemon=True)
        for rank in range(world)
    ]
    for member in members:
        member.start()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and any(member.is_alive() for member in members):
        time.sleep(0.05)
        if any(member.exitcode for member in members):
            ends = min(ends, time.monotonic() + GRACE)
    codes = [member.exitcode for member in members]
    for member in members:
        member.kill()
    return codes


def _member(rank: int, world: int, port: int, task: Callable[..., None], folder: Path, *arguments: Any) -> None:
    place = folder / "said" / f"rank-{rank}"
    place.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "TORCHELASTIC_RUN_ID": "test",
        "TORCHELASTIC_ERROR_FILE": str(place / "error.json"),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "GROUP_RANK": "0",
        "WORLD_SIZE": str(world),
        "LOCAL_WORLD_SIZE": str(world),
        "GROUP_WORLD_SIZE": "1",
    }
    with (place / "stderr.txt").open("w") as file:
        os.dup2(file.fileno(), 2)
    torch.set_num_threads(1)
    task(folder, *arguments)


def train_runs(folder: Path, photos: Path, runs: list[dict[str, Any]]) -> None:
    """Train runs one after another: each a name, a recipe, its settings, a strategy, and images to be stopped at.

    What each process holds of the generator and of its optimizer's moments is written to NAME-RANK.json.
    """
    from tintype.training import loop
    from tintype.training.sharding import local

    for run in runs:
        held: dict[str, int] = {}
        held_by: dict[str, Any] = {}
        build, step = loop.build_optimizer, loop._Run._step

        def noting(name: str, network: Any, *rest: Any, held: Any = held, by: Any = held_by, build: Any = build) -> Any:
            held[name] = sum(local(p).numel() for p in network.parameters())
            by[name] = build(name, network, *rest)
            return by[name]

        def stopping(self: Any, *rest: Any, step: Any = step, until: float = run.get("until", math.inf)) -> Any:
            if self.at.images >= until:
                raise Stopped
            return step(self, *rest)

        loop.build_optimizer, loop._Run._step = noting, stopping  # type: ignore[assignment, method-assign]
        try:
            loop.train(
                loop_recipe(run["recipe"], run["settings"]),
                [photos],
                folder / run["name"],
                cache_dir=folder / "cache",
                accelerator="cpu",
                strategy=run.get("strategy", "ddp"),
            )
        except Stopped:
            pass
        finally:
            loop.build_optimizer, loop._Run._step = build, step  # type: ignore[method-assign]
        moments = [v["exp_avg"] for o in held_by.values() for v in o.state.values()]
        held["moments"] = sum(local(moment).numel() for moment in moments)
        (folder / f"{run['name']}-{os.environ.get('RANK', 0)}.json").write_text(json.dumps(held))


def norm_halves(folder: Path, cases: list[str]) -> None:
    """Each process puts its half of the batch through the shared norm, and saves what came of it as CASE-RANK.pt."""
    from tintype.training.processes import join
    from tintype.training.shared_norm import synchronise_norms

    rank = join("cpu", "32-true").global_rank
    for case in cases:
        given = torch.load(folder / f"{case}.pt")
        norm = synchronise_norms(torch.nn.BatchNorm2d(given["x"].shape[1], momentum=given["momentum"]))
        half = slice(rank * len(given["x"]) // 2, (rank + 1) * len(given["x"]) // 2)
        made = put_through(norm, given["x"][half], given["pull"][half], given["weight"], given["bias"])
        torch.save(made, folder / f"{case}-{rank}.pt")


def put_through(norm: Any, x: torch.Tensor, pull: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> Any:
    """Output, gradients and running statistics of a batch norm; also the gradients of a penalty on its gradient."""
    with torch.no_grad():
        norm.weight.copy_(weight)
        norm.bias.copy_(bias)
    x = x.clone().requires_grad_()
    y = norm(x)
    (y * pull).sum().backward()
    made = {"y": y.detach(), "x": x.grad, "weight": norm.weight.grad, "bias": norm.bias.grad}
    made |= {name: value.clone() for name, value in norm.state_dict().items() if "running" in name}
    if x.dtype == torch.float32:
        (slope,) = torch.autograd.grad((norm(x) * pull).sin().sum(), x, create_graph=True)
        twice = torch.autograd.grad(slope.square().sum(), (x, norm.weight, norm.bias))
        made |= dict(zip(("x twice", "weight twice", "bias twice"), twice, strict=True))
    return made


def loop_recipe(name: str, settings: list[str]) -> Any:
    """The recipe with its settings."""
    from tintype.training.recipe import load_recipe

    return load_recipe(name, settings)


def go_wrong(folder: Path, photos: Path, recipe: str, settings: list[str], how: str) -> None:
    """Train; the second process does something wrong at its third step."""
    from tintype.cli import complain
    from tintype.errors import TintypeError
    from tintype.training import loop
    from tintype.training.launch import working

    step = loop._Run._step

    def sabotaged(self: Any, stage: Any, optimizers: Any, batches: Any, number: int) -> Any:
        if os.environ["RANK"] == "1" and number == 2:
            if how == "exception":
                raise TintypeError("this picture is haunted")
            if how == "bug":
                raise KeyError("haunted")
            if how == "silence":
                time.sleep(600)
            for batch in batches:
                batch.target.fill_(math.nan)
        return step(self, stage, optimizers, batches, number)

    loop._Run._step = sabotaged  # type: ignore[method-assign]
    try:
        with working(patience := 3.0):
            loop.train(
                loop_recipe(recipe, settings),
                [photos],
                folder / "run",
                cache_dir=folder / "cache",
                accelerator="cpu",
                timeout=patience if how == "silence" else 60,
            )
    except TintypeError as error:  # as the command line does
        complain(str(error))
        raise SystemExit(1) from None
