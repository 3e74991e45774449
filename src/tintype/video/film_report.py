"""What is told of a film while it is coloured, and when it is done."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Progress:
    """How far a film is.

    frames: done so far, those of earlier runs included; total: as the container tells, None where it does not;
    rate: frames per second in this run; seconds_left: None where the total is not known; thumbnail: a small JPEG of
    the newest coloured frame, replaced every few seconds; looking: the film is still being looked through for
    shots that stay as they are.
    """

    frames: int
    total: int | None
    rate: float
    seconds_left: float | None
    thumbnail: str
    looking: bool = False


@dataclass
class FilmReport:
    """What became of a film: ``notes`` are what the user should know, such as damage in the source; ``shots`` tell what
    each shot was and whether it was coloured, where that was looked at; ``references`` and ``borders`` which reference
    each coloured shot took, and what of it lies inside borders, as `tintype.video.scene_report` has them."""

    source: str
    target: str
    frames: int
    resumed_frames: int
    scenes: int
    predictions: int
    width: int
    height: int
    codec: str
    seconds: float
    rate: float
    notes: list[str] = field(default_factory=list)
    shots: list[dict[str, object]] = field(default_factory=list)
    references: list[dict[str, object]] = field(default_factory=list)
    borders: list[dict[str, object]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return asdict(self)
