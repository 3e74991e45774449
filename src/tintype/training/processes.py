"""The processes of a run: which one this is, and how it meets the others.

They are started from outside, by `tintype train --devices` (launch.py) or by torchrun, and find each other by the
environment that torch's elastic agent gives them. A process that nobody started so is a run by itself.
"""

import logging
import os
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import distributed
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

from tintype.errors import RecipeError, TintypeError

TIMEOUT = 1800.0  # seconds
T = TypeVar("T")


class LostProcess(TintypeError):
    """Another process of the run ended or fell silent. If it could, it has said why itself."""


def among_others() -> bool:
    """Was this process started as one of a group?"""
    return distributed.is_available() and distributed.is_torchelastic_launched()


def is_first() -> bool:
    """Does this process write what a run tells?"""
    return not among_others() or os.environ["RANK"] == "0"


def local_world_size() -> int:
    """Local world size: how many processes of the run are on this machine."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) if among_others() else 1


def join(accelerator: str, precision: str, timeout: float = TIMEOUT) -> Fabric:
    """Meet the other processes of the run, if there are any; `timeout` is how long, in seconds, one may be silent.

    Gradients are averaged in distributed.py; Fabric only brings the processes together. Raises RecipeError when the
    machines run different numbers of processes, or have fewer devices than these.
    """
    devices, nodes, world = (int(os.environ[name]) if among_others() else 1 for name in _SIZES)
    if devices * nodes != world:
        raise RecipeError(
            f"{nodes} machines with {devices} processes on this one make {world} in all: "
            "each machine has to run the same number of processes"
        )
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # it greets in every process
    strategy = DDPStrategy(timeout=timedelta(seconds=timeout)) if among_others() else "auto"
    try:
        fabric = Fabric(
            accelerator=accelerator,
            devices=devices,
            num_nodes=nodes,
            precision=precision,  # type: ignore[arg-type]
            strategy=strategy,
        )
        if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
            _meet_anew(fabric.device, world, timeout)
        fabric.launch()
    except MisconfigurationException as error:
        raise RecipeError(f"--accelerator {accelerator} with {devices} processes: {error}") from error
    return fabric


def _meet_anew(device: torch.device, world: int, timeout: float) -> None:
    """Join the group in a part of the agent's store that belongs to this start.

    torchrun's agents keep one store for all starts of a group (torch 2.13), and a process that finds the addresses of
    the last start in it waits for the dead.
    """
    limit = timedelta(seconds=timeout)
    host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    store = TCPStore(host, port, world, is_master=False, timeout=limit)
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        store=PrefixStore(f"start-{os.environ['TORCHELASTIC_RESTART_COUNT']}", store),
        rank=int(os.environ["RANK"]),
        world_size=world,
        timeout=limit,
        device_id=device if device.type == "cuda" else None,
    )


_SIZES = ("LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE", "WORLD_SIZE")


def one_after_another(fabric: Fabric, make: Callable[[], T]) -> T:
    """Call `make` in the first process of each machine, then in the others, who find what the first one left."""
    first = fabric.local_rank == 0
    made = make() if first else None
    fabric.barrier()
    return made if made is not None else make()


def is_peer_lost(error: BaseException) -> bool:
    """Whether `error` means that a peer died or timed out."""
    if isinstance(error, LostProcess | distributed.DistBackendError | distributed.DistNetworkError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(part in text for part in ("gloo", "Connection closed by peer"))
