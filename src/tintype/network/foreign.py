"""A model file of somebody else's: which contract it keeps, and what is known of it."""

import mmap
from pathlib import Path

from tintype.errors import WeightsError

from .catalogue import entry_of
from .contracts import CONTRACTS, forced, recognise
from .contracts.contract import Contract
from .graph_reader import Interface, read_interface
from .model_info import ModelInfo
from .trial import tried

LARGEST_SIDE = 4096
WHOLE_BYTES = 64 << 20  # smaller files are read at once: what happens to them meanwhile does not matter then


def mapped(path: Path) -> memoryview:
    """The bytes of a file; of a large one, read as they are looked at.

    Raises:
        OSError: it cannot be read.
    """
    if path.stat().st_size <= WHOLE_BYTES:
        return memoryview(path.read_bytes())
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def interface_of(path: Path) -> Interface:
    """Raises WeightsError, with the file's name, for what `read_interface` refuses."""
    try:
        return read_interface(mapped(path))
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error})") from error


def contract_of(path: Path, sha256: str, interface: Interface, name: str = "") -> Contract:
    """The contract that a graph keeps; the one of that name, or of that family, if it is given.

    Raises:
        WeightsError: it keeps none, or it does not survive a trial.
    """
    try:
        candidates = forced(name) if name else recognise(interface)
        if name and (problem := _cannot(candidates, interface)):
            raise WeightsError(problem)
        for port in interface.inputs:
            if port.size and max(port.size) > LARGEST_SIDE:
                raise WeightsError(f"its input is {port}; the largest side is {LARGEST_SIDE}")
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    return CONTRACTS[tried(path, sha256, [contract.name for contract in candidates], interface)]


def _cannot(candidates: list[Contract], interface: Interface) -> str:
    given = sorted(port.channels or 0 for port in interface.inputs)
    if any(sorted(contract.given) == given for contract in candidates):
        return ""
    wanted = "+".join(map(str, candidates[0].given))
    return f"it goes from {interface}; by the contract {candidates[0].name} inputs of {wanted} planes are wanted"


def fixed_size(interface: Interface) -> tuple[int, int] | None:
    """Height and width of a graph that takes no others."""
    return next((port.size for port in interface.inputs if port.size is not None), None)


def info_of(path: Path, contract: Contract, interface: Interface, sha256: str = "") -> ModelInfo:
    """What a file of somebody else's would say of itself, from its contract and the catalogue."""
    fixed, known = fixed_size(interface), entry_of(sha256)
    return ModelInfo(
        name=known.name if known else path.stem,
        version=known.version if known else "",
        system=contract.name,
        size=min(fixed) if fixed else known.working_size if known and known.working_size else contract.size,
        size_multiple=1 if fixed else contract.multiple,
        temperature=1.0,
        bins=(),
        training_data=known.training_data if known else "not stated in the file",
        licence=known.licence if known else "not stated in the file",
        metrics={},
        checkpoint_sha256="",
        images_seen=0,
        hints="trained" if contract.takes_hints else "spread",
        created="",
        target="ab",
    )
