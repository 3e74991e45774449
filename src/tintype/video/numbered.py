"""Numbered pictures as a film: which numbers a folder holds, which are missing, and each picture decoded by itself.

Scans of film are counted from anywhere (86400 is midnight and a day's seconds), and a number may be missing. The
picture before a gap is shown until the next one is due, so that sound laid under it later still fits.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from tintype.errors import InputError

from .need import need_av

RATE = 25.0  # frames per second of numbered pictures that do not say
_PATTERN = re.compile(r"(?P<before>[^%]*)%(?P<digits>0\d+|\d*)d(?P<after>[^%]*)")
_TOLD = 5  # gaps that are named one by one


@dataclass(frozen=True)
class Numbering:
    """A pattern for numbered pictures such as ``frames/%04d.png``: one ``%d`` with a width or without, in the name.

    Raises:
        InputError: the name holds no such pattern, or more than one.
    """

    pattern: str

    def __post_init__(self) -> None:
        if _PATTERN.fullmatch(Path(self.pattern).name) is None:
            raise InputError(f"{self.pattern}: no pattern for numbered pictures; write one %d, such as frames/%07d.dpx")

    @property
    def folder(self) -> Path:
        return Path(self.pattern).parent

    def path(self, number: int) -> Path:
        """The file of that number."""
        before, digits, after = self._parts()
        return self.folder / f"{before}{number:{digits}d}{after}"

    def found(self) -> list[int]:
        """The numbers that are there, growing; those written with too few or too many digits are other files."""
        before, digits, after = self._parts()
        inside = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        matches = (inside.fullmatch(name) for name in names)
        numbers = [(int(match[1]), match[0]) for match in matches if match]
        return sorted(number for number, name in numbers if f"{before}{number:{digits}d}{after}" == name)

    def _parts(self) -> tuple[str, str, str]:
        match = _PATTERN.fullmatch(Path(self.pattern).name)
        assert match is not None
        return match["before"], match["digits"], match["after"]


class NumberedPictures:
    """The pictures of a pattern, decoded one by one.

    Args:
        pattern: as `Numbering` takes it.
        rate: frames per second.

    Raises:
        InputError: there is none.
    """

    def __init__(self, pattern: str, rate: float | None = None) -> None:
        self.numbering = Numbering(pattern)
        self.numbers = self.numbering.found()
        if not self.numbers:
            raise InputError(f"{pattern}: no such film; no picture in {self.numbering.folder} has a number like this")
        self.rate = Fraction(rate or RATE).limit_denominator(1001)
        self.damaged: list[str] = []

    @property
    def span(self) -> int:
        """Frames from the first number to the last, missing ones included."""
        return self.numbers[-1] - self.numbers[0] + 1

    def note(self) -> str | None:
        """The missing numbers in a line, None where none is missing."""
        gaps = [(a + 1, b - 1) for a, b in pairwise(self.numbers) if b - a > 1]
        if not gaps:
            return None
        named = [str(a) if a == b else f"{a} to {b}" for a, b in gaps[:_TOLD]]
        more = f" and {len(gaps) - _TOLD} gaps more" if len(gaps) > _TOLD else ""
        count = sum(b - a + 1 for a, b in gaps)
        what = "number is" if count == 1 else "numbers are"
        return f"{count} {what} missing ({', '.join(named)}{more}): the picture before is shown until the next"

    def pictures(self, start: int = 0) -> Iterator[Any]:
        """Decoded pictures from the frame ``start`` on, counted from the first number; each with its timestamp and how
        long it is shown, in frames. What cannot be decoded is named in `damaged` and left out."""
        self.damaged = []
        following = [*self.numbers[1:], self.numbers[-1] + 1]
        for number, after in zip(self.numbers, following, strict=True):
            if number - self.numbers[0] < start:
                continue
            picture = self.decode(number)
            if picture is None:
                self.damaged.append(self.numbering.path(number).name)
                continue
            picture.pts, picture.time_base = number - self.numbers[0], 1 / self.rate
            picture.duration = after - number
            yield picture

    def decode(self, number: int) -> Any | None:
        """One picture; None where it cannot be decoded."""
        av = need_av()
        try:
            with av.open(os.fspath(self.numbering.path(number))) as container:
                return next(container.decode(video=0), None)
        except (OSError, IndexError, av.error.FFmpegError):
            return None

    def codec(self) -> str:
        """The codec of the first picture that can be opened."""
        av = need_av()
        for number in self.numbers:
            try:
                with av.open(os.fspath(self.numbering.path(number))) as container:
                    return str(container.streams.video[0].codec_context.name)
            except (OSError, IndexError, av.error.FFmpegError):
                continue
        return "unknown"


def damage_note(names: Sequence[str]) -> str | None:
    """Pictures that could not be decoded, in a line."""
    if not names:
        return None
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"cannot be decoded and are left out: {', '.join(names[:_TOLD])}{more}"
