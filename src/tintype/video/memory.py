"""Per-shot memory: what is found out once for each shot of a film, and holds to its end, also after a crash."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from tintype.imaging.types import Floats

from .reader import Frame

Facts = dict[str, list[float]]


class ShotMemory(Protocol):
    """Something that is to be the same in all frames of a shot; `Stabilizer` tells it of the cuts."""

    def new_shot(self) -> None:
        """A cut: what was known holds no more."""

    def look(self, frames: Sequence[Frame]) -> None:
        """Frames of the shot, in order, before the first of them is coloured; further ones come as they are read."""

    def facts(self) -> Facts:
        """What is known of the shot, for the report."""

    def state(self) -> dict[str, Floats]:
        """What `resume` needs to go on inside the shot."""

    def resume(self, state: Mapping[str, Floats]) -> None:
        """Go on inside a shot."""
