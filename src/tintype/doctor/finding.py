"""What the doctor finds."""

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
