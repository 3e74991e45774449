"""Alternatives to the best guess."""

from typing import Any

from pydantic import BaseModel, Field


class Mood(BaseModel):
    """One alternative colouring."""

    number: int
    options: dict[str, Any] = Field(description="Ask for a result with these to keep it.")
    preview_url: str


class Moods(BaseModel):
    """Alternative colourings, the likeliest first."""

    items: list[Mood]


class SuggestionPublic(BaseModel):
    """A colour that a place may have."""

    color: str = Field(description="As in CSS, in the light of the place.", examples=["#8a1c2b"])
    probability: float
