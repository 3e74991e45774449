"""Several processes of one command, here and on other machines, under torch's elastic agent.

The agent starts them, ends all of them when one fails, and if it may, starts all of them again; they go on from the
state that the run saved last. It is what torchrun runs, too: `torchrun -m tintype train` is the same thing.
"""

import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure, get_error_handler
from torch.distributed.elastic.rendezvous import RendezvousError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from tintype.data.cache import open_cache
from tintype.errors import RecipeError, TintypeError

from .log import decoding_progress
from .processes import TIMEOUT, is_peer_lost
from .recipe import Recipe

LOST = 75  # the exit status of a process that ended because another one did


def launch(
    arguments: Sequence[str],
    *,
    devices: int,
    nodes: int = 1,
    rendezvous: str | None = None,
    restarts: int = 0,
    timeout: float = TIMEOUT,
) -> None:
    """Run `python -m tintype ARGUMENTS` in `devices` processes on each of `nodes` machines, and wait for their end.

    Each machine calls this, with the `rendezvous` HOST:PORT of one of them. Raises RecipeError when there is none for
    several machines; TintypeError when the processes failed more than `restarts` times; SystemExit when one of them has
    said why already.
    """
    if nodes > 1 and rendezvous is None:
        raise RecipeError("--nodes needs --rendezvous HOST:PORT, the same on each machine: HOST is one of them")
    # Else the processes of a restart find in the agents' store the addresses of those that ended.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # what it says is said better below
    with tempfile.TemporaryDirectory(prefix="tintype-") as folder:
        config = LaunchConfig(
            min_nodes=nodes,
            max_nodes=nodes,
            nproc_per_node=devices,
            run_id="tintype",
            rdzv_backend="c10d",
            rdzv_endpoint=rendezvous or "localhost:0",
            rdzv_configs={"join_timeout": int(timeout)},
            local_addr="localhost" if nodes == 1 else None,
            max_restarts=restarts,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
        )
        try:
            elastic_launch(config, sys.executable)("-m", "tintype", *arguments)
        except ChildFailedError as error:
            failures = {rank: f for rank, f in error.failures.items() if f.exitcode != LOST}
            if any(isinstance(failure.message, dict) for failure in failures.values()):
                raise SystemExit(1) from None
            raise TintypeError(_what_happened(failures)) from None
        except SignalException as error:
            raise SystemExit(128 + error.sigval) from None
        except RendezvousError as error:
            raise TintypeError(f"--rendezvous {rendezvous}: the machines did not meet: {error}") from error


def _what_happened(failures: dict[int, ProcessFailure]) -> str:
    again = "the last saved state is kept, and the same command goes on from there"
    if not failures:
        return f"a process on another machine ended; {again}"
    rank = min(failures, key=lambda number: failures[number].timestamp)
    code = failures[rank].exitcode
    end = f"was killed by {failures[rank].signal_name()}" if code < 0 else f"ended with exit status {code}"
    return f"process {rank} of the run {end}; {again} (--restarts N would do it by itself)"


def check_given(recipe: Recipe, data: Sequence[str | Path]) -> None:
    """Decode the pictures before there are processes to wait for it; raises what `open_cache` raises."""
    open_cache(data, recipe.data.cache_side, progress=decoding_progress)


@contextmanager
def working(timeout: float = TIMEOUT) -> Iterator[None]:
    """In a process that an agent started: end with it, and say once, in one of the processes, why the run failed.

    Errors are also written where the agent, and so torchrun, looks for them.
    """
    _follow_the_agent()
    restarted = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
    if restarted and os.environ["RANK"] == "0":
        print(f"restart {restarted}: going on from the last saved state", file=sys.stderr, flush=True)
    try:
        yield
    except Exception as error:
        if is_peer_lost(error):
            if "imed out" not in str(error):
                sys.exit(LOST)
            error = TintypeError(f"another process of the run did not answer for {timeout:g} s (--timeout)")
        get_error_handler().record_exception(error)
        if isinstance(error, TintypeError):
            if not _first_to_speak():
                sys.exit(1)
            raise error from None
        raise


def _first_to_speak() -> bool:
    """Is this the first process of the machine with something to say? The processes of a start share a folder."""
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if file is None:
        return os.environ.get("RANK", "0") == "0"
    try:
        (Path(file).parents[1] / "spoken").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _follow_the_agent() -> None:
    """End this process when its agent is gone: nobody else would, and the run could not be continued beside it."""
    parent = os.getppid()

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(LOST)

    threading.Thread(target=follow, daemon=True, name="follow the agent").start()
