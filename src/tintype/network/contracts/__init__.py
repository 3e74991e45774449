"""The interfaces of published colourisers, one file each, and how a graph's is recognised."""

from tintype.errors import WeightsError
from tintype.network.graph_reader import Interface

from . import ddcolor, deoldify, eccv16, siggraph17
from .contract import Contract

CONTRACTS: dict[str, Contract] = {
    contract.name: contract for module in (ddcolor, deoldify, eccv16, siggraph17) for contract in module.CONTRACTS
}


def forced(name: str) -> list[Contract]:
    """The contracts that a name before a file's stands for: one, or all of a family, as for "deoldify".

    Raises:
        WeightsError: there is none.
    """
    found = [contract for contract in CONTRACTS.values() if name in (contract.name, contract.name.partition("-")[0])]
    if not found:
        raise WeightsError(f"no contract is called {name!r}; known are {', '.join(CONTRACTS)}")
    exact = [contract for contract in found if contract.name == name]
    # The plain name of several is the whole family, unless one of them has it.
    return exact or found


def recognise(interface: Interface) -> list[Contract]:
    """The contracts that a graph may have been made for: one, or several that differ in their scale alone.

    Raises:
        WeightsError: there is none; without the file's name.
    """
    found = [contract for contract in CONTRACTS.values() if contract.fits(interface)]
    if not found:
        known = {contract.family.partition(",")[0]: _shape(contract) for contract in CONTRACTS.values()}
        raise WeightsError(
            f"it goes from {interface}; known, by the planes of inputs and output, are tintype's own models and "
            f"{', '.join(f'{family} ({shape})' for family, shape in known.items())}; if it is one of these, name it: "
            "--model ddcolor:FILE"
        )
    return found


def _shape(contract: Contract) -> str:
    return f"{'+'.join(map(str, contract.given))} -> {contract.answered}"
