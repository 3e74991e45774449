"""The whole examination, and what a finding is."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "absent", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        part: The heading that it stands under. name: What it is. state: "ok"; "absent": not there, and nobody needs
            it who has not asked for it; "wrong": there, and does not work. value: What was found. fix: What to type,
            where there is something to type.
    """

    part: str
    name: str
    state: State
    value: str = ""
    fix: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain values, for JSON."""
        return asdict(self)


def examine() -> Iterator[Finding]:
    """Look at everything, one finding after the other. Nothing in them is private: no names, no paths outside of ~."""
    from . import codecs, extras, folders, machine, selftest

    parts: tuple[Callable[[], Iterator[Finding]], ...] = (
        extras.versions,
        machine.processor,
        machine.engines,
        machine.gpus,
        extras.extras,
        codecs.pictures,
        codecs.films,
        folders.folders,
        selftest.selftest,
    )
    for part in parts:
        try:
            yield from part()
        except Exception as error:  # a part that fails is what the doctor is for
            name = part.__name__
            yield Finding(name, "examination", "wrong", " ".join(f"{type(error).__name__}: {error}".split()))
