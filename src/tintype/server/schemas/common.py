"""Pieces that many schemas share: cleaned text, identities, pages, and what may be asked of a model."""

import unicodedata
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Item = TypeVar("Item")


def clean(text: str) -> str:
    """Text without control characters and halves of surrogate pairs, which neither databases nor headers take."""
    kept = (" " if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in text)
    return " ".join("".join(kept).split())


Line = Annotated[str, AfterValidator(clean)]
Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{22}$", description="An identity that this API gave.")]


class Strict(BaseModel):
    """A request body: unknown keys are refused, so that a misspelt option is no silent default."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[Item]):
    """One page of a list, newest first."""

    items: list[Item]
    next: str | None = Field(None, description="Give this as `cursor` for the next page; null on the last.")


class Hint(Strict):
    """A point of the picture and the colour it should have."""

    x: float = Field(ge=0, le=1, description="From the left edge (0) to the right (1).")
    y: float = Field(ge=0, le=1, description="From the top edge (0) to the bottom (1).")
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$", description="As in CSS: #rrggbb.", examples=["#8a1c2b"])
    strength: float = Field(1.0, gt=0, le=1, description="How far the colour is insisted on.")
    radius: float | None = Field(
        None,
        gt=0,
        le=0.5,
        description="Radius of the spot, as a part of the picture's short side; null lets the model choose.",
    )


RestoreStep = Literal["auto", "noise", "dust", "fade"]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$", description="As in CSS: #rrggbb.", examples=["#8a1c2b"])]


class Stroke(Strict):
    """A line drawn over things: a colour for them, or a wish that they stay as they are, or grey."""

    points: list[tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]] = Field(
        min_length=1, max_length=500, description="Places along the line, each x and y from 0 to 1 as in a hint."
    )
    kind: Literal["paint", "keep", "grey"] = Field(
        "paint", description="paint: give it the colour; keep: leave what the model guessed; grey: take colour away."
    )
    color: Color = Field("#808080", description="As in CSS; counts for paint alone.")
    width: float = Field(0.02, gt=0, le=0.5, description="Of the brush, as a part of the picture's short side.")
    area: bool = Field(False, description="Whether the line is the edge of an area, all of which is meant.")
    strength: float = Field(1.0, gt=0, le=1, description="How far the colour is insisted on.")


class ColourOptions(Strict):
    """What may be asked of a model. Everything has a default; `/api/capabilities` says what is to be had."""

    model: str | None = Field(
        None,
        max_length=100,
        description="A model's name, or several with their shares, `tint*0.7,tint-small*0.3`, whose answers are mixed; "
        "null for the server's default.",
    )
    size: int | None = Field(
        None, ge=16, le=4096, description="Short side of what the network sees, in pixels; null for the model's own."
    )
    hints: list[Hint] = Field(default_factory=list, max_length=200, description="Points whose colour is given.")
    saturation: float = Field(1.0, ge=0, le=3, description="1 as the model has it, 0 grey, 2 twice as colourful.")
    temperature: float = Field(0.0, ge=-1, le=1, description="-1 cooler, 0 as the model has it, 1 warmer.")
    strokes: list[Stroke] = Field(default_factory=list, max_length=100, description="Lines and areas drawn by hand.")
    strength: Annotated[float, Field(ge=0, le=1)] | Literal["auto"] = Field(
        1.0, description='How much of the colour is laid over the grey picture; "auto" fades what is only a guess.'
    )
    palette: list[Color] = Field(
        default_factory=list, max_length=16, description="Colours that all others are drawn to; empty for any."
    )
    restore: list[RestoreStep] = Field(
        default_factory=list, max_length=4, description="What is mended before it is coloured; this changes the light."
    )
    keep_sepia: bool = Field(False, description="Lay the colours over the tint of the print instead of over grey.")
    mark: bool = Field(False, description="Write into a corner that the picture was coloured.")
    reference: str | None = Field(
        None, pattern=r"^[A-Za-z0-9_-]{22}$", description="A colour picture of the asker whose colours like things get."
    )
    alternative: int | None = Field(
        None, ge=0, le=7, description="Another mood, by its number; null for the best guess."
    )

    def asked(self) -> dict[str, Any]:
        """What differs from the defaults, the model left out."""
        return self.model_dump(exclude_defaults=True, exclude={"model"})
