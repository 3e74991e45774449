"""Pieces that many schemas share: cleaned text, identities, pages, and what may be asked of a model."""

import unicodedata
from typing import Annotated, Any, Generic, TypeVar

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
    radius: float | None = Field(
        None,
        gt=0,
        le=0.5,
        description="Radius of the spot, as a part of the picture's short side; null lets the model choose.",
    )


class ColourOptions(Strict):
    """What may be asked of a model. Everything has a default; `/api/capabilities` says what is to be had."""

    model: str | None = Field(None, max_length=100, description="A model's name; null for the server's default.")
    size: int | None = Field(
        None, ge=16, le=4096, description="Short side of what the network sees, in pixels; null for the model's own."
    )
    hints: list[Hint] = Field(default_factory=list, max_length=200, description="Points whose colour is given.")
    saturation: float = Field(1.0, ge=0, le=2, description="1 as the model has it, 0 grey, 2 twice as colourful.")
    temperature: float = Field(0.0, ge=-1, le=1, description="-1 cooler, 0 as the model has it, 1 warmer.")
    strength: float = Field(1.0, ge=0, le=1, description="How much of the colour is laid over the grey picture.")
    alternative: int | None = Field(
        None, ge=0, le=7, description="Another mood, by its number; null for the best guess."
    )

    def asked(self) -> dict[str, Any]:
        """What differs from the defaults, the model left out."""
        return self.model_dump(exclude_defaults=True, exclude={"model"})
