"""Alternatives to the best guess."""

from typing import Any

from pydantic import BaseModel, Field

from .common import Strict


class ExtentPoint(Strict):
    """A place on the thing that is meant, or beside it."""

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    plus: bool = Field(True, description="Whether it is on the thing.")


class ExtentAsked(Strict):
    """Places on a thing and beside it."""

    points: list[ExtentPoint] = Field(min_length=1, max_length=50)
    model: str | None = Field(None, max_length=100)


class Mood(BaseModel):
    """One alternative colouring."""

    number: int
    options: dict[str, Any] = Field(description="Ask for a result with these to keep it.")
    preview_url: str


class Moods(BaseModel):
    """Alternative colourings, the likeliest first."""

    items: list[Mood]


class MatchPublic(BaseModel):
    """A place of a photo and the place of a reference that is like it."""

    x: float = Field(description="In the photo, 0 to 1 from its left edge.")
    y: float
    other_x: float = Field(description="In the reference.")
    other_y: float
    color: str = Field(description="The reference's colour there, in the light of the photo.")
    radius: float = Field(description="How far it reaches, as a part of the photo's short side.")
    likeness: float = Field(description="0 to 1; also how far the colour is insisted on.")


class SuggestionPublic(BaseModel):
    """A colour that a place may have."""

    color: str = Field(description="As in CSS, in the light of the place.", examples=["#8a1c2b"])
    probability: float
