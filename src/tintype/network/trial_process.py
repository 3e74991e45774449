"""The process that `trial.py` begins: one run of an unknown graph, within bounds on memory and time.

python -m tintype.network.trial_process FILE CONTRACT...     prints {"contract": NAME} or {"error": LINE} as JSON
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tintype.errors import TintypeError, WeightsError

from .contracts import CONTRACTS
from .contracts.engine import ContractEngine
from .foreign import info_of, interface_of
from .model_file import ModelFile
from .openvino import OpenVino
from .trial import BOUNDS, sizes_of

SIDE = 64  # of a trial, for graphs that take any


def _bound() -> None:
    try:
        import resource
    except ImportError:  # not on Windows, where the parent's clock is the only bound
        return
    memory, seconds = map(int, os.environ[BOUNDS].split())
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _try(path: Path, names: Sequence[str]) -> str:
    interface = interface_of(path)
    engine = None
    for name in names:
        contract = CONTRACTS[name]
        info = info_of(path, contract, interface)
        if engine is None:
            engine = OpenVino(ModelFile(path, info, "", name), "auto", 1, 1)  # as it will be run
        side = max(SIDE, contract.multiple)
        height, width = next(iter(sizes_of(interface)), (side, side))
        grey = np.full((1, 1, height, width), 2 * 0.53585 - 1, np.float32)  # L* of half of white
        adapted = ContractEngine(engine, contract, interface)
        if not np.isfinite(adapted.ab(grey)).all():
            raise WeightsError("the network answers mid grey with NaN or infinity; its weights are broken")
        if len(names) == 1 or contract.believes(adapted.raw(grey)):
            return name
    raise WeightsError(
        f"asked for mid grey by the contracts {', '.join(names)} it answers with neither grey; name the right one: "
        f"--model {names[0]}:FILE"
    )


def main(arguments: Sequence[str]) -> int:
    """The child's side."""
    if BOUNDS in os.environ:
        _bound()
    path = Path(arguments[0])
    try:
        answer = {"contract": _try(path, arguments[1:])}
    except TintypeError as error:
        answer = {"error": str(error).removeprefix(f"{path}: ")}
    except MemoryError:
        answer = {"error": "the network needs more memory than a colouriser may"}
    except Exception as error:  # engines raise what they like
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        answer = {"error": f"the network failed ({(lines or [type(error).__name__])[-1][:300]})"}
    print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
