"""What is to be said of the shots of a film once it is coloured: their references and their borders."""

from collections.abc import Sequence
from pathlib import Path

from .memory import Facts
from .options import FilmOptions
from .parts import PartInfo
from .preview import clock
from .reader import FilmInfo

LEFT: Facts = {"left": [1.0]}  # of the parts of a shot that stays as it is
_TOLD = 8  # shots that a note tells of


class SceneReport:
    """The shots that were coloured, in order, put together from the finished parts.

    Args:
        parts: of the whole film, in order.
        info, options: of the film.
    """

    def __init__(self, parts: Sequence[PartInfo], info: FilmInfo, options: FilmOptions) -> None:
        self._info, self._options = info, options
        self._scenes: list[tuple[PartInfo, PartInfo, int]] = []  # first and last part, frames
        for part in parts:
            if "left" in part.facts:
                continue
            if part.new_scene or not self._scenes:
                self._scenes.append((part, part, part.frames))
            else:
                first, _, frames = self._scenes[-1]
                self._scenes[-1] = first, part, frames + part.frames

    def references(self) -> list[dict[str, object]]:
        """For each shot start and end in seconds, frames, the reference that it took (None for none), and the weight
        from 0 to 1 that its colours had; empty where there was no reference, or every frame was coloured by itself.
        """
        photos = [*self._options.all_references, *(one.photo for one in self._options.scene_references)]
        found = []
        for first, last, frames in self._scenes:
            facts = last.facts
            if "reference" not in facts:
                continue
            index, weight = int(facts["reference"][0]), facts["reference"][1]
            taken = None if index < 0 else photos[index]
            found.append(self._place(first, last, frames) | {"reference": taken, "weight": round(weight, 3)})
        return found

    def borders(self) -> list[dict[str, object]]:
        """For each shot with borders start and end in seconds, frames, and left, top, width and height inside, in
        pixels of the frame as it is stored."""
        return [
            self._place(first, last, frames) | {"inside": [int(value) for value in inside]}
            for first, last, frames in self._scenes
            if (inside := _inside(last.facts)) is not None
        ]

    def notes(self) -> list[str]:
        """Lines on the references and the borders, the first few shots of each."""
        lines = []
        if (self._options.all_references or self._options.scene_references) and (told := self.references()):
            pieces = [f"{_when(shot)} {_name(shot['reference'])}{_weight(shot)}" for shot in told]
            lines.append(f"references: {_some(pieces)}")
        if bordered := self.borders():
            pieces = [f"{_when(shot)} {_size(shot['inside'])}" for shot in bordered]
            lines.append(f"borders were left out of what the network sees: {_some(pieces)}")
        return lines

    def _place(self, first: PartInfo, last: PartInfo, frames: int) -> dict[str, object]:
        start, end = (
            float((pts - self._info.first_pts) * self._info.time_base)
            for pts in (first.first_pts, last.last_pts + last.last_duration)
        )
        return {"start": round(start, 3), "end": round(end, 3), "frames": frames}


def _inside(facts: Facts) -> list[float] | None:
    return facts.get("inside")


def _when(shot: dict[str, object]) -> str:
    return f"{clock(float(str(shot['start'])))} to {clock(float(str(shot['end'])))}"


def _name(reference: object) -> str:
    return "none" if reference is None else Path(str(reference)).name


def _weight(shot: dict[str, object]) -> str:
    return "" if shot["reference"] is None else f" ({shot['weight']:.2f})"


def _size(inside: object) -> str:
    if not isinstance(inside, list):
        return ""
    left, top, width, height = inside
    return f"{width} x {height} at {left}, {top}"


def _some(pieces: list[str]) -> str:
    more = f" and {len(pieces) - _TOLD} more" if len(pieces) > _TOLD else ""
    return f"{', '.join(pieces[:_TOLD])}{more}"
