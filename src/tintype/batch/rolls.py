"""Rolls of film in a run over many scans: the frames of a folder share one film base and one scale."""

import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from tintype.colorizer.negative import Roll, measure_roll
from tintype.errors import TintypeError
from tintype.photo.photo import Photo


class Rolls:
    """What the negatives of each folder have in common, measured when one of them is first asked for.

    Args:
        sources: the scans of the run; those of one folder are one roll.
    """

    def __init__(self, sources: Iterable[str]) -> None:
        self._folders: dict[str, list[str]] = {}
        for source in sources:
            self._folders.setdefault(_folder(source), []).append(source)
        self._found: dict[str, Roll | None] = {}
        self._lock = threading.Lock()

    def of(self, source: object) -> Roll | None:
        """The roll of a scan; None of one that is not among the sources, which is measured by itself."""
        if not isinstance(source, (str, os.PathLike)) or _folder(os.fspath(source)) not in self._folders:
            return None
        folder = _folder(os.fspath(source))
        with self._lock:
            if folder not in self._found:
                self._found[folder] = _measured(self._folders[folder])
            return self._found[folder]


def _measured(sources: list[str]) -> Roll | None:
    def readable() -> Iterator[Photo]:
        for source in sources:
            try:
                yield Photo.read(source)
            except TintypeError:  # it is told when its turn comes
                continue

    try:
        return measure_roll(readable())
    except ValueError:  # none can be read
        return None


def _folder(source: str) -> str:
    return str(PurePath(source).parent)
