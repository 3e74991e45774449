"""Films scanned as negatives: density inversion of every frame by the base and the scale of the whole roll."""

from dataclasses import replace

import numpy as np

from tintype.colorizer.negative import Roll, curve, measure_shown
from tintype.video.chroma import shrink
from tintype.video.levels import Luma, Signal
from tintype.video.reader import FilmReader, Frame

_LOOKS = 16  # frames, evenly spread, that the roll is measured on
_SIDE = 512
_LEAST_RANGE = 0.4


def measure_film(reader: FilmReader) -> Roll:
    """The base and the scale of a film, of frames from all over it; the same whichever part of it is wanted."""
    info = reader.info
    scale = min(1.0, _SIDE / max(info.width, info.height))
    size = max(8, round(info.width * scale)), max(8, round(info.height * scale))
    measured = []
    seconds = info.seconds or 0.0
    for i in range(_LOOKS if seconds else 1):
        frame = next(reader.frames(start=seconds * i / _LOOKS), None)
        if frame is not None:
            measured.append(measure_shown(_unit(shrink(frame.luma, *size), info.signal)))
    rebates = [base for base, _, rebate in measured if rebate]
    base = float(np.median(rebates)) if rebates else max((base for base, _, _ in measured), default=1.0)
    white = max((float(np.log10(base)) - dense for _, dense, _ in measured), default=_LEAST_RANGE)
    return Roll(base, max(_LEAST_RANGE, white), bool(rebates))


class Negative:
    """Turns frames of one film to positives by one table.

    Args:
        signal: of the film.
        roll: of `measure_film`.
    """

    def __init__(self, signal: Signal, roll: Roll) -> None:
        levels = np.arange(1 << signal.depth).astype(np.uint8 if signal.depth == 8 else np.uint16)
        made = curve(roll, _unit(levels, signal)).astype(np.float64)
        unit = 1 << (signal.depth - 8)
        coded = made * (len(levels) - 1) if signal.full_range else (16 + 219 * made) * unit
        self._table = np.round(coded).astype(levels.dtype)

    def __call__(self, frame: Frame) -> Frame:
        """The positive of a frame, which still knows the checksum of what it was."""
        return replace(frame, luma=self._table[frame.luma], source_checksum=frame.checksum)


def _unit(luma: Luma, signal: Signal) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Luma as values from 0, black, to 1, white."""
    values = luma.astype(np.float32)
    if signal.full_range:
        return np.asarray(values / np.float32((1 << signal.depth) - 1), np.float32)
    return np.asarray(((values / np.float32(1 << (signal.depth - 8)) - 16) / 219).clip(0, 1), np.float32)
