"""Where coloured frames go: into the parts of a film, or into numbered pictures of their own."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .codecs import Encoder, Settings
from .levels import Luma
from .parts import PartInfo, PartStore, write_packet
from .pictures import PictureFolder
from .reader import FilmInfo, Frame
from .stabilize import State


@dataclass(eq=False)
class Painted:
    """A frame, and its Cb and Cr as the film will have them, but for turning.

    ``original`` is the decoded picture of one that stays as it is.
    """

    frame: Frame
    chroma: tuple[Luma, Luma]
    predicted: bool
    original: Any = None


class Tally:
    """What is to be known of a part when it is finished."""

    def __init__(self) -> None:
        self._frames = self._predictions = 0
        self._first: Frame | None = None
        self._last: Frame | None = None

    def count(self, item: Painted) -> None:
        """One frame more."""
        self._first = self._first or item.frame
        self._last = item.frame
        self._frames += 1
        self._predictions += item.predicted

    def part(self, number: int, new_scene: bool, header: bytes) -> PartInfo:
        """The part of the frames counted, of which there is one at least."""
        assert self._first is not None
        assert self._last is not None
        return PartInfo(
            number=number,
            frames=self._frames,
            predictions=self._predictions,
            new_scene=new_scene,
            first_pts=self._first.pts,
            last_pts=self._last.pts,
            last_duration=self._last.duration,
            last_checksum=self._last.checksum,
            header=header,
        )


class Writer(Protocol):
    """Takes the frames of one part."""

    def add(self, item: Painted) -> None:
        """Take a frame."""

    def close(self) -> None:
        """Let go of the file, finished or not."""

    def finish(self, number: int, new_scene: bool, state: State) -> tuple[PartInfo, State]:
        """Complete the part."""


def upright(item: Painted, turns: int) -> tuple[Luma, Luma, Luma]:
    """The three planes, turned by so many quarters counter-clockwise."""
    planes = (item.frame.luma, *item.chroma)
    if not turns:
        return planes
    luma, cb, cr = (np.ascontiguousarray(np.rot90(plane, turns)) for plane in planes)
    return luma, cb, cr


class PartWriter:
    """Encodes one part into a file of the store."""

    def __init__(self, store: PartStore, settings: Settings, info: FilmInfo, size: tuple[int, int], turns: int) -> None:
        self._encoder = Encoder(settings, info, size)
        self._file = store.begin()
        self._turns, self._tally = turns, Tally()

    def add(self, item: Painted) -> None:
        """Encode a frame."""
        luma, cb, cr = upright(item, self._turns)
        for packet in self._encoder.encode(item.frame, luma, (cb, cr)):
            write_packet(self._file, packet)
        self._tally.count(item)

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()

    def finish(self, number: int, new_scene: bool, state: State) -> tuple[PartInfo, State]:
        """Write what the encoder holds back."""
        for packet in self._encoder.finish():
            write_packet(self._file, packet)
        self.close()
        return self._tally.part(number, new_scene, self._encoder.header), state


class PictureWriter:
    """Writes each frame of a part as a picture; the part's own file stays empty and marks how far the run is."""

    def __init__(self, store: PartStore, folder: PictureFolder, turns: int) -> None:
        self._file, self._folder, self._turns = store.begin(), folder, turns
        self._index, self._tally = store.frames, Tally()

    def add(self, item: Painted) -> None:
        """Write a picture."""
        if item.original is not None and not self._turns:
            self._folder.write_original(self._index, item.frame.pts, item.original)
        else:
            luma, cb, cr = upright(item, self._turns)
            self._folder.write(self._index, item.frame.pts, luma, (cb, cr))
        self._index += 1
        self._tally.count(item)

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()

    def finish(self, number: int, new_scene: bool, state: State) -> tuple[PartInfo, State]:
        """Mark the part as complete."""
        self.close()
        return self._tally.part(number, new_scene, b""), state
