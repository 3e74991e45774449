"""SMPTE timecode: read, counted on by frames, written; drop-frame as SMPTE ST 12-1 has it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

_TEXT = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")


@dataclass(frozen=True)
class Timecode:
    """The label of a frame: ``frame`` counts frames since midnight, ``base`` is the labels' frames a second.

    In drop-frame, two labels (four at 60) are left out each minute but every tenth, so that 29.97 frames a second
    keep to the clock.
    """

    frame: int
    base: int
    drop: bool = False

    @classmethod
    def parse(cls, text: str, rate: Fraction) -> "Timecode | None":
        """From "10:11:12:13", or with ";" before the frames for drop-frame; None where it is none at this rate."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            return None
        base = max(1, round(rate))
        hours, minutes, seconds, frames = (int(match[i]) for i in (1, 2, 3, 5))
        drop = match[4] != ":" and base % 30 == 0
        if minutes > 59 or seconds > 59 or frames >= base:
            return None
        total = ((hours * 60 + minutes) * 60 + seconds) * base + frames
        if drop:
            dropped = base // 15
            total -= dropped * (60 * hours + minutes - (60 * hours + minutes) // 10)
        return cls(total, base, drop)

    def later(self, frames: int) -> "Timecode":
        """The label that many frames on; past midnight it begins again."""
        day = 24 * 3600 * self.base - (self.base // 15 * 24 * 54 if self.drop else 0)
        return Timecode((self.frame + frames) % day, self.base, self.drop)

    def __str__(self) -> str:
        count = self.frame
        if self.drop:
            dropped = self.base // 15
            ten, minute = 600 * self.base - 9 * dropped, 60 * self.base - dropped
            tens, rest = divmod(count, ten)
            count += 9 * dropped * tens + dropped * max(0, (rest - dropped) // minute)
        seconds, frames = divmod(count, self.base)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{clock}{';' if self.drop else ':'}{frames:02}"


def timecode_of(container: Any, stream: Any) -> str | None:
    """What a film says its first frame's timecode is: its pictures' own, else its timecode track's, else the file's."""
    tracks = [each.metadata for each in container.streams if each.type == "data"]
    for tags in (stream.metadata, *tracks, container.metadata):
        found = _tag(tags)
        if found is not None:
            return found
    return None


def _tag(tags: Mapping[str, str]) -> str | None:
    return next((value for name, value in tags.items() if name.lower() == "timecode"), None)
