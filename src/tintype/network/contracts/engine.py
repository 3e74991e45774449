"""A network of somebody else's behind tintype's own interface: lightness in, ab in CIE units out.

What its encoder would tell things apart by, for hints and references, comes from the embedded model `tint`: it is
opened when somebody first asks.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tintype.errors import TintypeError, WeightsError
from tintype.imaging.types import Planes
from tintype.network.engine import Engine
from tintype.network.graph_reader import Interface, Port

from .contract import Contract

FEATURES = ("features_16", "features_32")
COMPANION_MULTIPLE = 32


class ContractEngine:
    """An engine that speaks a contract, as one that takes "lightness", and "hints" where the contract has them, and
    answers "ab", one picture at a time whatever the batch: many exports take no other.

    Args:
        engine: runs the graph as it is.
        contract: what the graph was made for.
        interface: of the graph, in the order of its ports.
        companion: opens the engine of a model that shows `FEATURES`.
    """

    def __init__(
        self, engine: Engine, contract: Contract, interface: Interface, companion: Callable[[], Engine] | None = None
    ) -> None:
        self._engine, self._contract, self._open_companion = engine, contract, companion
        self._ports = interface.inputs
        self._names = _names_of(engine.inputs, interface.inputs)
        self._answer = _names_of(engine.outputs, interface.outputs)[answer_index(contract, interface)]
        self._lock = threading.Lock()
        self._companion: Engine | None = None
        self.name, self.device, self.precision = engine.name, engine.device, engine.precision
        self.inputs: Sequence[str] = ("lightness", "hints") if contract.takes_hints else ("lightness",)
        self.outputs: Sequence[str] = ("ab", *FEATURES) if companion else ("ab",)
        self.features: tuple[str, ...] = ()  # it cannot be begun in the middle

    def run(self, feed: Mapping[str, Planes], outputs: tuple[str, ...]) -> list[Planes]:
        found: dict[str, Planes] = {}
        if "ab" in outputs:
            lightness, hints = feed["lightness"], feed.get("hints")
            parts = [
                self.ab(lightness[i : i + 1], None if hints is None else hints[i : i + 1])
                for i in range(len(lightness))
            ]
            found["ab"] = np.concatenate(parts)
        if wanted := tuple(name for name in outputs if name != "ab"):
            found |= zip(wanted, self._features(feed["lightness"], wanted), strict=True)
        return [found[name] for name in outputs]

    def ab(self, lightness: Planes, hints: Planes | None = None) -> Planes:
        """ab (1, 2, h, w) of lightness (1, 1, H, W)."""
        answer = self.raw(lightness, hints)
        if answer.ndim != 4 or answer.shape[:2] != (1, self._contract.answered) or not answer.size:
            raise WeightsError(
                f"the network answers with {'x'.join(map(str, answer.shape))}, by its contract {self._contract.name} "
                f"wanted is 1x{self._contract.answered}xHxW"
            )
        return np.ascontiguousarray(self._contract.ab(answer, lightness), np.float32)

    def raw(self, lightness: Planes, hints: Planes | None = None) -> Planes:
        """The network's own answer to lightness (1, 1, H, W)."""
        given = self._contract.feed(lightness, hints, self._ports)
        feed = {
            name: np.ascontiguousarray(planes, port.type)
            for name, planes, port in zip(self._names, given, self._ports, strict=True)
        }
        return self._engine.run(feed, (self._answer,))[0]

    def _features(self, lightness: Planes, wanted: tuple[str, ...]) -> list[Planes]:
        if self._open_companion is None:
            raise WeightsError(f"there is nothing that shows {wanted[0]}")
        with self._lock:
            if self._companion is None:
                self._companion = self._open_companion()
        height, width = lightness.shape[2:]
        margins = ((0, 0), (0, 0), (0, -height % COMPANION_MULTIPLE), (0, -width % COMPANION_MULTIPLE))
        feed = {"lightness": np.pad(lightness, margins, mode="symmetric")}
        if "hints" in self._companion.inputs:
            feed["hints"] = np.zeros((len(lightness), 3, *feed["lightness"].shape[2:]), np.float32)
        found = []
        for name, planes in zip(wanted, self._companion.run(feed, wanted), strict=True):
            stride = int(name.rpartition("_")[2])
            found.append(np.ascontiguousarray(planes[..., : -(-height // stride), : -(-width // stride)]))
        return found


def answer_index(contract: Contract, interface: Interface) -> int:
    """Which output is the answer: the last with its channels (networks with several end with the best), else the
    first of which nothing is said."""
    stated = [i for i, port in enumerate(interface.outputs) if port.channels == contract.answered]
    if stated:
        return stated[-1]
    open_ones = [i for i, port in enumerate(interface.outputs) if port.channels is None]
    if not open_ones:
        raise WeightsError(f"it goes from {interface}; by the contract {contract.name} {contract.answered} planes come")
    return open_ones[0]


def _names_of(names: Sequence[str], ports: Sequence[Port]) -> list[str]:
    """What an engine calls the ports: their own names, or others in the same order."""
    if len(names) != len(ports):
        raise TintypeError(f"the engine shows the ports {', '.join(names)}, the file {', '.join(map(str, ports))}")
    own = [port.name for port in ports]
    return own if set(own) == set(names) else list(names)
