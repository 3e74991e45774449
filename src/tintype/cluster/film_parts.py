"""The finished parts of a film that a cluster colours: beside its result, where all machines see them.

`.NAME.parts/film.json` says what is coloured, in what way, and how the film is divided; `.NAME.parts/00012/` holds the
parts of the span of that number, as `PartStore` has them.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tintype.errors import InputError
from tintype.files import locations
from tintype.files import stores as files
from tintype.video.parts import PartInfo, PartStore
from tintype.video.spans import Span
from tintype.video.stabilize import State

_NOTE = "film.json"
_AT_A_TIME = 8  # spans that are fetched together


@dataclass(frozen=True)
class Division:
    """How a film is divided, and what its reader noticed on the way."""

    spans: tuple[Span, ...]
    trouble: tuple[str, ...]


def folder_of(target: str) -> str:
    """Where the parts of the film lie that is to be written there."""
    return locations.with_name(target, f".{locations.name_of(target).name}.parts")


def divided(target: str, identity: dict[str, Any], *, fresh: bool) -> Division | None:
    """How an earlier run has divided the same film, if it had the time to. Parts of anything else are removed.

    Raises:
        InputError, OutputError: the place cannot be read or written.
    """
    folder = folder_of(target)
    known = {} if fresh else _read(locations.join(folder, _NOTE))
    if known.get("identity") != json.loads(json.dumps(identity)):
        files.remove_folder(folder)
        _write(locations.join(folder, _NOTE), {"identity": identity})
        return None
    if "spans" not in known:
        return None
    spans = tuple(Span(n, tuple((pts, crc) for pts, crc in span)) for n, span in enumerate(known["spans"]))
    return Division(spans, tuple(known["trouble"]))


def keep(target: str, identity: dict[str, Any], division: Division) -> None:
    """Write down how a film is divided.

    Raises:
        OutputError: it cannot be written.
    """
    values = {"identity": identity, "trouble": division.trouble, "spans": [span.known for span in division.spans]}
    _write(locations.join(folder_of(target), _NOTE), values)


def _read(note: str) -> dict[str, Any]:
    try:
        values = json.loads(files.read(note)) if files.size_of(note) else {}
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _write(note: str, values: dict[str, Any]) -> None:
    files.write(note, json.dumps(values).encode(), overwrite=True)


class SpanStore(PartStore):
    """The parts of one span: made in a folder of this machine, and pushed to where all see them as they are finished.

    A part appears there as on a disk: its JSON last, so it is there or not. If two workers are at the same span,
    because one was thought dead, they push the same bytes.

    Args:
        folder: an empty one of this machine.
        target: where the film goes.
        span: whose parts these are.
        packets: whether to fetch the packets of finished parts; to go on from them they are not needed.

    Raises:
        InputError: the place cannot be read.
    """

    def __init__(self, folder: Path, target: str, span: Span, *, packets: bool = False) -> None:
        super().__init__(folder / f"{span.number:05}", {})
        self._place = locations.join(folder_of(target), f"{span.number:05}")
        names = {name for name in files.names_in(self._place) if not name.startswith(".")}
        count = 0
        while f"{count:06}.json" in names and f"{count:06}.packets" in names:
            self._pull(f"{count:06}.json")
            count += 1
        if f"{count - 1:06}.npz" in names:
            self._pull(f"{count - 1:06}.npz")
        self.parts = list(self._finished())
        if not self._belong(span):
            self.parts = []
        for part in self.parts if packets else ():
            self._pull(f"{part.number:06}.packets")

    def finish(self, part: PartInfo, state: State) -> None:
        """Keep the part that was begun, where all machines see it."""
        super().finish(part, state)
        for suffix in ("packets", "npz", "json"):
            made = self.folder / f"{part.number:06}.{suffix}"
            if made.is_file():
                files.write(locations.join(self._place, made.name), made.read_bytes(), overwrite=True)
        (self.folder / f"{part.number:06}.packets").unlink()

    def _belong(self, span: Span) -> bool:
        if not self.parts:
            return True
        last = self.parts[-1]
        return self.frames <= span.frames and span.known[self.frames - 1] == (last.last_pts, last.last_checksum)

    def _pull(self, name: str) -> None:
        (self.folder / name).write_bytes(files.read(locations.join(self._place, name)))


def gathered(folder: Path, target: str, spans: tuple[Span, ...]) -> PartStore:
    """The parts of all spans in one store in a folder of this machine.

    Raises:
        InputError: some are missing, or cannot be read.
    """
    whole = PartStore(folder / "film", {})
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        stores = pool.map(lambda span: SpanStore(folder, target, span, packets=True), spans)
        for span, store in zip(spans, stores, strict=True):
            if store.frames != span.frames:
                raise InputError(f"{folder_of(target)}: parts of the film have gone; run again to colour them anew")
            whole.gather(store)
    return whole
